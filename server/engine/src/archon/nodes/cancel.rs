//! `cancel`: ends the run as cancelled, with a reason (specs/archon.md 4.9).
//! What runs beside it may finish; later nodes never start.

use serde_json::{Map, Value};

use crate::archon::place::Place;
use crate::archon::texts::Texts;
use crate::event::Payload;
use crate::ids::StepPath;
use crate::state::RunState;
use crate::turn::Turn;

pub(crate) fn start(turn: &mut Turn<'_>, place: &Place<'_>) {
    let text = place.node.text("reason").unwrap_or_default();
    let rendered = Texts::new(turn.draft.state, turn.definition, place).plain(text);
    match rendered {
        Ok(reason) => {
            super::started(turn, place, Map::new());
            super::complete(turn, place, Value::from(reason), 0, Map::new());
        }
        Err(error) => super::refuse(turn, place, error),
    }
}

/// The reason of a `cancel` node that ran.
pub(crate) fn words(state: &RunState, path: &StepPath) -> String {
    let output = state.nodes.get(path).and_then(|node| node.output.as_ref());
    match output {
        Some(Payload::Inline(Value::String(text))) => text.clone(),
        Some(Payload::Inline(_) | Payload::Blob { .. }) | None => String::new(),
    }
}
