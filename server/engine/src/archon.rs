//! The scheduler of Archon workflows: a graph of nodes, each started as soon
//! as all it depends on has come to an end. One file per kind of node under
//! `nodes/`. Everything is decided here and recorded in an event; nothing is
//! carried out.
//!
//! Where things are: `ready` goes through a graph, `gate_in` decides whether a
//! node runs at all, `nodes` starts it and takes its result, `texts` renders,
//! `outputs` says what references see, `effects` what the worker has to do.
//! A graph stands in a *scope*: the run's own path for the workflow, the path
//! of one round (`group[2]`) for the body of a loop_group.

use crate::definition::Definition;
use crate::draft::Entry;
use crate::ids::StepPath;
use crate::outcome::Outcome;
use crate::state::RunState;
use crate::turn::{Plan, Turn};

mod effects;
mod end;
pub mod eval_rows;
mod evidence;
mod gate_in;
mod graph;
mod inputs;
mod kept;
mod layers;
mod models;
mod node;
mod nodes;
pub(crate) mod outputs;
mod place;
mod project;
mod ready;
mod retry;
mod rounds;
mod scripts;
mod sessions;
mod setting;
mod texts;
mod triggers;

pub(crate) use effects::{effect, next_deadline};
pub use kept::{Kept, kept};
pub use layers::{Cycle, layers};
pub use project::Project;
pub use retry::RETRYABLE;
pub use setting::Setting;
pub use triggers::{TriggerRule, runs};

/// Drafts what follows from the state, folding it on the way. At most a transaction's worth; call again until idle.
pub fn advance(state: &mut RunState, definition: &Definition, now: u64) -> Plan {
    Turn::new(state, definition, now).plan(decide)
}

/// Drafts the result of an attempt. Outcomes of attempts that are no longer open are ignored.
pub fn conclude(
    state: &mut RunState,
    definition: &Definition,
    now: u64,
    path: &StepPath,
    attempt: u32,
    outcome: Outcome,
) -> Vec<Entry> {
    Turn::new(state, definition, now).result(path, attempt, |turn| {
        nodes::conclude(turn, path, outcome);
    })
}

/// One decision; whether anything followed.
fn decide(turn: &mut Turn<'_>) -> bool {
    let before = turn.draft.len();
    let root = StepPath::root();
    if turn.draft.state.abort_requested.is_some() || turn.draft.state.stop_requested.is_some() {
        turn.end_as_requested();
    } else if !turn.draft.state.inputs_resolved {
        inputs::resolve(turn);
    } else {
        match ready::pass(turn, &root) {
            ready::Progress::Open => {}
            // Failed nodes of the workflow itself are counted at its end.
            ready::Progress::Done | ready::Progress::Failed(_) => end::finish(turn),
            ready::Progress::Halted(reason) => end::halt(turn, &reason),
        }
    }
    turn.draft.len() > before
}
