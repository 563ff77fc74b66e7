//! Explicit mode: only what a step's `input` lists (specs/conductor.md 4.4).
//! A missing reference fails the step unless it ends in `?`.

use fermata_workflow::Text;
use serde_json::{Map, Value};

use crate::draft::failure;
use crate::event::{Failure, Payload};
use crate::state::Frame;

use super::context::looks_like_group;

/// Adds every reference to the context.
pub(crate) fn add(
    context: &mut Map<String, Value>,
    references: &[Text],
    frame: &Frame,
) -> Result<(), Failure> {
    for reference in references {
        let text = reference.as_str().trim();
        let (text, optional) = match text.strip_suffix('?') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            ["workflow", "input", name] => input(context, frame, name, optional, text)?,
            [step, rest @ ..] => output(context, frame, step, rest, optional, text)?,
            [] => {}
        }
    }
    Ok(())
}

fn missing(text: &str, what: &str) -> Failure {
    failure(
        "KeyError",
        format!("`input` lists `{text}`, but {what}; add `?` if it may be missing"),
        &[],
    )
}

fn input(
    context: &mut Map<String, Value>,
    frame: &Frame,
    name: &str,
    optional: bool,
    text: &str,
) -> Result<(), Failure> {
    let value = match frame.inputs.get(name) {
        Some(value) => value.clone(),
        None if optional => Value::Null,
        None => {
            return Err(missing(
                text,
                &format!("the workflow has no input `{name}`"),
            ));
        }
    };
    if let Some(Value::Object(workflow)) = context.get_mut("workflow")
        && let Some(Value::Object(inputs)) = workflow.get_mut("input")
    {
        inputs.insert(name.to_owned(), value);
    }
    Ok(())
}

fn output(
    context: &mut Map<String, Value>,
    frame: &Frame,
    step: &str,
    rest: &[&str],
    optional: bool,
    text: &str,
) -> Result<(), Failure> {
    let Some(Payload::Inline(value)) = frame.outputs.get(step) else {
        return if optional {
            Ok(())
        } else {
            Err(missing(text, &format!("`{step}` has no output yet")))
        };
    };
    let group = looks_like_group(value);
    let whole = Value::Object(Map::from_iter([("output".to_owned(), value.clone())]));
    let (root, path): (&Value, Vec<&str>) = if group {
        (value, rest.to_vec())
    } else if rest.first() == Some(&"output") {
        (&whole, rest.to_vec())
    } else {
        let mut path = vec!["output"];
        path.extend_from_slice(rest);
        (&whole, path)
    };
    let mut found = root;
    for part in &path {
        match found.get(part) {
            Some(inner) => found = inner,
            None if optional => return Ok(()),
            None => return Err(missing(text, &format!("there is no `{part}` in it"))),
        }
    }
    let found = found.clone();
    let slot = context
        .entry(step)
        .or_insert_with(|| Value::Object(Map::new()));
    put(slot, &path, found);
    if group && let Some(slot) = slot.as_object_mut() {
        for key in ["type", "count"] {
            if let Some(fact) = value.get(key) {
                slot.insert(key.to_owned(), fact.clone());
            }
        }
    }
    Ok(())
}

/// Projects one path, leaving what other references projected.
fn put(slot: &mut Value, path: &[&str], value: Value) {
    let [first, rest @ ..] = path else {
        *slot = value;
        return;
    };
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    if let Some(object) = slot.as_object_mut() {
        let inner = object
            .entry(*first)
            .or_insert_with(|| Value::Object(Map::new()));
        put(inner, rest, value);
    }
}
