//! `workflow`: another workflow as a run of its own (specs/archon.md 4.10).
//! What it is started with is decided here; starting, watching and ending it
//! is the worker's. Its gates are its own.

use std::path::Path;

use serde_json::{Map, Value};

use crate::archon::outputs::STRUCTURED;
use crate::archon::place::Place;
use crate::archon::texts::Texts;
use crate::definition::Definition;
use crate::draft::failure;
use crate::effect::ChildCall;
use crate::event::Failure;
use crate::family;
use crate::ids::StepPath;
use crate::state::{OpenAttempt, RunState};
use crate::turn::Turn;

use super::bindings;

pub(crate) fn start(turn: &mut Turn<'_>, place: &Place<'_>) {
    let none = Map::new();
    match render(
        turn.draft.state,
        turn.definition,
        place,
        &place.path,
        &none,
        None,
    ) {
        Ok(rendered) => super::started(turn, place, rendered),
        Err(error) => super::refuse(turn, place, error),
    }
}

/// Everything that a child is started with. `more` are inputs over those of `with`; `path` tells this child from others
/// of the node, `mark` from an earlier one at that path.
///
/// # Errors
/// A [`Failure`] of class `not-found`, `output-ref` or `input`.
pub(crate) fn render(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    path: &StepPath,
    more: &Map<String, Value>,
    mark: Option<u64>,
) -> Result<Map<String, Value>, Failure> {
    let node = place.node;
    let name = node.text("workflow").unwrap_or_default();
    let target = target(definition, name)?;
    let texts = Texts::new(state, definition, place);
    let mut inputs = Map::new();
    for (name, entry) in node.map("with").into_iter().flatten() {
        let value = match entry {
            Value::String(text) => bindings::of_text(&texts, text)?,
            literal => literal.clone(),
        };
        inputs.insert(name.clone(), value);
    }
    inputs.extend(
        more.iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    let mut rendered = Map::new();
    let mut put = |key: &str, value: Value| {
        rendered.insert(key.to_owned(), value);
    };
    put("workflow", Value::from(name));
    put("file", Value::from(target.to_string_lossy().into_owned()));
    if let Some(input) = node.text("input") {
        put("message", Value::from(texts.plain(input)?));
    }
    put("inputs", Value::Object(inputs));
    let own = node.text("isolation") == Some("worktree");
    put("worktree", Value::Bool(own));
    let run = state.run.clone().unwrap_or_default();
    put("request", Value::from(family::request(&run, path, mark)));
    Ok(rendered)
}

/// The file of the workflow of that name.
///
/// # Errors
/// A [`Failure`] of class `not-found`.
pub(crate) fn target<'a>(definition: &'a Definition, name: &str) -> Result<&'a Path, Failure> {
    let target = definition.archon().and_then(|project| project.target(name));
    target.ok_or_else(|| {
        failure(
            "not-found",
            format!(
                "there is no workflow `{name}` in .archon/workflows, or several files have that name"
            ),
            &[name],
        )
    })
}

/// The child of an open attempt.
pub(crate) fn call(path: &StepPath, open: &OpenAttempt) -> ChildCall {
    let text = |key: &str| {
        let value = open.rendered.get(key).and_then(Value::as_str);
        value.map(str::to_owned)
    };
    ChildCall {
        path: path.clone(),
        step: open.step.clone(),
        attempt: open.attempt,
        workflow: text("workflow").unwrap_or_default(),
        file: text("file").unwrap_or_default(),
        message: text("message"),
        inputs: open
            .rendered
            .get("inputs")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
        worktree: open.rendered.get("worktree") == Some(&Value::Bool(true)),
        request: text("request").unwrap_or_default(),
        anew: true,
        child: open.child.clone(),
    }
}

/// The facts of a result whose value is a child's: whether it is structured.
pub(crate) fn facts(output: &Value, detail: &mut Map<String, Value>) {
    if !output.is_string() {
        detail.insert(STRUCTURED.to_owned(), Value::Bool(true));
    }
}
