//! Runs and events for the tests.

use fermata_engine::event::ProcessId;
use fermata_engine::{
    Actor, Cause, EventBody, Failure, Fence, Gate, GateId, GateKind, Payload, RunId, Status,
    StepPath, Surface,
};
use fermata_store::{
    Decision, Home, MemStore, NewEvent, NewRun, NewStart, Place, Proposal, SessionKey, SqliteStore,
    StartId, Store, new_run_id,
};
use serde_json::{Map, json};

/// Proves a sentence of every kind of store.
pub(crate) fn each(test: impl Fn(&dyn Store)) {
    test(&MemStore::new());
    let (_folder, home) = home();
    test(&SqliteStore::open(&home).unwrap());
}

pub(crate) fn home() -> (tempfile::TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open_on(&folder.path().join("home"), "").unwrap();
    (folder, home)
}

pub(crate) fn actor() -> Actor {
    Actor {
        by: "ada".to_owned(),
        surface: Surface::Terminal,
    }
}

pub(crate) fn process() -> ProcessId {
    ProcessId {
        pid: 1,
        started: 2,
        boot: "b".to_owned(),
    }
}

pub(crate) fn queued(scope: &str, request: &str, parent: Option<&RunId>) -> EventBody {
    EventBody::RunQueued {
        workflow: "flow".to_owned(),
        file: "/w/flow.yaml".to_owned(),
        dialect: "conductor".to_owned(),
        scope: scope.to_owned(),
        message: Some(format!("message of {request}")),
        inputs: Map::new(),
        request: request.to_owned(),
        parent: parent.cloned(),
        gates: "ask".to_owned(),
        agent: None,
        actor: actor(),
        cwd: "/w".to_owned(),
        dry_run: false,
    }
}

pub(crate) fn new_run(scope: &str, request: &str) -> NewRun {
    NewRun {
        run: new_run_id(1),
        events: vec![NewEvent::root(10, queued(scope, request, None))],
        place: Place::default(),
    }
}

pub(crate) fn proposal(scope: &str, request: &str) -> Proposal {
    Proposal {
        run: new_run(scope, request),
        start: NewStart {
            start: StartId(format!("s-{request}")),
            workflow: "flow".to_owned(),
            request: json!({"message": request}),
            created: 10,
        },
        force: false,
        changes: Vec::new(),
    }
}

pub(crate) fn fresh(store: &dyn Store, scope: &str, request: &str) -> RunId {
    match store.start_or_choose(proposal(scope, request)).unwrap() {
        Decision::Queued(run) => run,
        other => panic!("expected a fresh run, found {other:?}"),
    }
}

pub(crate) fn event(body: EventBody) -> NewEvent {
    NewEvent {
        at: 20,
        path: StepPath::root(),
        body,
    }
}

pub(crate) fn started(fence: Fence) -> NewEvent {
    event(EventBody::RunStarted {
        fence,
        worker: process(),
        version: "0".to_owned(),
        seed: 1,
        deadline: None,
    })
}

pub(crate) fn failed() -> NewEvent {
    event(EventBody::RunFailed {
        cause: Cause::StepFailed,
        error: Failure {
            kind: "ExecutionError".to_owned(),
            message: "exit 1".to_owned(),
            names: Vec::new(),
        },
        step: None,
        output: None,
        actor: None,
    })
}

pub(crate) fn completed() -> NewEvent {
    event(EventBody::RunCompleted {
        output: Payload::Inline(json!("done")),
        outcome: None,
        terminated_by: None,
        reason: None,
    })
}

pub(crate) fn cancelled() -> NewEvent {
    event(EventBody::RunCancelled {
        actor: actor(),
        reason: "abandoned".to_owned(),
    })
}

pub(crate) fn resumed() -> NewEvent {
    event(EventBody::RunResumed {
        status: Status::Queued,
        actor: actor(),
        definition: None,
        from: None,
        agent: None,
    })
}

pub(crate) fn message(text: &str) -> NewEvent {
    event(EventBody::AgentMessage {
        step: "a".to_owned(),
        attempt: 1,
        text: text.to_owned(),
    })
}

pub(crate) fn gate(id: &str) -> NewEvent {
    event(EventBody::GateOpened {
        gate: Gate {
            gate: GateId::from(id),
            kind: GateKind::Approval,
            step: "ask".to_owned(),
            path: StepPath::from("ask"),
            workflow: "flow".to_owned(),
            prompt: "Ship?".to_owned(),
            answers: Vec::new(),
            limit: None,
            extra: Map::new(),
        },
    })
}

/// Claims and starts a queued run; the lock is given back, as if the worker had died.
pub(crate) fn begun(store: &dyn Store, run: &RunId) -> Fence {
    let lock = store.try_lock(run).unwrap().expect("nobody holds the lock");
    let (fence, log) = store.claim(run, process(), &lock).unwrap();
    store
        .append(run, log.len() as u64, Some(fence), &[started(fence)])
        .unwrap();
    fence
}

/// A result whose session is kept for the next run, written at that time (UTC ms).
pub(crate) fn kept(node: &str, session: &str, at: u64) -> NewEvent {
    let detail = json!({
        "session": {"id": session, "agent": "claude"},
        "session_kept_as": node,
    });
    NewEvent {
        at,
        path: StepPath::from(node),
        body: EventBody::StepCompleted {
            step: node.to_owned(),
            attempt: 1,
            output: Payload::Inline(json!("said")),
            elapsed: 1,
            counted: 1,
            detail: detail.as_object().cloned().unwrap_or_default(),
        },
    }
}

/// Whose session it is, of a run that [`fresh`] makes.
pub(crate) fn session_of(node: &str, scope: &str) -> SessionKey {
    SessionKey {
        workflow: "flow".to_owned(),
        node: node.to_owned(),
        scope: scope.to_owned(),
        agent: "claude".to_owned(),
    }
}
