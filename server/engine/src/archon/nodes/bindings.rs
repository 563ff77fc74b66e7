//! `with` of commands and scripts (specs/archon.md 1.3, 2.7): literals,
//! references that keep their value, texts, and `{from, if_skipped}`.

use fermata_expr::archon::js;
use fermata_expr::archon::output::{FieldValue, Outputs, field, whole};
use fermata_expr::archon::reference::{self, NodeRef};
use serde_json::{Map, Value};

use crate::archon::place::Place;
use crate::archon::texts::Texts;
use crate::definition::Definition;
use crate::draft::failure;
use crate::event::Failure;
use crate::state::{NodeState, RunState};

/// The values of a `with`, by name.
///
/// # Errors
/// A [`Failure`] of class `binding` that names the entry.
pub(crate) fn resolve(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    with: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, Failure> {
    let texts = Texts::new(state, definition, place);
    let mut values = Map::new();
    for (name, entry) in with.into_iter().flatten() {
        let value = match entry {
            Value::String(text) => of_text(&texts, text),
            Value::Object(directive) => of_directive(&texts, directive),
            literal => Ok(literal.clone()),
        };
        let value = value.map_err(|error| {
            let message = format!("`with.{name}` of `{}`: {}", place.node.id(), error.message);
            failure("binding", message, &[name])
        })?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// What the include that a node came in by hands to the processes of its workflow, by name.
///
/// # Errors
/// A [`Failure`] of class `output-ref` or `input`.
pub(crate) fn handed_over(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
) -> Result<Map<String, Value>, Failure> {
    let texts = Texts::new(state, definition, place);
    let inputs = place.node.map("composed_inputs").into_iter().flatten();
    inputs
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => Value::from(texts.plain(text)?),
                literal => literal.clone(),
            };
            Ok((name.clone(), value))
        })
        .collect()
}

/// A text: nothing but a reference keeps its value, everything else is rendered.
pub(crate) fn of_text(texts: &Texts<'_>, text: &str) -> Result<Value, Failure> {
    let bare = js::trim(text);
    if let Some(found) = reference::whole(bare) {
        return value_of(&texts.outputs(bare), &found);
    }
    let input = reference::input_refs(bare)
        .into_iter()
        .find(|found| found.span == (0..bare.len()))
        .and_then(|found| texts.inputs().get(&found.name));
    match input {
        Some(value) => Ok(value.clone()),
        None => texts.plain(text).map(Value::from),
    }
}

fn of_directive(texts: &Texts<'_>, directive: &Map<String, Value>) -> Result<Value, Failure> {
    let from = directive
        .get("from")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(found) = reference::whole(from) else {
        return Err(failure(
            "binding",
            format!("`from` must be one reference, found `{from}`"),
            &[],
        ));
    };
    let outputs = texts.outputs(from);
    let skipped = outputs
        .get(&found.node)
        .is_some_and(|output| output.state == NodeState::Skipped);
    match directive.get("if_skipped") {
        Some(value) if skipped => Ok(value.clone()),
        None if skipped => Err(failure(
            "binding",
            format!(
                "`{}` was skipped; say with `if_skipped` what to use then",
                found.node
            ),
            &[&found.node],
        )),
        Some(_) | None => value_of(&outputs, &found),
    }
}

/// The value behind a reference: a structured answer as it is, text as text.
pub(crate) fn value_of(outputs: &Outputs, found: &NodeRef) -> Result<Value, Failure> {
    let refused = |error: fermata_expr::archon::output::RefError| {
        failure("output-ref", error.to_string(), &[error.class()])
    };
    match &found.field {
        Some(name) => Ok(match field(outputs, &found.node, name).map_err(refused)? {
            FieldValue::Value(value) => value,
            FieldValue::Empty => Value::from(""),
        }),
        None => {
            let text = whole(outputs, &found.node).map_err(refused)?;
            let output = outputs.get(&found.node);
            let structured = output.and_then(|output| output.structured.clone());
            Ok(structured.unwrap_or_else(|| Value::from(text)))
        }
    }
}
