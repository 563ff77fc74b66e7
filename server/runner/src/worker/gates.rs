//! Permission gates: an agent asks, people answer, the agent is told. Such a
//! gate never survives its turn.

use fermata_engine::gate::{AnswerSpec, Gate, GateKind};
use fermata_engine::state::ClosedGate;
use fermata_engine::{EventBody, GateId, StepPath};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use super::WorkerError;
use super::round::Round;
use crate::agent::{PermissionDecision, PermissionOption, PermissionRequest};

impl Round {
    /// Opens the gate; the agent waits at it.
    pub(super) fn open_permission(
        &mut self,
        path: &StepPath,
        attempt: u32,
        request: PermissionRequest,
        reply: oneshot::Sender<PermissionDecision>,
    ) -> Result<(), WorkerError> {
        let Some(step) = self
            .ledger
            .state
            .open
            .get(path)
            .filter(|open| open.attempt == attempt)
            .map(|open| open.step.clone())
        else {
            let _ = reply.send(PermissionDecision::Cancelled);
            return Ok(());
        };
        self.ledger.catch_up()?;
        let workflow = self
            .ledger
            .state
            .frames
            .get(&self.ledger.state.frame_of(path))
            .map(|frame| frame.workflow.clone())
            .unwrap_or_default();
        let now = self.around.clock.now();
        // The id counts the gates of the log, so it is taken again whenever the log went on.
        let id = loop {
            let id = GateId(format!("g{}", self.ledger.state.gates_opened + 1));
            let gate = Gate {
                gate: id.clone(),
                kind: GateKind::Permission,
                step: step.clone(),
                path: path.clone(),
                workflow: workflow.clone(),
                prompt: prompt(&step, &request),
                answers: answers(&request),
                limit: None,
                extra: extra(&request),
            };
            if self
                .ledger
                .write_if_unchanged(now, path, EventBody::GateOpened { gate })?
            {
                break id;
            }
        };
        self.permissions.insert(id, reply);
        Ok(())
    }

    /// Tells waiting agents what was decided.
    pub(super) fn answer_permissions(&mut self) {
        let closed: Vec<GateId> = self
            .permissions
            .keys()
            .filter(|gate| self.ledger.state.closed_gates.contains_key(*gate))
            .cloned()
            .collect();
        for gate in closed {
            let decision = match self.ledger.state.closed_gates.get(&gate) {
                Some(ClosedGate::Answered(by)) => by
                    .answer
                    .get("option")
                    .and_then(Value::as_str)
                    .and_then(PermissionOption::from_word)
                    .map_or(PermissionDecision::Cancelled, PermissionDecision::Chosen),
                Some(ClosedGate::Withdrawn(_)) | None => PermissionDecision::Cancelled,
            };
            if let Some(reply) = self.permissions.remove(&gate) {
                let _ = reply.send(decision);
            }
        }
    }
}

fn prompt(step: &str, request: &PermissionRequest) -> String {
    let what = if request.title.is_empty() {
        "run a tool"
    } else {
        &request.title
    };
    format!("The agent of `{step}` asks: {what}")
}

fn answers(request: &PermissionRequest) -> Vec<AnswerSpec> {
    request
        .options
        .iter()
        .map(|choice| AnswerSpec {
            answer: json!({"kind": "permission", "option": choice.option.as_str()}),
            label: choice.label.clone(),
            consequence: None,
            fields: Vec::new(),
        })
        .collect()
}

fn extra(request: &PermissionRequest) -> Map<String, Value> {
    let mut extra = Map::new();
    extra.insert("call".to_owned(), Value::from(request.call.as_str()));
    extra.insert("title".to_owned(), Value::from(request.title.as_str()));
    if let Some(kind) = &request.kind {
        extra.insert("tool".to_owned(), Value::from(kind.as_str()));
    }
    if let Some(input) = &request.input {
        extra.insert("input".to_owned(), input.clone());
    }
    extra
}
