//! Gates inside a turn: an agent asks for permission, or a dialog asks the
//! person; people answer, the agent is told. Such a gate never survives its turn.

use fermata_engine::gate::{AnswerSpec, Gate, GateKind};
use fermata_engine::schedule::GatePolicy;
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
        let opened = self.open(path, attempt, |step| Asked {
            kind: GateKind::Permission,
            prompt: prompt(step, &request),
            answers: answers(&request),
            extra: extra(&request),
        })?;
        match opened {
            Some(gate) => {
                self.permissions.insert(gate, reply);
            }
            None => {
                let _ = reply.send(PermissionDecision::Cancelled);
            }
        }
        Ok(())
    }

    /// Opens a gate about an output; without an answer the output stands.
    pub(super) fn open_dialog(
        &mut self,
        path: &StepPath,
        attempt: u32,
        question: &str,
        reply: oneshot::Sender<Option<String>>,
    ) -> Result<(), WorkerError> {
        let unattended = GatePolicy::read(&self.ledger.state.request.gates) == GatePolicy::First;
        let opened = if unattended {
            None
        } else {
            self.open(path, attempt, |step| Asked {
                kind: GateKind::Questions,
                prompt: format!("`{step}` would like to know"),
                answers: talk(),
                extra: talked(question),
            })?
        };
        match opened {
            Some(gate) => {
                self.dialogs.insert(gate, reply);
            }
            None => {
                let _ = reply.send(None);
            }
        }
        Ok(())
    }

    /// Opens a gate for an attempt that is still open.
    fn open(
        &mut self,
        path: &StepPath,
        attempt: u32,
        asked: impl Fn(&str) -> Asked,
    ) -> Result<Option<GateId>, WorkerError> {
        loop {
            self.ledger.catch_up()?;
            let state = &self.ledger.state;
            let Some(open) = state.open.get(path).filter(|o| o.attempt == attempt) else {
                return Ok(None);
            };
            let Asked {
                kind,
                prompt,
                answers,
                extra,
            } = asked(&open.step);
            // The id counts the gates of the log, so it is taken again whenever the log went on.
            let id = GateId(format!("g{}", state.gates_opened + 1));
            let workflow = state
                .frames
                .get(&state.frame_of(path))
                .map(|frame| frame.workflow.clone())
                .unwrap_or_default();
            let gate = Gate {
                gate: id.clone(),
                kind,
                step: open.step.clone(),
                path: path.clone(),
                workflow,
                prompt,
                answers,
                limit: None,
                extra,
            };
            let now = self.around.clock.now();
            if self
                .ledger
                .write_if_unchanged(now, path, EventBody::GateOpened { gate })?
            {
                return Ok(Some(id));
            }
        }
    }

    /// Tells waiting agents what was decided.
    pub(super) fn tell_agents(&mut self) {
        let closed: Vec<GateId> = self
            .dialogs
            .keys()
            .filter(|gate| self.ledger.state.closed_gates.contains_key(*gate))
            .cloned()
            .collect();
        for gate in closed {
            let said = match self.ledger.state.closed_gates.get(&gate) {
                Some(ClosedGate::Answered(by)) => by
                    .answer
                    .pointer("/answers/reply")
                    .and_then(Value::as_str)
                    .filter(|text| !text.trim().is_empty())
                    .map(str::to_owned),
                Some(ClosedGate::Withdrawn(_)) | None => None,
            };
            if let Some(reply) = self.dialogs.remove(&gate) {
                let _ = reply.send(said);
            }
        }
        self.answer_permissions();
    }

    fn answer_permissions(&mut self) {
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

/// What a gate says.
struct Asked {
    kind: GateKind,
    prompt: String,
    answers: Vec<AnswerSpec>,
    extra: Map<String, Value>,
}

fn talk() -> Vec<AnswerSpec> {
    let spec = |decision: &str, label: &str, consequence: &str| AnswerSpec {
        answer: json!({"kind": "questions", "do": decision, "answers": {}}),
        label: label.to_owned(),
        consequence: Some(consequence.to_owned()),
        fields: Vec::new(),
    };
    vec![
        spec(
            "submit",
            "Answer",
            "The agent tries again with your answer.",
        ),
        spec("skip_all", "Go on", "The output stands as it is."),
    ]
}

fn talked(question: &str) -> Map<String, Value> {
    let mut extra = Map::new();
    extra.insert("dialog".to_owned(), Value::from(true));
    extra.insert(
        "questions".to_owned(),
        json!([{"id": "reply", "text": question, "multiline": true}]),
    );
    extra
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
