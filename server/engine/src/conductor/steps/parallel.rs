//! `parallel`: its members start at once, each against the context of the
//! group's start.

use fermata_workflow::model::ParallelStep;
use serde_json::Map;

use crate::conductor::Turn;
use crate::conductor::place::Place;
use crate::event::EventBody;
use crate::ids::StepPath;

pub(in crate::conductor) fn start<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    group: &ParallelStep,
) {
    turn.started(place, path, attempt, Map::new());
    if turn.draft.state.groups.contains_key(path) {
        return;
    }
    turn.draft.emit(
        path,
        EventBody::GroupStarted {
            group: place.step.name.value.clone(),
            kind: "parallel".to_owned(),
            members: group.members.iter().map(|m| m.value.clone()).collect(),
            items: None,
        },
    );
}
