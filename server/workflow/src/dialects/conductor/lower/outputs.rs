//! Output fields of steps.

use indexmap::IndexMap;

use crate::data::{Datum, Field, Map};
use crate::model::{OutputField, ValueType};

use super::{boolean, value_type};

/// The declared fields, or `None` when no output is declared.
pub(super) fn fields(step: &Map) -> Option<IndexMap<String, OutputField>> {
    let map = step.some("output")?.map()?;
    Some(
        map.entries
            .iter()
            .filter_map(|f| Some((f.key.text()?.value.clone(), field(f, 0))))
            .collect(),
    )
}

fn field(entry: &Field, depth: usize) -> OutputField {
    let mut lowered = definition(&entry.value, depth);
    lowered.loc = entry.loc();
    lowered
}

fn definition(datum: &Datum, depth: usize) -> OutputField {
    let empty = Map::default();
    let map = datum.map().unwrap_or(&empty);
    // The syntax layer bounds nesting; this bounds only what aliases add.
    let deeper = depth < 64;
    OutputField {
        ty: map
            .text("type")
            .and_then(|t| value_type(&t.value))
            .unwrap_or(ValueType::String),
        description: map.text("description").cloned(),
        required: boolean(map, "required", true),
        nullable: boolean(map, "nullable", false),
        definition: datum.to_json(),
        properties: map
            .map("properties")
            .filter(|_| deeper)
            .map(|m| {
                m.entries
                    .iter()
                    .filter_map(|f| Some((f.key.text()?.value.clone(), field(f, depth + 1))))
                    .collect()
            })
            .unwrap_or_default(),
        items: map
            .some("items")
            .filter(|_| deeper)
            .map(|d| Box::new(definition(d, depth + 1))),
        loc: datum.loc,
    }
}
