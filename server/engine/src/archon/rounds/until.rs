//! `until_bash`: a process after each round; exit code 0 ends the loop, any
//! other goes on, and one that cannot run fails it (specs/archon.md 4.5).

use serde_json::{Map, Value};

use super::control::Control;
use super::{round_path, scope};
use crate::archon::nodes::{self, bash};
use crate::archon::place::Place;
use crate::archon::texts::Texts;
use crate::definition::Definition;
use crate::effect::Effect;
use crate::event::{EventBody, Failure};
use crate::ids::StepPath;
use crate::state::{LoopRecord, NodeState, OpenAttempt, RunState};
use crate::turn::Turn;

/// What stands in the path of such a process.
const UNTIL: &str = "until";
/// Milliseconds that it may take.
const TIMEOUT_MS: f64 = 120_000.0;

fn path_of(place: &Place<'_>, round: u64) -> StepPath {
    round_path(&place.path, round).item(UNTIL, 1)
}

/// Whether a path is that of an `until_bash`.
pub(crate) fn is_until(path: &StepPath) -> bool {
    path.0.ends_with("][until]")
}

/// Whether the round ends the loop; `None` while the process runs.
pub(super) fn look(
    turn: &mut Turn<'_>,
    place: &Place<'_>,
    control: Control<'_>,
    record: &LoopRecord,
) -> Result<Option<bool>, Failure> {
    let path = path_of(place, record.round);
    let (state, code) =
        turn.draft
            .state
            .nodes
            .get(&path)
            .map_or((NodeState::Pending, None), |node| {
                (
                    node.state,
                    node.detail.get("exit_code").and_then(Value::as_i64),
                )
            });
    match state {
        NodeState::Completed => Ok(Some(code == Some(0))),
        NodeState::Failed => Err(turn.error_of(&path)),
        NodeState::Running if !nodes::is_stale(turn, &path) => Ok(None),
        NodeState::Pending | NodeState::Running | NodeState::Skipped => {
            start(turn, place, control, record, &path)?;
            Ok(None)
        }
    }
}

fn start(
    turn: &mut Turn<'_>,
    place: &Place<'_>,
    control: Control<'_>,
    record: &LoopRecord,
    path: &StepPath,
) -> Result<(), Failure> {
    let inside = Place {
        scope: scope::of_until(place, record.round),
        ..place.clone()
    };
    let texts = Texts::new(turn.draft.state, turn.definition, &inside);
    let shell = texts.shell(control.until_bash().unwrap_or_default())?;
    let mut rendered = Map::new();
    rendered.insert("script".to_owned(), Value::from(shell.text));
    if !shell.files.is_empty() {
        rendered.insert("files".to_owned(), Value::from(shell.files));
    }
    rendered.insert("timeout".to_owned(), Value::from(TIMEOUT_MS / 1000.0));
    let attempt = nodes::next_attempt(turn.draft.state, path);
    turn.draft.emit(
        path,
        EventBody::StepStarted {
            step: place.node.id().to_owned(),
            kind: "bash".to_owned(),
            attempt,
            iteration: record.round,
            rendered,
        },
    );
    Ok(())
}

/// The process of an open attempt.
pub(super) fn effect(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    path: &StepPath,
    open: &OpenAttempt,
) -> Option<Effect> {
    let setting = definition.archon()?.setting();
    let inside = Place {
        scope: scope::of_until(place, scope::round_of(&path.parent())),
        path: path.clone(),
        ..place.clone()
    };
    let call = bash::call(state, definition, &inside, open, setting);
    Some(Effect::Script(Box::new(call)))
}
