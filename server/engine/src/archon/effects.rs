//! What the worker has to carry out, read from the open attempts: each says in
//! its intent what was decided; what follows from run and definition alone is
//! added here.

use super::{nodes, place};
use crate::definition::Definition;
use crate::effect::Effect;
use crate::ids::StepPath;
use crate::state::RunState;

/// Attempts that somebody has to carry out now and that nobody does yet, as far as the caller knows.
#[must_use]
pub fn due_unless(
    state: &RunState,
    definition: &Definition,
    carried_out: impl Fn(&StepPath) -> bool,
) -> Vec<Effect> {
    state
        .open
        .iter()
        .filter(|(path, open)| (open.fence == state.fence || open.is_child()) && !carried_out(path))
        .filter_map(|(path, open)| match place::find(definition, path) {
            Some(place) => nodes::effect(state, definition, &place, open),
            None => nodes::effect_within(state, definition, path, open),
        })
        .collect()
}

/// The next moment (UTC ms) at which something follows by itself: a timer or another attempt.
#[must_use]
pub fn next_deadline(state: &RunState) -> Option<u64> {
    let timers = state
        .open
        .values()
        .filter_map(|open| open.timer.filter(|timer| !timer.fired))
        .map(|timer| timer.deadline);
    let retries = state.nodes.values().filter_map(|node| node.retry);
    timers.chain(retries).min()
}
