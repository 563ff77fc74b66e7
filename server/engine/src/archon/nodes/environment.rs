//! What a process of a node finds in its environment (specs/archon.md 2.7):
//! inputs of the run, under those of the include that the node came in by,
//! under its own; the engine's variables over all of them.

use fermata_expr::archon::{js, names};
use serde_json::{Map, Value};

use crate::archon::place::Place;
use crate::archon::rounds;
use crate::definition::Definition;
use crate::ids::StepPath;
use crate::state::RunState;

/// Names and values, later ones over earlier ones.
pub(crate) fn of(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    bindings: &Map<String, Value>,
) -> Vec<(String, String)> {
    let inputs = state
        .frames
        .get(&StepPath::root())
        .map(|frame| &frame.inputs);
    let mut all: Vec<(String, String)> = inputs
        .into_iter()
        .flatten()
        .chain(bindings)
        .map(|(name, value)| (names::env_key(name), js::canonical(value)))
        .collect();
    let setting = definition.archon().map(|project| project.setting());
    let message = state.request.message.clone().unwrap_or_default();
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let (said, previous) = rounds::variables(state, place);
    let own = [
        ("ARTIFACTS_DIR", text(setting.map(|s| s.artifacts.as_str()))),
        ("STATE_DIR", text(setting.and_then(|s| s.state.as_deref()))),
        ("LOG_DIR", text(setting.map(|s| s.logs.as_str()))),
        ("WORKFLOW_ID", text(state.run.as_ref().map(|r| r.as_str()))),
        ("BASE_BRANCH", text(setting.map(|s| s.base_branch.as_str()))),
        ("USER_MESSAGE", message.clone()),
        ("ARGUMENTS", message),
        ("LOOP_USER_INPUT", said),
        ("LOOP_PREV_OUTPUT", previous),
        ("REJECTION_REASON", String::new()),
        ("CONTEXT", String::new()),
        ("EXTERNAL_CONTEXT", String::new()),
        ("ISSUE_CONTEXT", String::new()),
    ];
    all.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if rounds::is_until(&place.path) {
        all.retain(|(name, _)| !withheld(name));
    }
    all
}

/// What `until_bash` has not (specs/archon.md 2.7).
fn withheld(name: &str) -> bool {
    name == "ARTIFACTS_DIR" || name.starts_with("INPUTS_")
}
