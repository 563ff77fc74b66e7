//! What two runs have to agree about in the end, whatever happened on the way:
//! where they stand, what each step has come to, what is asked, and what was
//! done. Left out is what may differ: times, attempt numbers, the ids of gates
//! that were asked again, and the sessions of neighbours, which no agent goes
//! on with after a resume (docs/decisions/0022).

use std::collections::BTreeMap;

use fermata_engine::fold::CUT_OFF;
use fermata_engine::state::{
    ClosedGate, Frame, LoopRecord, NodeRecord, NodeState, Phase, Slot, SlotStatus,
};
use fermata_engine::{Effect, Failure, Outcome, RunState, SessionStart, StepPath};
use serde_json::{Map, Value};

/// Something that was done, with what came of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Deed {
    pub(crate) place: String,
    pub(crate) what: String,
    pub(crate) came: Outcome,
}

/// A path without ids of gates, which count what was opened.
pub(crate) fn place(path: &StepPath) -> String {
    let mut text = String::new();
    for (at, part) in path.as_str().split('[').enumerate() {
        if at > 0 {
            text.push('[');
        }
        match part.split_once(']') {
            Some((key, rest)) if is_gate(key) => {
                text.push_str("gate]");
                text.push_str(rest);
            }
            _ => text.push_str(part),
        }
    }
    text
}

fn is_gate(key: &str) -> bool {
    key.strip_prefix('g')
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// What an effect is, whichever attempt it is for.
pub(crate) fn what(effect: &Effect) -> String {
    let text = match effect.clone() {
        Effect::Script(mut call) => {
            call.attempt = 0;
            format!("{call:?}")
        }
        Effect::Agent(mut call) => {
            call.attempt = 0;
            if let SessionStart::Fork { needed: false, .. } = call.session.start {
                call.session.start = SessionStart::Fresh;
            }
            format!("{call:?}")
        }
        Effect::Child(mut call) => {
            call.attempt = 0;
            format!("{call:?}")
        }
    };
    let (path, _) = effect.attempt();
    text.replace(path.as_str(), &place(path))
}

/// Lines that have to be equal.
pub(crate) fn lines(state: &RunState, deeds: &[Deed]) -> Vec<String> {
    let mut lines = vec![
        format!("status {:?} {:?}", state.status, state.cause),
        format!("error {:?}", state.error),
        format!("output {:?} {:?}", state.output, state.outcome),
        format!("inputs resolved {}", state.inputs_resolved),
    ];
    let mut parts: Vec<String> = Vec::new();
    parts.extend(
        state
            .nodes
            .iter()
            .map(|(path, node)| self::node(path, node)),
    );
    parts.extend(
        state
            .loops
            .iter()
            .map(|(path, record)| rounds(path, record)),
    );
    parts.extend(state.frames.iter().map(|(path, f)| frame(state, path, f)));
    parts.extend(state.groups.iter().map(|(path, group)| {
        let slots = group.slots.iter().map(|(path, one)| slot(path, one));
        let slots: Vec<String> = slots.collect();
        format!("group {path} {} {:?} {slots:?}", group.kind, group.items)
    }));
    parts.extend(state.steps.iter().map(|(path, record)| {
        let error = record.error.as_ref();
        if is_cut_off(error) {
            return format!("step {} was cut off", place(path));
        }
        format!(
            "step {} {} {:?} {:?}",
            place(path),
            record.step,
            record.status,
            error
        )
    }));
    parts.extend(
        state
            .open
            .iter()
            .map(|(path, open)| format!("open {} {} {:?}", place(path), open.kind, open.rendered)),
    );
    parts.extend(state.open_gates.iter().map(|open| {
        let mut gate = open.gate.clone();
        gate.gate.0.clear();
        format!("asked {gate:?}")
    }));
    let mut answered: BTreeMap<String, usize> = BTreeMap::new();
    for closed in state.closed_gates.values() {
        if let ClosedGate::Answered(by) = closed {
            *answered.entry(by.answer.to_string()).or_default() += 1;
        }
    }
    parts.extend(
        answered
            .iter()
            .map(|(said, n)| format!("answered {n} {said}")),
    );
    parts.extend(
        state
            .sessions
            .iter()
            .map(|(key, s)| format!("session {key} {s:?}")),
    );
    parts.sort();
    lines.extend(parts);
    lines.extend(deeds.iter().map(|deed| format!("did {deed:?}")));
    lines
}

fn facts(detail: &Map<String, Value>) -> Map<String, Value> {
    let mut facts = detail.clone();
    // Which gate it was is told by its id, and when by the clock.
    facts.remove("rework");
    facts.remove("retry_at");
    facts
}

/// What was under way when the run ended was cut off by that, or by the death of a worker before.
fn is_cut_off(error: Option<&Failure>) -> bool {
    error.is_some_and(|error| error.kind == CUT_OFF)
}

fn node(path: &StepPath, node: &NodeRecord) -> String {
    let waits = matches!(node.state, NodeState::Failed | NodeState::Pending);
    if waits && is_cut_off(node.error.as_ref()) {
        return format!("node {} was cut off", place(path));
    }
    format!(
        "node {} {:?} {:?} {:?} {:?} {:?} rounds {} retries {} {:?}",
        place(path),
        node.state,
        node.output,
        facts(&node.detail),
        node.error.as_ref().filter(|error| !is_cut_off(Some(error))),
        node.reason,
        node.rounds,
        node.retries,
        node.rework.is_some(),
    )
}

fn slot(path: &StepPath, slot: &Slot) -> String {
    let waits = slot.status == SlotStatus::Pending;
    if waits || is_cut_off(slot.error.as_ref()) {
        return format!("{path} was not done");
    }
    format!("{path} {slot:?}")
}

fn rounds(path: &StepPath, record: &LoopRecord) -> String {
    let mut record = record.clone();
    if let Some(gate) = &mut record.gate {
        gate.0.clear();
    }
    format!("loop {path} {record:?}")
}

fn frame(state: &RunState, path: &StepPath, frame: &Frame) -> String {
    let mut frame = frame.clone();
    if let Phase::Failed(step) = &frame.phase
        && is_cut_off(state.steps[step].error.as_ref())
    {
        frame.phase = Phase::Retry(step.clone());
    }
    if let Phase::AtLimit { gate, .. } = &mut frame.phase {
        gate.0.clear();
    }
    for result in &mut frame.journal {
        result.seq = 0;
    }
    format!("frame {path} {frame:?}")
}
