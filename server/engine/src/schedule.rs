//! The schedulers behind one door: what follows from a state, whatever dialect
//! the run's workflow is written in. Whoever carries a run out calls these and
//! knows no dialect.

use fermata_workflow::Dialect;

use crate::definition::Definition;
use crate::draft::Entry;
use crate::effect::Effect;
use crate::ids::StepPath;
use crate::outcome::Outcome;
use crate::state::RunState;
use crate::{archon, conductor};

pub use crate::limit::maximum_after;
pub use crate::policy::GatePolicy;
pub use crate::turn::Plan;

/// Drafts what follows from the state, folding it on the way. At most a transaction's worth; call again until idle.
pub fn advance(state: &mut RunState, definition: &Definition, now: u64) -> Plan {
    match definition.dialect() {
        Dialect::Conductor => conductor::advance(state, definition, now),
        Dialect::Archon => archon::advance(state, definition, now),
    }
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
    match definition.dialect() {
        Dialect::Conductor => conductor::conclude(state, definition, now, path, attempt, outcome),
        Dialect::Archon => archon::conclude(state, definition, now, path, attempt, outcome),
    }
}

/// Attempts that somebody has to carry out now.
#[must_use]
pub fn due(state: &RunState, definition: &Definition) -> Vec<Effect> {
    due_unless(state, definition, |_| false)
}

/// Attempts that somebody has to carry out now and that nobody does yet, as far as the caller knows.
#[must_use]
pub fn due_unless(
    state: &RunState,
    definition: &Definition,
    carried_out: impl Fn(&StepPath) -> bool,
) -> Vec<Effect> {
    let effect = match definition.dialect() {
        Dialect::Conductor => conductor::effect,
        Dialect::Archon => archon::effect,
    };
    state
        .open
        .iter()
        .filter(|(path, open)| (open.fence == state.fence || open.is_child()) && !carried_out(path))
        .filter_map(|(path, open)| effect(state, definition, path, open))
        .collect()
}

/// The next moment (UTC ms) at which something follows by itself: a timer, a retry or a deadline.
#[must_use]
pub fn next_deadline(state: &RunState, definition: &Definition) -> Option<u64> {
    let timers = state
        .open
        .values()
        .filter_map(|open| open.timer.filter(|timer| !timer.fired))
        .map(|timer| timer.deadline);
    let others = match definition.dialect() {
        Dialect::Conductor => conductor::next_deadline(state),
        Dialect::Archon => archon::next_deadline(state),
    };
    timers.chain(others).min()
}
