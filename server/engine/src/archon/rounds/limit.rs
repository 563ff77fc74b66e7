//! A loop at its last round (design/runs.md, "Gates"): upstream fails the node;
//! here people are asked first, with what the rounds said. `stop` fails it as
//! upstream does.

use serde_json::{Map, Value};

use super::control::Control;
use super::{body, round_path, words};
use crate::archon::place::Place;
use crate::draft::failure;
use crate::event::{EventBody, Failure, Payload};
use crate::gate::{Counted, Cycle, Gate, GateKind, LimitEvidence, Verdict};
use crate::limit;
use crate::state::{Frame, LoopRecord};
use crate::turn::Turn;

/// Characters of a verdict's feedback.
const FEEDBACK: usize = 160;

/// The limit in force: the larger of the author's and what was granted.
pub(super) fn maximum(control: Control<'_>, record: &LoopRecord) -> u64 {
    let written = control.max_iterations();
    record
        .max_iterations
        .map_or(written, |own| own.max(written))
}

/// Opens the gate.
pub(super) fn ask(
    turn: &mut Turn<'_>,
    place: &Place<'_>,
    control: Control<'_>,
    record: &LoopRecord,
    maximum: u64,
) {
    let id = place.node.id();
    let steps = body::steps(turn.definition, place);
    let mut prompt = format!(
        "`{id}` has used all of its {maximum} rounds. {}",
        words::status(control, record.completed, maximum, record.done)
    );
    let said = match &record.output {
        Some(Payload::Inline(Value::String(text))) => words::quoted(text),
        Some(Payload::Inline(value)) => words::quoted(&value.to_string()),
        Some(Payload::Blob { .. }) | None => String::new(),
    };
    if !said.is_empty() {
        prompt.push_str("\n\n");
        prompt.push_str(&said);
    }
    let gate = Gate {
        gate: turn.next_gate(),
        kind: GateKind::IterationLimit,
        step: id.to_owned(),
        path: place.path.clone(),
        workflow: turn.definition.root().workflow.name.value.clone(),
        prompt,
        answers: limit::answers(1, "The loop fails at its limit; the run can be resumed."),
        limit: Some(evidence(turn, place, record, maximum, steps)),
        extra: Map::new(),
    };
    turn.draft
        .emit(&place.path, EventBody::IterationLimitReached { gate });
}

fn evidence(
    turn: &Turn<'_>,
    place: &Place<'_>,
    record: &LoopRecord,
    maximum: u64,
    steps: Vec<String>,
) -> LimitEvidence {
    let rounds = record.completed;
    let last: Vec<String> = (0..rounds.min(5))
        .flat_map(|_| steps.iter().cloned())
        .collect();
    let agent_history = last[last.len().saturating_sub(5)..].to_vec();
    let mut distinct = last[last.len().saturating_sub(3)..].to_vec();
    distinct.sort();
    distinct.dedup();
    let first = rounds.saturating_sub(Frame::VERDICTS as u64) + 1;
    LimitEvidence {
        current_iteration: rounds,
        max_iterations: maximum,
        needed: 1,
        possible_loop: last.len() >= 3 && distinct.len() <= 2,
        agent_history,
        cycle: (rounds >= 2).then_some(Cycle { steps, rounds }),
        verdicts: (first..=rounds)
            .filter_map(|round| verdict(turn, place, round))
            .collect(),
        counts: Counted::Rounds,
    }
}

/// What a round said: the score and the flag of a structured answer, the first line of a text.
fn verdict(turn: &Turn<'_>, place: &Place<'_>, round: u64) -> Option<Verdict> {
    let (step, value) = body::said(turn, place, &round_path(&place.path, round))?;
    let field = Control::of(place.node).and_then(Control::until_field);
    let flag = field
        .and_then(|field| value.get(field))
        .or_else(|| value.as_object()?.values().find(|v| v.is_boolean()))
        .and_then(Value::as_bool);
    let fields = value.as_object();
    let score = fields.and_then(|map| map.values().find_map(Value::as_f64));
    let text = match &value {
        Value::String(text) => Some(text.as_str()),
        _ => fields.and_then(|map| map.values().find_map(Value::as_str)),
    };
    let line = text.and_then(|text| text.lines().map(str::trim).find(|line| !line.is_empty()));
    Some(Verdict {
        step,
        round,
        score,
        flag,
        feedback: line.map(|line| {
            let mut cut: String = line.chars().take(FEEDBACK).collect();
            if cut.len() < line.len() {
                cut.push('…');
            }
            cut
        }),
    })
}

/// The failure of a loop that was stopped at its limit.
pub(super) fn exceeded(id: &str, record: &LoopRecord, control: Control<'_>) -> Failure {
    let maximum = maximum(control, record);
    failure(
        "max-iterations",
        format!(
            "`{id}` was not done after {} of {maximum} rounds: raise `max_iterations`, or run again and grant more rounds at the gate",
            record.completed
        ),
        &[id],
    )
}
