//! `fan_out`: one run of the named workflow for each item of a list, so many at
//! a time (specs/archon.md 4.11). All of them run, whatever becomes of the
//! others; the join then says what their node has come to.

use fermata_expr::archon::js;
use serde_json::{Map, Value, json};

use crate::archon::node::Node;
use crate::archon::outputs::STRUCTURED;
use crate::archon::place::Place;
use crate::archon::texts::Texts;
use crate::draft::failure;
use crate::effect::{ChildCall, Effect};
use crate::event::{EventBody, Failure, Payload};
use crate::ids::StepPath;
use crate::state::{NodeState, OpenAttempt};
use crate::turn::Turn;

use super::{bindings, workflow};

/// A text of its settings.
fn setting<'a>(node: Node<'a>, key: &str) -> Option<&'a str> {
    node.map("fan_out")?.get(key)?.as_str()
}

/// Whether a node does this.
pub(crate) fn is(node: Node<'_>) -> bool {
    node.get("fan_out").is_some()
}

pub(crate) fn start(turn: &mut Turn<'_>, place: &Place<'_>) {
    let items = items(turn, place).and_then(|items| fit(turn, place, items.len()).map(|()| items));
    match items {
        Ok(items) => {
            let mut rendered = Map::new();
            rendered.insert("items".to_owned(), Value::Array(items));
            super::started(turn, place, rendered);
            go_on(turn, place);
        }
        Err(error) => super::refuse(turn, place, error),
    }
}

/// How many runs of its workflow are at work at once.
fn width(node: Node<'_>) -> usize {
    node.map("fan_out")
        .and_then(|settings| settings.get("max_parallel")?.as_f64())
        .map_or(5, |n| n.max(1.0) as usize)
}

/// Whether a run of the target may be started for so many items at all: there is one, none of its runs may hold for
/// people, and those at work at once may not change the same files. For no items nothing is started.
fn fit(turn: &Turn<'_>, place: &Place<'_>, items: usize) -> Result<(), Failure> {
    if items == 0 {
        return Ok(());
    }
    let node = place.node;
    let name = node.text("workflow").unwrap_or_default();
    workflow::target(turn.definition, name)?;
    let nature = turn.definition.archon().and_then(|p| p.nature(name));
    // A target that does not load is told when the first item starts.
    let Some(nature) = nature else {
        return Ok(());
    };
    let most = width(node).min(items);
    let refused = |why: String| Err(failure("other", why, &[node.id(), name]));
    if nature.interactive {
        return refused(format!(
            "`{}` fans out to `{name}`, which may hold for people: give its items to a workflow without gates",
            node.id()
        ));
    }
    let shared = node.text("isolation") != Some("worktree");
    if shared && nature.mutates_checkout && most > 1 {
        return refused(format!(
            "up to {} runs of `{name}` would change one checkout at once: give `{}` `isolation: worktree` or `max_parallel: 1`, or say `mutates_checkout: false` in `{name}`",
            most,
            node.id()
        ));
    }
    Ok(())
}

/// The list that the node names.
fn items(turn: &Turn<'_>, place: &Place<'_>) -> Result<Vec<Value>, Failure> {
    let text = setting(place.node, "items").unwrap_or_default();
    let texts = Texts::new(turn.draft.state, turn.definition, place);
    let value = match bindings::of_text(&texts, text)? {
        Value::String(text) => serde_json::from_str(text.trim()).unwrap_or(Value::String(text)),
        value => value,
    };
    match value {
        Value::Array(items) => Ok(items),
        other => Err(failure(
            "not-array",
            format!(
                "`fan_out.items` of `{}` must be a JSON list, found {}",
                place.node.id(),
                kind_of(&other)
            ),
            &[place.node.id()],
        )),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text that is no JSON list",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Keeps the pool full, and joins when every item has come to an end.
pub(crate) fn go_on(turn: &mut Turn<'_>, place: &Place<'_>) {
    let Some(items) = decided(turn, place) else {
        return;
    };
    let most = width(place.node);
    let mut open = 0;
    let mut left = false;
    for (index, item) in items.iter().enumerate() {
        let path = item_path(&place.path, index);
        match state_of(turn, &path) {
            NodeState::Completed | NodeState::Failed => {}
            NodeState::Running if !super::is_stale(turn, &path) => {
                open += 1;
                left = true;
            }
            NodeState::Running | NodeState::Pending | NodeState::Skipped => {
                left = true;
                if open < most {
                    begin(turn, place, &path, item);
                    open += 1;
                }
            }
        }
    }
    if !left {
        join(turn, place, &items);
    }
}

/// The items as they were when the node started.
fn decided(turn: &Turn<'_>, place: &Place<'_>) -> Option<Vec<Value>> {
    let open = turn.draft.state.open.get(&place.path)?;
    open.rendered.get("items")?.as_array().cloned()
}

fn item_path(path: &StepPath, index: usize) -> StepPath {
    path.item(&index.to_string(), 1)
}

fn state_of(turn: &Turn<'_>, path: &StepPath) -> NodeState {
    turn.draft
        .state
        .nodes
        .get(path)
        .map_or(NodeState::Pending, |node| node.state)
}

/// Starts the run of an item: its text is the message, its value the input that `as` names.
fn begin(turn: &mut Turn<'_>, place: &Place<'_>, path: &StepPath, item: &Value) {
    let mut more = Map::new();
    if let Some(name) = setting(place.node, "as") {
        more.insert(name.to_owned(), item.clone());
    }
    let text = js::canonical(item);
    // Another item at this place is another run.
    let mark = Some(hash(&text));
    let rendered = workflow::render(turn.draft.state, turn.definition, place, path, &more, mark);
    let (mut rendered, error) = match rendered {
        Ok(rendered) => (rendered, None),
        Err(error) => (Map::new(), Some(error)),
    };
    if error.is_none() {
        rendered.insert("message".to_owned(), Value::from(text));
    }
    let attempt = super::next_attempt(turn.draft.state, path);
    let step = place.node.id().to_owned();
    turn.draft.emit(
        path,
        EventBody::StepStarted {
            step: step.clone(),
            kind: "workflow".to_owned(),
            attempt,
            iteration: 0,
            rendered,
        },
    );
    if let Some(error) = error {
        turn.failed(path, &step, attempt, error, 0, Map::new());
    }
}

/// FNV-1a: the same on every system and in every version.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// The run of an item.
pub(crate) fn effect(path: &StepPath, open: &OpenAttempt) -> Option<Effect> {
    let call = || ChildCall {
        anew: false,
        ..workflow::call(path, open)
    };
    open.has_process().then(|| Effect::Child(Box::new(call())))
}

/// Every item has come to an end: the list of what came of them, or the failure.
fn join(turn: &mut Turn<'_>, place: &Place<'_>, items: &[Value]) {
    let mut list = Vec::with_capacity(items.len());
    let mut failed = Vec::new();
    for index in 0..items.len() {
        let record = turn.draft.state.nodes.get(&item_path(&place.path, index));
        let output = record.and_then(|record| match &record.output {
            Some(Payload::Inline(value)) => Some(value.clone()),
            Some(Payload::Blob { .. }) | None => None,
        });
        if let Some(value) = output {
            list.push(value);
            continue;
        }
        let error = record.and_then(|record| record.error.as_ref());
        let message = error.map_or("it has no output", |error| error.message.as_str());
        failed.push(format!("item {}: {message}", index + 1));
        let status = record
            .and_then(|record| record.detail.get("status")?.as_str())
            .unwrap_or("failed");
        list.push(json!({"archon_failed": true, "error": message, "status": status}));
    }
    let elapsed = turn.age(&place.path);
    let strict = setting(place.node, "join") == Some("all_success");
    if strict && !failed.is_empty() {
        let error = failure(
            "child-failed",
            format!(
                "{} of {} items of `{}` failed (`join: all_success`): {}",
                failed.len(),
                items.len(),
                place.node.id(),
                failed.join("; ")
            ),
            &[place.node.id()],
        );
        super::fail(turn, place, error, elapsed, Map::new());
        return;
    }
    let (output, detail) = if list.is_empty() {
        (Value::from("[]"), Map::new())
    } else {
        let detail = Map::from_iter([(STRUCTURED.to_owned(), Value::Bool(true))]);
        (Value::Array(list), detail)
    };
    super::complete(turn, place, output, elapsed, detail);
}
