//! `approval`: holds for a person (specs/archon.md 4.8; design/runs.md,
//! "Gates"). Nothing passes it without an answer. A rejection with `on_reject`
//! has the work done over and asks again, a bounded number of times.

use serde_json::{Map, Value, json};

use crate::archon::node::Node;
use crate::archon::outputs::STRUCTURED;
use crate::archon::place::Place;
use crate::archon::texts::{Round, Texts};
use crate::draft::{failure, policy};
use crate::event::{Actor, EventBody, Failure, Surface};
use crate::fold::nodes;
use crate::gate::{Answer, AnswerField, AnswerSpec, Gate, GateKind};
use crate::ids::{GateId, StepPath};
use crate::state::{ClosedGate, NodeState, RunState};
use crate::turn::Turn;

use super::prompt;

/// Last part of the path of a rework turn.
const REWORK: &str = "on_reject";
/// Rework turns where `on_reject` does not say.
const REWORKS: u64 = 3;
/// What a plain approval says when its words are kept.
const APPROVED: &str = "Approved";

pub(crate) fn start(turn: &mut Turn<'_>, place: &Place<'_>) {
    let text = place.node.text("message").unwrap_or_default();
    let rendered = Texts::new(turn.draft.state, turn.definition, place).plain(text);
    match rendered {
        Ok(message) => {
            let rendered = Map::from_iter([("message".to_owned(), Value::from(message.as_str()))]);
            let owed = owed(turn.draft.state, &place.path).is_some();
            super::started(turn, place, rendered);
            // A rework that failed in an earlier life of the run comes before the question.
            if !owed {
                ask(turn, place, message);
            }
        }
        Err(error) => super::refuse(turn, place, error),
    }
}

fn ask(turn: &mut Turn<'_>, place: &Place<'_>, prompt: String) {
    let gate = Gate {
        gate: turn.next_gate(),
        kind: GateKind::Approval,
        step: place.node.id().to_owned(),
        path: place.path.clone(),
        workflow: turn.definition.root().workflow.name.value.clone(),
        prompt,
        answers: answers(place.node),
        limit: None,
        extra: Map::new(),
    };
    turn.draft.emit(&place.path, EventBody::GateOpened { gate });
}

fn decisions(node: Node<'_>) -> impl Iterator<Item = &Map<String, Value>> {
    node.get("decisions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

fn authored(node: Node<'_>) -> bool {
    node.get("decisionsAuthored").and_then(Value::as_bool) == Some(true)
}

fn answers(node: Node<'_>) -> Vec<AnswerSpec> {
    let authored = authored(node);
    let text = |optional| AnswerField {
        name: "text".to_owned(),
        ty: "text".to_owned(),
        minimum: None,
        multiline: true,
        optional,
    };
    let mut specs: Vec<AnswerSpec> = decisions(node)
        .filter_map(|decision| {
            let id = decision.get("id")?.as_str()?;
            let label = decision.get("label").and_then(Value::as_str);
            let consequence = match id {
                _ if authored => None,
                "approve" => Some("The workflow goes on."),
                _ if rework(node).is_some() => {
                    Some("The work is done over, and you are asked again.")
                }
                _ => Some("The run is cancelled."),
            };
            Some(AnswerSpec {
                answer: json!({"kind": "approval", "decision": id}),
                label: label.map_or_else(|| titled(id), str::to_owned),
                consequence: consequence.map(str::to_owned),
                // The words are what rework works from.
                fields: vec![text(!decision.contains_key("rework"))],
            })
        })
        .collect();
    if authored && !decisions(node).any(|d| d.get("id").and_then(Value::as_str) == Some("reject")) {
        specs.push(AnswerSpec {
            answer: json!({"kind": "approval", "decision": "reject"}),
            label: titled("reject"),
            consequence: Some("The run is cancelled.".to_owned()),
            fields: vec![text(true)],
        });
    }
    specs
}

fn titled(id: &str) -> String {
    let mut text = id.replace('-', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// Prompt and number of rework turns.
fn rework(node: Node<'_>) -> Option<(&str, u64)> {
    decisions(node).find_map(|decision| {
        let rework = decision.get("rework")?;
        let turns = rework.get("maxAttempts").and_then(Value::as_u64);
        Some((rework.get("prompt")?.as_str()?, turns.unwrap_or(REWORKS)))
    })
}

/// The path of the rework that an answer to a gate has asked for.
fn rework_path(path: &StepPath, gate: &GateId) -> StepPath {
    path.item(gate.as_str(), 1).child(REWORK)
}

/// The node whose rework turn a path is.
pub(crate) fn node_of_rework(path: &StepPath) -> Option<StepPath> {
    let round = path.0.strip_suffix(REWORK)?.strip_suffix('/')?;
    round
        .ends_with(']')
        .then(|| StepPath(round.to_owned()).parent())
}

/// Looks at an open gate: takes its answer, does the work over, or asks (again).
pub(crate) fn go_on(turn: &mut Turn<'_>, place: &Place<'_>) {
    let Some(open) = turn.draft.state.open.get(&place.path) else {
        return;
    };
    let message = open
        .rendered
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let gate = open.gate.clone();
    let Some(gate) = gate.or_else(|| owed(turn.draft.state, &place.path)) else {
        // Its gate was withdrawn while the run was down.
        ask(turn, place, message);
        return;
    };
    let Some(answer) = said(turn.draft.state, &gate) else {
        by_policy(turn, place, &gate);
        return;
    };
    let decision = answer
        .get("decision")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let text = answer.get("text").and_then(Value::as_str).unwrap_or("");
    let named =
        decisions(place.node).any(|d| d.get("id").and_then(Value::as_str) == Some(&decision));
    if authored(place.node) && named {
        let output = json!({"decision": decision, "text": text});
        let detail = Map::from_iter([
            (STRUCTURED.to_owned(), Value::Bool(true)),
            ("decision".to_owned(), Value::from(decision)),
        ]);
        complete(turn, place, output, detail);
    } else if decision == "approve" {
        let captured = place.node.get("captureResponse").and_then(Value::as_bool) == Some(true);
        let output = match (captured, text) {
            (false, _) => "",
            (true, "") => APPROVED,
            (true, text) => text,
        };
        let detail = Map::from_iter([("decision".to_owned(), Value::from("approved"))]);
        complete(turn, place, Value::from(output), detail);
    } else {
        rejected(turn, place, &gate, text, message);
    }
}

fn complete(turn: &mut Turn<'_>, place: &Place<'_>, output: Value, detail: Map<String, Value>) {
    let elapsed = turn.age(&place.path);
    super::complete(turn, place, output, elapsed, detail);
}

/// What the run's policy says, when nobody is asked.
fn by_policy(turn: &mut Turn<'_>, place: &Place<'_>, gate: &GateId) {
    let decided = turn
        .draft
        .state
        .open_gates
        .iter()
        .find(|open| open.gate.gate == *gate)
        .and_then(|open| Some((unattended(turn, &open.gate)?, open.opened)));
    if let Some((answer, opened)) = decided {
        // A dry run answers whatever the policy says.
        let name = match turn.draft.state.request.dry_run {
            true => "dry-run".to_owned(),
            false => turn.policy.name(),
        };
        turn.draft.emit(
            &place.path,
            EventBody::GateAnswered {
                gate: gate.clone(),
                answer,
                actor: policy(&name),
                waited: turn.draft.now.saturating_sub(opened),
            },
        );
    }
}

/// Rejected: the work is done over and the gate asks again, or the run is cancelled.
fn rejected(turn: &mut Turn<'_>, place: &Place<'_>, gate: &GateId, reason: &str, message: String) {
    let path = rework_path(&place.path, gate);
    let record = turn.draft.state.nodes.get(&path);
    let Some(record) = record else {
        let count = rejections(turn.draft.state, &place.path) + 1;
        match rework(place.node) {
            Some((text, most)) if count < most => {
                turn.draft.emit(
                    &place.path,
                    EventBody::LoopIterationStarted {
                        step: place.node.id().to_owned(),
                        round: count,
                        max: most,
                    },
                );
                do_over(turn, place, &path, text, reason);
            }
            rework => cancel(turn, place, gate, reason, rework.is_some()),
        }
        return;
    };
    match record.state {
        NodeState::Completed => ask(turn, place, message),
        _ if record.retry.is_some_and(|due| due > turn.draft.now) => {}
        NodeState::Failed => {
            let error = record
                .error
                .clone()
                .unwrap_or_else(|| failure("other", "it failed", &[]));
            let error = Failure {
                message: format!("the rework after a rejection: {}", error.message),
                ..error
            };
            // It has had its own new attempts.
            let detail = Map::from_iter([(nodes::REWORK.to_owned(), Value::from(gate.as_str()))]);
            let attempt = super::attempt_of(turn, &place.path);
            turn.failed(
                &place.path,
                place.node.id(),
                attempt,
                error,
                turn.age(&place.path),
                detail,
            );
        }
        NodeState::Running | NodeState::Pending | NodeState::Skipped => {
            let open = turn.draft.state.open.get(&path);
            let carried = open.is_some_and(|open| open.fence == turn.draft.state.fence);
            if let Some((text, _)) = rework(place.node).filter(|_| !carried) {
                do_over(turn, place, &path, text, reason);
            }
        }
    }
}

/// A dry run passes its gates; a real one only as its policy says.
fn unattended(turn: &Turn<'_>, gate: &Gate) -> Option<Answer> {
    if turn.draft.state.request.dry_run {
        return Some(Answer::Approval {
            decision: "approve".to_owned(),
            text: Some("approved".to_owned()),
        });
    }
    turn.policy.answer(gate)
}

/// The gate whose rejection has asked for a rework that is still to be done, since it failed in an earlier life of the
/// run.
fn owed(state: &RunState, path: &StepPath) -> Option<GateId> {
    state.nodes.get(path)?.rework.clone()
}

/// The answer to a gate, also one of an earlier attempt.
fn said(state: &RunState, gate: &GateId) -> Option<Value> {
    match (state.answers.get(gate), state.closed_gates.get(gate)) {
        (Some(answer), _) => Some(answer.clone()),
        (None, Some(ClosedGate::Answered(by))) => Some(by.answer.clone()),
        (None, Some(ClosedGate::Withdrawn(_)) | None) => None,
    }
}

/// How often a rejection has led to a rework so far.
fn rejections(state: &RunState, path: &StepPath) -> u64 {
    state.nodes.get(path).map_or(0, |record| record.rounds)
}

fn do_over(turn: &mut Turn<'_>, place: &Place<'_>, path: &StepPath, text: &str, reason: &str) {
    let round = Round {
        rejection: reason.to_owned(),
        ..Round::default()
    };
    let asked = prompt::asked(
        turn.draft.state,
        turn.definition,
        place,
        text,
        &Map::new(),
        round,
    );
    let (rendered, error) = match asked {
        Ok(rendered) => (rendered, None),
        Err(error) => (Map::new(), Some(error)),
    };
    let step = format!("{}:on_reject", place.node.id());
    let attempt = super::next_attempt(turn.draft.state, path);
    turn.draft.emit(
        path,
        EventBody::StepStarted {
            step: step.clone(),
            kind: "prompt".to_owned(),
            attempt,
            iteration: 0,
            rendered,
        },
    );
    if let Some(error) = error {
        turn.failed(path, &step, attempt, error, 0, Map::new());
    }
}

fn cancel(turn: &mut Turn<'_>, place: &Place<'_>, gate: &GateId, reason: &str, exhausted: bool) {
    let why = match (exhausted, reason) {
        (true, "") => format!("`{}` was rejected after its last rework", place.node.id()),
        (true, reason) => format!(
            "`{}` was rejected after its last rework: {reason}",
            place.node.id()
        ),
        (false, "") => format!("`{}` was rejected", place.node.id()),
        (false, reason) => format!("`{}` was rejected: {reason}", place.node.id()),
    };
    let actor = who(turn.draft.state, gate);
    turn.cancel_run(&why, actor, why.clone());
}

fn who(state: &RunState, gate: &GateId) -> Actor {
    match state.closed_gates.get(gate) {
        Some(ClosedGate::Answered(by)) => Actor {
            by: by.by.clone(),
            surface: serde_json::from_value(Value::from(by.surface.as_str()))
                .unwrap_or(Surface::Policy),
        },
        Some(ClosedGate::Withdrawn(_)) | None => policy("workflow"),
    }
}
