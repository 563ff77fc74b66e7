//! From loaded values to the model, as far as the values allow: a broken file
//! lowers too, for the editor. Says nothing about what is wrong.

mod outputs;
mod settings;
mod step;

use indexmap::IndexMap;
use serde_json::Value;

use crate::data::{Datum, Map};
use crate::model::{Dialect, Input, ValueType, Workflow};
use crate::source::{Placed, Text};

use super::schema::lax_boolean;

/// Lowers a whole document.
pub(super) fn workflow(root: &Map, datum: &Datum) -> Workflow {
    let empty = Map::default();
    let head = root.map("workflow").unwrap_or(&empty);
    let loc = root.field("workflow").map_or(datum.loc, |f| f.key.loc);
    let texts = |items: &[Datum]| items.iter().filter_map(|d| d.text().cloned()).collect();
    let mut steps: Vec<_> = root.list("agents").iter().filter_map(step::step).collect();
    steps.extend(root.list("parallel").iter().filter_map(step::parallel));
    steps.extend(root.list("for_each").iter().filter_map(step::for_each));
    Workflow {
        dialect: Dialect::Conductor,
        name: head.text("name").cloned().unwrap_or_else(|| absent(datum)),
        description: head.text("description").cloned(),
        version: head.text("version").cloned(),
        entry: head.text("entry_point").cloned(),
        inputs: inputs(head),
        context: settings::context(head),
        limits: settings::limits(head),
        runtime: settings::runtime(head),
        tools: texts(root.list("tools")),
        instructions: texts(head.list("instructions")),
        hooks: text_map(head.map("hooks")),
        metadata: head.get("metadata").map_or(Value::Null, Datum::to_json),
        steps,
        output: text_map(root.map("output")),
        archon: None,
        loc,
    }
}

/// A text that should be there and is not.
pub(super) fn absent(near: &Datum) -> Text {
    Text {
        value: String::new(),
        loc: near.loc,
        node: None,
        substituted: true,
        partials: Default::default(),
    }
}

/// The string values of a map; other values are left out.
pub(super) fn text_map(map: Option<&Map>) -> IndexMap<String, Text> {
    map.map(|m| {
        m.iter()
            .filter_map(|(k, v)| Some((k.value.clone(), v.text()?.clone())))
            .collect()
    })
    .unwrap_or_default()
}

/// A boolean as the schema reads it, or its default.
pub(super) fn boolean(map: &Map, key: &str, default: bool) -> bool {
    map.some(key).and_then(lax_boolean).unwrap_or(default)
}

/// The value type of a word.
pub(super) fn value_type(word: &str) -> Option<ValueType> {
    Some(match word {
        "string" => ValueType::String,
        "number" => ValueType::Number,
        "boolean" => ValueType::Boolean,
        "array" => ValueType::Array,
        "object" => ValueType::Object,
        _ => return None,
    })
}

fn inputs(head: &Map) -> IndexMap<String, Input> {
    let Some(inputs) = head.map("input") else {
        return IndexMap::new();
    };
    let empty = Map::default();
    inputs
        .entries
        .iter()
        .filter_map(|field| {
            let name = field.key.text()?.clone();
            let map = field.value.map().unwrap_or(&empty);
            let input = Input {
                ty: map.text("type").and_then(|t| value_type(&t.value)),
                required: boolean(map, "required", true),
                default: map.some("default").map(|d| Placed {
                    value: d.to_json(),
                    loc: d.loc,
                }),
                description: map.text("description").cloned(),
                loc: field.loc(),
                name,
            };
            Some((input.name.value.clone(), input))
        })
        .collect()
}
