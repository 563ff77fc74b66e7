//! What people answer: settled by the case, the place and how often they were
//! asked there.

use fermata_engine::answer;
use fermata_engine::event::EventBody;
use fermata_engine::gate::LimitDecision;
use fermata_engine::schedule::maximum_after;
use fermata_engine::state::OpenGate;
use fermata_engine::{Answer, Gate, GateKind};
use serde_json::Value;

use crate::dice::Dice;
use crate::picture;
use crate::support::ada;

/// What is answered to a gate that was asked at its place so often before; nothing where nobody ever answers.
pub(crate) fn answer(seed: u64, gate: &Gate, times: usize) -> Option<Answer> {
    let place = picture::place(&gate.path);
    let mut dice = Dice::of(seed, &["people", &place, &times.to_string()]);
    if dice.chance(4) {
        return None;
    }
    if gate.kind == GateKind::IterationLimit {
        return Some(limit(&mut dice, gate, times));
    }
    let spec = match gate.kind {
        GateKind::Approval => {
            // What goes on is chosen more often than what ends it all.
            let at = if dice.chance(55) {
                0
            } else {
                dice.below(gate.answers.len())
            };
            &gate.answers[at]
        }
        GateKind::Human | GateKind::Questions | GateKind::Permission | GateKind::IterationLimit => {
            &gate.answers[dice.below(gate.answers.len())]
        }
    };
    let mut value = spec.answer.clone();
    if gate.kind == GateKind::Approval && dice.chance(60) {
        value["text"] = Value::from(dice.pick(&["once more", "it's $a.output", "\n"]));
    }
    if gate.kind == GateKind::Human {
        for field in &spec.fields {
            value["input"][&field.name] = Value::from("words");
        }
    }
    if gate.kind == GateKind::Questions && value["do"] == "submit" {
        for question in gate.extra["questions"].as_array().unwrap() {
            value["answers"][question["id"].as_str().unwrap()] = Value::from("words");
        }
    }
    Some(answer::parse(gate, &value).unwrap())
}

fn limit(dice: &mut Dice, gate: &Gate, times: usize) -> Answer {
    let needed = gate.limit.as_ref().unwrap().needed;
    let (decision, n) = match dice.below(100) {
        0..65 if times < 2 => {
            let more = needed + dice.below(3) as u64;
            (LimitDecision::Continue, Some(more))
        }
        0..95 => (LimitDecision::Stop, None),
        _ => (LimitDecision::Abort, None),
    };
    Answer::IterationLimit { decision, n }
}

/// The answer as it is written down.
pub(crate) fn closing(open: &OpenGate, answer: Answer, now: u64) -> EventBody {
    let gate = open.gate.gate.clone();
    let waited = now - open.opened;
    if open.gate.kind == GateKind::IterationLimit {
        return EventBody::IterationLimitResolved {
            gate,
            max_iterations: maximum_after(&open.gate, &answer),
            answer,
            actor: ada(),
            waited,
        };
    }
    EventBody::GateAnswered {
        gate,
        answer,
        actor: ada(),
        waited,
    }
}
