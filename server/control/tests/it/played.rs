//! A worker that the test plays: what it would append, the test appends.

use std::sync::Arc;

use fermata_engine::event::ProcessId;
use fermata_engine::gate::{AnswerSpec, Counted, LimitEvidence};
use fermata_engine::{
    Cause, EventBody, Failure, Fence, Gate, GateId, GateKind, Payload, RunId, StepPath,
};
use fermata_store::{NewEvent, RunLock, Store};
use serde_json::{Map, json};

/// A worker that the test plays; alive until it is dropped.
pub(crate) struct Played {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) run: RunId,
    pub(crate) fence: Fence,
    pub(crate) last: u64,
    lock: Option<RunLock>,
}

impl Played {
    pub(crate) fn begin(store: &Arc<dyn Store>, run: &RunId) -> Self {
        Self::begin_as(store, run, process())
    }

    /// As a process that the machine may know.
    pub(crate) fn begin_as(store: &Arc<dyn Store>, run: &RunId, process: ProcessId) -> Self {
        let mut worker =
            Self::claim_as(store, run, process.clone()).expect("nobody holds the lock");
        worker.add(EventBody::RunStarted {
            fence: worker.fence,
            worker: process,
            version: "0".to_owned(),
            seed: 1,
            deadline: None,
        });
        worker
    }

    pub(crate) fn claim(store: &Arc<dyn Store>, run: &RunId) -> Option<Self> {
        Self::claim_as(store, run, process())
    }

    fn claim_as(store: &Arc<dyn Store>, run: &RunId, process: ProcessId) -> Option<Self> {
        let lock = store.try_lock(run).unwrap()?;
        let (fence, log) = store.claim(run, process, &lock).ok()?;
        Some(Self {
            store: Arc::clone(store),
            run: run.clone(),
            fence,
            last: log.len() as u64,
            lock: Some(lock),
        })
    }

    pub(crate) fn add(&mut self, body: EventBody) {
        self.add_at("", body);
    }

    pub(crate) fn add_at(&mut self, path: &str, body: EventBody) {
        self.last = self.store.run(&self.run).unwrap().last_seq;
        let event = NewEvent {
            at: 2_000_000,
            path: StepPath::from(path),
            body,
        };
        let written = self
            .store
            .append(&self.run, self.last, Some(self.fence), &[event])
            .unwrap();
        self.last = written.last().unwrap().seq;
    }

    pub(crate) fn step(&mut self, name: &str) {
        self.begin_step(name);
        self.add_at(
            name,
            EventBody::StepCompleted {
                step: name.to_owned(),
                attempt: 1,
                output: Payload::Inline(json!({"stdout": "ok"})),
                elapsed: 1,
                counted: 1,
                detail: Map::new(),
            },
        );
    }

    pub(crate) fn begin_step(&mut self, name: &str) {
        self.add_at(
            name,
            EventBody::StepStarted {
                step: name.to_owned(),
                kind: "script".to_owned(),
                attempt: 1,
                iteration: 0,
                rendered: Map::new(),
            },
        );
    }

    pub(crate) fn fail(&mut self) {
        self.add(EventBody::RunFailed {
            cause: Cause::StepFailed,
            error: Failure {
                kind: "ExecutionError".to_owned(),
                message: "exit 1".to_owned(),
                names: Vec::new(),
            },
            step: Some("ship".to_owned()),
            output: None,
            actor: None,
        });
        self.die();
    }

    pub(crate) fn complete(&mut self) {
        self.add(EventBody::RunCompleted {
            output: Payload::Inline(json!("done")),
            outcome: None,
            terminated_by: None,
            reason: None,
        });
        self.die();
    }

    /// Opens an approval gate and waits at it.
    pub(crate) fn approval(&mut self) -> GateId {
        let gate = self.gate(GateKind::Approval);
        self.add(EventBody::RunWaiting {
            gates: vec![gate.clone()],
        });
        gate
    }

    /// Opens an approval gate with decisions of its own and waits at it.
    pub(crate) fn approval_of(&mut self, decisions: &[&str]) -> GateId {
        let answers = decisions
            .iter()
            .map(|decision| AnswerSpec {
                answer: json!({"kind": "approval", "decision": decision}),
                label: (*decision).to_owned(),
                consequence: None,
                fields: Vec::new(),
            })
            .collect();
        let gate = self.gate_with(GateKind::Approval, answers);
        self.add(EventBody::RunWaiting {
            gates: vec![gate.clone()],
        });
        gate
    }

    pub(crate) fn gate(&mut self, kind: GateKind) -> GateId {
        self.gate_with(kind, answers(kind))
    }

    /// Opens the gate that stands for the first one of another run, and waits at it.
    pub(crate) fn approval_for(&mut self, child: &str) {
        let extra = [
            ("type", "child_workflow"),
            ("child", child),
            ("child_gate", "g1"),
        ];
        let extra = extra.map(|(key, text)| (key.to_owned(), json!(text)));
        let gate = self.gate_like(
            GateKind::Approval,
            answers(GateKind::Approval),
            extra.into_iter().collect(),
        );
        self.add(EventBody::RunWaiting { gates: vec![gate] });
    }

    fn gate_with(&mut self, kind: GateKind, answers: Vec<AnswerSpec>) -> GateId {
        self.gate_like(kind, answers, Map::new())
    }

    fn gate_like(
        &mut self,
        kind: GateKind,
        answers: Vec<AnswerSpec>,
        extra: Map<String, serde_json::Value>,
    ) -> GateId {
        let number = self
            .store
            .events(&self.run, 1, usize::MAX)
            .unwrap()
            .iter()
            .filter(|event| {
                matches!(
                    event.body,
                    EventBody::GateOpened { .. } | EventBody::IterationLimitReached { .. }
                )
            })
            .count()
            + 1;
        let id = GateId(format!("g{number}"));
        let gate = Gate {
            gate: id.clone(),
            kind,
            step: "ship".to_owned(),
            path: StepPath::from("ship"),
            workflow: "deploy-flow".to_owned(),
            prompt: "Ship it?".to_owned(),
            answers,
            limit: (kind == GateKind::IterationLimit).then(|| LimitEvidence {
                current_iteration: 10,
                max_iterations: 10,
                needed: 2,
                agent_history: Vec::new(),
                possible_loop: false,
                cycle: None,
                verdicts: Vec::new(),
                counts: Counted::Steps,
            }),
            extra,
        };
        let body = if kind == GateKind::IterationLimit {
            EventBody::IterationLimitReached { gate }
        } else {
            EventBody::GateOpened { gate }
        };
        self.add_at("ship", body);
        id
    }

    pub(crate) fn park(&mut self) {
        self.add(EventBody::RunParked {});
        self.die();
    }

    /// Gives up the lock without a word, as a killed process does.
    pub(crate) fn die(&mut self) {
        self.lock = None;
    }
}

fn answers(kind: GateKind) -> Vec<AnswerSpec> {
    let spec = |answer, label: &str| AnswerSpec {
        answer,
        label: label.to_owned(),
        consequence: None,
        fields: Vec::new(),
    };
    match kind {
        GateKind::Approval => vec![
            spec(
                json!({"kind": "approval", "decision": "approve"}),
                "Approve",
            ),
            spec(json!({"kind": "approval", "decision": "reject"}), "Reject"),
        ],
        GateKind::Permission => vec![spec(
            json!({"kind": "permission", "option": "allow_once"}),
            "Allow",
        )],
        GateKind::IterationLimit | GateKind::Human | GateKind::Questions => Vec::new(),
    }
}

pub(crate) fn process() -> ProcessId {
    ProcessId {
        pid: 4_000_000,
        started: 1,
        boot: "no boot of this machine".to_owned(),
    }
}
