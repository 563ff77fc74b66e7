//! A round of a `loop`: a turn of an agent.

use serde_json::{Map, Value};

use super::control::Control;
use super::{Came, broken};
use crate::archon::place::Place;
use crate::definition::Definition;
use crate::effect::Effect;
use crate::ids::StepPath;
use crate::state::{LoopRecord, OpenAttempt, RunState};
use crate::turn::Turn;

pub(super) fn look(
    _turn: &mut Turn<'_>,
    place: &Place<'_>,
    _control: Control<'_>,
    _record: &LoopRecord,
) -> Came {
    Came::Failed(broken(place.node.id(), "agents cannot be asked yet"))
}

pub(super) fn effect(
    _state: &RunState,
    _definition: &Definition,
    _place: &Place<'_>,
    _path: &StepPath,
    _open: &OpenAttempt,
) -> Option<Effect> {
    None
}

pub(super) fn facts(
    _turn: &Turn<'_>,
    _place: &Place<'_>,
    _record: &LoopRecord,
) -> Map<String, Value> {
    Map::new()
}

pub(super) fn last_session(
    _turn: &Turn<'_>,
    _place: &Place<'_>,
    _record: &LoopRecord,
) -> Option<Value> {
    None
}
