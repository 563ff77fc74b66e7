//! What the worker has to carry out for an open attempt, which says in its
//! intent what was decided; what follows from run and definition alone is added
//! here.

use super::{nodes, place};
use crate::definition::Definition;
use crate::effect::Effect;
use crate::ids::StepPath;
use crate::state::{OpenAttempt, RunState};

/// What has to be done for an open attempt; `None` when it waits for something else.
pub(crate) fn effect(
    state: &RunState,
    definition: &Definition,
    path: &StepPath,
    open: &OpenAttempt,
) -> Option<Effect> {
    match place::find(definition, path) {
        Some(place) => nodes::effect(state, definition, &place, open),
        None => nodes::effect_within(state, definition, path, open),
    }
}

/// The next moment (UTC ms) at which a node is tried again.
pub(crate) fn next_deadline(state: &RunState) -> Option<u64> {
    state.nodes.values().filter_map(|node| node.retry).min()
}
