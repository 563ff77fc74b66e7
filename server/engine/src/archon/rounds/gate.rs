//! The gate of an interactive loop: each round that does not end it holds for
//! people. Nothing passes it without an answer, not even a round that gave the
//! signal (specs/archon.md 4.7 and 6.5b).

use serde_json::{Map, Value, json};

use super::control::Control;
use super::{turn, words};
use crate::archon::place::Place;
use crate::draft::policy;
use crate::event::{EventBody, Payload};
use crate::gate::{Answer, AnswerField, AnswerSpec, Gate, GateKind};
use crate::limit::maximum_after;
use crate::state::LoopRecord;
use crate::turn::Turn;

/// Opens the gate of the round that was completed last.
pub(super) fn open(
    turn: &mut Turn<'_>,
    place: &Place<'_>,
    control: Control<'_>,
    record: &LoopRecord,
    maximum: u64,
) {
    let said = match &record.output {
        Some(Payload::Inline(Value::String(text))) => text.clone(),
        Some(Payload::Inline(value)) => value.to_string(),
        Some(Payload::Blob { .. }) | None => String::new(),
    };
    let mut extra = Map::new();
    extra.insert("iteration".to_owned(), json!(record.completed));
    extra.insert("max_iterations".to_owned(), json!(maximum));
    extra.insert("signalled".to_owned(), json!(record.done));
    if let Some(session) = turn::last_session(turn, place, record) {
        extra.insert("session".to_owned(), Value::from(session));
    }
    let gate = Gate {
        gate: turn.next_gate(),
        kind: GateKind::Approval,
        step: place.node.id().to_owned(),
        path: place.path.clone(),
        workflow: turn.definition.root().workflow.name.value.clone(),
        prompt: words::gate(control, record.completed, maximum, record.done, &said),
        answers: answers(record.done),
        limit: None,
        extra,
    };
    turn.draft.emit(&place.path, EventBody::GateOpened { gate });
}

fn answers(done: bool) -> Vec<AnswerSpec> {
    let text = || AnswerField {
        name: "text".to_owned(),
        ty: "text".to_owned(),
        minimum: None,
        multiline: true,
        optional: true,
    };
    let spec = |decision: &str, label: &str, consequence: &str| AnswerSpec {
        answer: json!({"kind": "approval", "decision": decision}),
        label: label.to_owned(),
        consequence: Some(consequence.to_owned()),
        fields: vec![text()],
    };
    let approve = if done {
        "The loop ends with this result; with a text, it goes another round, which reads it."
    } else {
        "Another round starts and reads your text."
    };
    vec![
        spec("approve", "Approve", approve),
        spec("reject", "Reject", "The run is cancelled for good."),
    ]
}

/// What a dry run answers to a round: a text would send one that gave the signal round again.
fn passed(record: &LoopRecord) -> Answer {
    Answer::Approval {
        decision: "approve".to_owned(),
        text: (!record.done).then(|| "approved".to_owned()),
    }
}

/// A gate that holds: what the run's policy says, if it says something.
pub(super) fn look(turn: &mut Turn<'_>, record: &LoopRecord) {
    let open = turn
        .draft
        .state
        .open_gates
        .iter()
        .find(|open| record.gate.as_ref() == Some(&open.gate.gate))
        .cloned();
    let Some(open) = open else {
        return;
    };
    let asks = open.gate.kind == GateKind::Approval;
    let (answer, name) = if turn.draft.state.request.dry_run && asks {
        (passed(record), "dry-run".to_owned())
    } else if let Some(answer) = turn.policy.answer(&open.gate) {
        (answer, turn.policy.name())
    } else {
        return;
    };
    let waited = turn.draft.now.saturating_sub(open.opened);
    let actor = policy(&name);
    let gate = open.gate.gate.clone();
    let body = if open.gate.kind == GateKind::IterationLimit {
        EventBody::IterationLimitResolved {
            gate,
            max_iterations: maximum_after(&open.gate, &answer),
            answer,
            actor,
            waited,
        }
    } else {
        EventBody::GateAnswered {
            gate,
            answer,
            actor,
            waited,
        }
    };
    turn.draft.emit(&open.gate.path, body);
}
