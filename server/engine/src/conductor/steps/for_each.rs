//! `for_each`: one inline step for every item of a list. The items and their
//! keys are decided once, in the event that starts the group.

use fermata_workflow::model::ForEachStep;
use serde_json::{Map, Value, json};

use crate::conductor::context::{Context, accumulated};
use crate::conductor::place::Place;
use crate::conductor::{Turn, eval};
use crate::draft::failure;
use crate::event::{EventBody, Failure, Payload};
use crate::ids::StepPath;

pub(in crate::conductor) fn start<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    group: &ForEachStep,
) {
    let name = place.step.name.as_str();
    if turn.draft.state.groups.contains_key(path) {
        turn.started(place, path, attempt, Map::new());
        return;
    }
    let context = accumulated(place.source, turn.frame_state(&place.frame));
    let items = match items(&context, group, name) {
        Ok(items) => items,
        Err(error) => {
            turn.started(place, path, attempt, Map::new());
            turn.fail_step(path, place.step, attempt, error);
            return;
        }
    };
    turn.started(place, path, attempt, Map::new());
    if items.is_empty() {
        let outputs = if group.key_by.is_some() {
            json!({})
        } else {
            json!([])
        };
        let output = json!({"type": "for_each", "outputs": outputs, "errors": {}, "count": 0});
        turn.step_completed(path, name, attempt, output, 0, 0, Map::new());
        return;
    }
    let members = items
        .iter()
        .enumerate()
        .map(|(index, item)| key(group, item).unwrap_or_else(|| index.to_string()))
        .collect();
    turn.draft.emit(
        path,
        EventBody::GroupStarted {
            group: name.to_owned(),
            kind: "for_each".to_owned(),
            members,
            items: Some(Payload::Inline(Value::Array(items))),
        },
    );
}

/// The list; a JSON text is read only where it is a workflow input (4.15).
fn items(context: &Context, group: &ForEachStep, name: &str) -> Result<Vec<Value>, Failure> {
    let source = group.source.as_str();
    let error = |what: &str| {
        failure(
            "ExecutionError",
            format!("`source` of `{name}` must name a list; `{source}` {what}"),
            &[source],
        )
    };
    let found = eval::dotted(context, source).ok_or_else(|| error("names nothing"))?;
    match found {
        Value::Array(items) => Ok(items.clone()),
        Value::String(text) if source.starts_with("workflow.input.") => {
            match serde_json::from_str(text) {
                Ok(Value::Array(items)) => Ok(items),
                Ok(_) | Err(_) => Err(error("is a text that is no JSON list")),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Err(error("is no list"))
        }
    }
}

/// `key_by` in an item; `None` where it leads nowhere.
fn key(group: &ForEachStep, item: &Value) -> Option<String> {
    let mut found = item;
    for part in group.key_by.as_ref()?.as_str().split('.') {
        found = match found {
            Value::Array(list) => list.get(part.parse::<usize>().ok()?)?,
            other => other.get(part)?,
        };
    }
    eval::python_str(found)
}
