//! The worker's own promises: nothing runs twice, nothing is left running,
//! requests are carried out, gates hold.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fermata_engine::event::ProcessId;
use fermata_engine::{Answer, Cause, Event, EventBody, Payload, RunId, Status};
use fermata_runner::agent::{
    AgentError, AgentProvider, AgentSink, NoAgent, PermissionChoice, PermissionDecision,
    PermissionOption, PermissionRequest, StepOutput, StepRequest, StopReason, Usage,
};
use fermata_runner::{Ended, Surroundings, WorkerError, run_worker};
use fermata_store::{MemStore, NewEvent, Store, load_state, process};
use serde_json::{Map, Value, json};
use support::scripted::Scripted;
use support::world::Disk;
use support::{Case, actor, people, queue, read, surroundings, work};
use tokio::task::JoinHandle;

struct Stage {
    folder: tempfile::TempDir,
    store: Arc<MemStore>,
    run: RunId,
}

impl Stage {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("workflow.yaml");
        std::fs::write(&file, text).unwrap();
        let store = Arc::new(MemStore::new());
        let run = queue(
            store.as_ref(),
            &Case {
                file: &file,
                inputs: Map::new(),
                gates: "ask",
                guidance: Vec::new(),
            },
        );
        Self { folder, store, run }
    }

    /// A worker that has the lock and goes to work.
    fn begin(&self, around: Surroundings) -> JoinHandle<Result<Ended, WorkerError>> {
        let guard = self.store.try_lock(&self.run).unwrap().unwrap();
        let run = self.run.clone();
        tokio::spawn(async move { run_worker(&run, guard, around).await })
    }

    fn around(&self) -> Surroundings {
        self.with(Scripted::new(&Value::Null))
    }

    fn with(&self, agents: Arc<dyn AgentProvider>) -> Surroundings {
        surroundings(
            self.store.clone(),
            agents,
            Arc::new(Disk {
                env: Default::default(),
            }),
        )
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Waits until an event is in the log.
    async fn until(&self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let log = self.store.events(&self.run, 1, usize::MAX).unwrap();
            if let Some(event) = log.into_iter().find(|event| wanted(event)) {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn process(&self) -> ProcessId {
        match self
            .until(|event| matches!(event.body, EventBody::ProcessStarted { .. }))
            .await
            .body
        {
            EventBody::ProcessStarted { process, .. } => process,
            body => panic!("{body:?}"),
        }
    }

    fn request(&self, body: EventBody) {
        loop {
            let last = self.store.run(&self.run).unwrap().last_seq;
            let event = NewEvent::root(1, body.clone());
            if self.store.append(&self.run, last, None, &[event]).is_ok() {
                return;
            }
        }
    }
}

/// Waits until that very process is gone; its own test fails by time-out if it never is.
async fn gone(process: &ProcessId) {
    while process::is_alive(process) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const TWO: &str = "
workflow: {name: two, entry_point: first}
agents:
  - {name: first, type: script, command: sh, args: [-c, 'echo first >> log'], routes: [{to: second}]}
  - name: second
    type: script
    command: sh
    args: [-c, 'trap \"\" TERM; echo \"second $FERMATA_STEP_ATTEMPT $FERMATA_STEP_KEY\" >> log; if [ $FERMATA_STEP_ATTEMPT = 1 ]; then sleep 600; fi']
output: {}
";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_worker_left_running_is_ended_and_started_again_with_the_next_attempt() {
    let stage = Stage::new(TWO);
    let first = stage.begin(stage.around());
    let second_started = |event: &Event| {
        event.path.as_str() == "second" && matches!(event.body, EventBody::ProcessStarted { .. })
    };
    let EventBody::ProcessStarted { process, .. } = stage.until(second_started).await.body else {
        panic!("a process was started");
    };
    // The worker dies: its lock is gone. Its child ignores the request to end that a
    // dropped task sends it, as it never gets one from a worker that was killed.
    while !std::fs::read_to_string(stage.file("log"))
        .unwrap_or_default()
        .contains("second 1")
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert!(process::is_alive(&process));

    let ended = work(&stage.store, &stage.run, stage.around()).await;
    assert_eq!(ended, Ended::With(Status::Failed));
    let state = load_state(stage.store.as_ref(), &stage.run).unwrap();
    assert_eq!(state.cause, Some(Cause::Interrupted));
    gone(&process).await;

    people::resume(&stage.store, &stage.run);
    let ended = work(&stage.store, &stage.run, stage.around()).await;
    assert_eq!(ended, Ended::With(Status::Completed));
    let log = std::fs::read_to_string(stage.file("log")).unwrap();
    let key = format!("{}:second", stage.run);
    assert_eq!(
        log.lines().collect::<Vec<_>>(),
        [
            "first",
            &format!("second 1 {key}"),
            &format!("second 2 {key}")
        ]
    );
}

const SLEEPER: &str = "
workflow: {name: sleeper, entry_point: s}
agents:
  - {name: s, type: script, command: sh, args: [-c, 'sleep 600 & wait']}
output: {}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_process_logs_its_outcome_and_fails_the_run_resumably() {
    let stage = Stage::new(SLEEPER);
    let worker = stage.begin(stage.around());
    let process = stage.process().await;
    stage.request(EventBody::StopRequested { actor: actor() });
    assert_eq!(worker.await.unwrap().unwrap(), Ended::With(Status::Failed));
    gone(&process).await;
    // Whoever adopts what its leader left behind reaps it a moment later.
    while process::group_lives(process.pid) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let finished = read(&stage.store, &stage.run, Ended::With(Status::Failed));
    assert_eq!(finished.state.cause, Some(Cause::Stopped));
    let kinds: Vec<_> = finished
        .log
        .iter()
        .rev()
        .take(2)
        .map(|event| serde_json::to_value(&event.body).unwrap()["type"].clone())
        .collect();
    assert_eq!(kinds, ["run_failed", "step_failed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_a_worker_dead_does_what_was_asked_of_it() {
    for (body, status) in [
        (EventBody::StopRequested { actor: actor() }, Status::Failed),
        (
            EventBody::AbortRequested {
                actor: actor(),
                reason: "enough".to_owned(),
            },
            Status::Cancelled,
        ),
    ] {
        let stage = Stage::new(SLEEPER);
        let first = stage.begin(stage.around());
        let process = stage.process().await;
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        stage.request(body);
        let ended = work(&stage.store, &stage.run, stage.around()).await;
        assert_eq!(ended, Ended::With(status));
        gone(&process).await;
        let state = load_state(stage.store.as_ref(), &stage.run).unwrap();
        assert_ne!(state.cause, Some(Cause::Interrupted));
        assert!(state.open.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_cancels_the_run_for_good() {
    let stage = Stage::new(SLEEPER);
    let worker = stage.begin(stage.around());
    let process = stage.process().await;
    stage.request(EventBody::AbortRequested {
        actor: actor(),
        reason: "wrong branch".to_owned(),
    });
    assert_eq!(
        worker.await.unwrap().unwrap(),
        Ended::With(Status::Cancelled)
    );
    gone(&process).await;
}

const OVER_ITS_TIME: &str = "
workflow: {name: t, entry_point: s}
agents:
  - {name: s, type: script, command: sh, timeout: SECONDS, args: [-c, 'sleep 600 & echo $! > child; wait']}
output: {}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_script_over_its_time_is_ended_with_everything_it_started() {
    let mut seconds = 1;
    let child: u32 = loop {
        let stage = Stage::new(&OVER_ITS_TIME.replace("SECONDS", &seconds.to_string()));
        let ended = work(&stage.store, &stage.run, stage.around()).await;
        assert_eq!(ended, Ended::With(Status::Failed));
        let finished = read(&stage.store, &stage.run, ended);
        assert_eq!(finished.state.error.unwrap().kind, "ExecutionError");
        match std::fs::read_to_string(stage.file("child")) {
            Ok(child) if child.ends_with('\n') => break child.trim().parse().unwrap(),
            // Its time was over before it had started anything: more time.
            _ => seconds *= 4,
        }
        assert!(seconds < 100, "it never started anything");
    };
    // Its parent is gone, so whoever adopted it reaps it soon.
    while process::identity(child).started != 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_output_is_kept_beside_the_log_and_read_back_by_the_next_worker() {
    let stage = Stage::new(
        "
workflow: {name: big, entry_point: make}
agents:
  - {name: make, type: script, command: sh, args: [-c, 'head -c 100000 /dev/zero | tr \"\\0\" x'], routes: [{to: ask}]}
  - {name: ask, type: human_gate, prompt: 'Go on?', options: [{label: Go, value: go, route: measure}], }
  - {name: measure, type: set, value: '{{ make.output.stdout | length }}'}
output: {n: '{{ measure.output }}'}
",
    );
    assert_eq!(
        work(&stage.store, &stage.run, stage.around()).await,
        Ended::Parked
    );
    let state = load_state(stage.store.as_ref(), &stage.run).unwrap();
    assert!(matches!(
        state.frames[0].outputs["make"],
        Payload::Blob { bytes, .. } if bytes > 100_000
    ));
    let gate = state.open_gates[0].gate.gate.clone();
    let answer = Answer::Human {
        value: "go".to_owned(),
        input: Map::new(),
    };
    people::answer(&stage.store, &stage.run, &gate, &answer).unwrap();
    let ended = work(&stage.store, &stage.run, stage.around()).await;
    let finished = read(&stage.store, &stage.run, ended);
    assert_eq!(
        finished.state.output,
        Some(Payload::Inline(json!({"n": 100_000})))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_output_makes_its_step_run_again() {
    let stage = Stage::new(
        "
workflow: {name: big, entry_point: make}
agents:
  - {name: make, type: script, command: sh, args: [-c, 'echo made >> log; head -c 50000 /dev/zero | tr \"\\0\" x'], routes: [{to: ask}]}
  - {name: ask, type: human_gate, prompt: 'Go on?', options: [{label: Go, value: go, route: $end}]}
output: {n: '{{ make.output.stdout | length }}'}
",
    );
    assert_eq!(
        work(&stage.store, &stage.run, stage.around()).await,
        Ended::Parked
    );
    let state = load_state(stage.store.as_ref(), &stage.run).unwrap();
    let Payload::Blob { blob, .. } = &state.frames[0].outputs["make"] else {
        panic!("it is large");
    };
    stage.store.damage_blob(blob);
    let gate = state.open_gates[0].gate.gate.clone();
    let answer = Answer::Human {
        value: "go".to_owned(),
        input: Map::new(),
    };
    people::answer(&stage.store, &stage.run, &gate, &answer).unwrap();
    assert_eq!(
        work(&stage.store, &stage.run, stage.around()).await,
        Ended::Parked
    );
    let log = std::fs::read_to_string(stage.file("log")).unwrap();
    assert_eq!(log, "made\nmade\n");
}

/// An agent that asks before it answers.
struct Asks;

#[async_trait]
impl AgentProvider for Asks {
    fn available(&self, _name: &str) -> Result<(), NoAgent> {
        Ok(())
    }

    async fn run_step(
        &self,
        _request: StepRequest,
        sink: Arc<dyn AgentSink>,
    ) -> Result<StepOutput, AgentError> {
        let choice = |option, label: &str| PermissionChoice {
            option,
            label: label.to_owned(),
        };
        let decision = sink
            .permission(PermissionRequest {
                call: "c1".to_owned(),
                title: "rm -r build".to_owned(),
                kind: Some("execute".to_owned()),
                input: None,
                options: vec![
                    choice(PermissionOption::AllowOnce, "Allow"),
                    choice(PermissionOption::RejectOnce, "Reject"),
                ],
            })
            .await;
        let text = match decision {
            PermissionDecision::Chosen(option) => option.as_str().to_owned(),
            PermissionDecision::Cancelled => "cancelled".to_owned(),
        };
        Ok(StepOutput {
            text,
            value: None,
            stop: StopReason::EndTurn,
            usage: Usage::default(),
            model: None,
            session: None,
            denied: Vec::new(),
        })
    }

    async fn end(&self, _conversation: &str) {}

    async fn shutdown(&self) {}
}

const ASKING: &str = "
workflow: {name: asking, entry_point: a}
agents: [{name: a, prompt: Clean up.}]
output: {r: '{{ a.output.result }}'}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_gate_holds_the_run_with_its_worker_until_it_is_answered_once() {
    let stage = Stage::new(ASKING);
    let worker = stage.begin(stage.with(Arc::new(Asks)));
    stage
        .until(|event| matches!(event.body, EventBody::RunWaiting { .. }))
        .await;
    assert!(stage.store.is_locked(&stage.run).unwrap());
    let state = load_state(stage.store.as_ref(), &stage.run).unwrap();
    let gate = state.open_gates[0].gate.gate.clone();
    let answer = |option: &str| Answer::Permission {
        option: option.to_owned(),
    };
    assert!(people::answer(&stage.store, &stage.run, &gate, &answer("allow_always")).is_err());
    people::answer(&stage.store, &stage.run, &gate, &answer("reject_once")).unwrap();
    let late = people::answer(&stage.store, &stage.run, &gate, &answer("allow_once")).unwrap_err();
    assert_eq!(late.answered.unwrap().by, "ada");
    let ended = worker.await.unwrap().unwrap();
    let finished = read(&stage.store, &stage.run, ended);
    assert_eq!(
        finished.state.output,
        Some(Payload::Inline(json!({"r": "reject_once"})))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_gate_never_survives_its_turn() {
    let stage = Stage::new(ASKING);
    let worker = stage.begin(stage.with(Arc::new(Asks)));
    stage
        .until(|event| matches!(event.body, EventBody::RunWaiting { .. }))
        .await;
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    work(&stage.store, &stage.run, stage.with(Arc::new(Asks))).await;
    people::resume(&stage.store, &stage.run);
    let worker = stage.begin(stage.with(Arc::new(Asks)));
    let second = |event: &Event| matches!(&event.body, EventBody::GateOpened { gate } if gate.gate.as_str() == "g2");
    stage.until(second).await;
    let state = load_state(stage.store.as_ref(), &stage.run).unwrap();
    assert_eq!(state.open_gates.len(), 1);
    stage.request(EventBody::AbortRequested {
        actor: actor(),
        reason: String::new(),
    });
    assert_eq!(
        worker.await.unwrap().unwrap(),
        Ended::With(Status::Cancelled)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_cannot_work_on_one_run() {
    let stage = Stage::new(SLEEPER);
    let worker = stage.begin(stage.around());
    assert!(stage.store.try_lock(&stage.run).unwrap().is_none());
    stage.process().await;
    assert!(stage.store.try_lock(&stage.run).unwrap().is_none());
    stage.request(EventBody::AbortRequested {
        actor: actor(),
        reason: String::new(),
    });
    worker.await.unwrap().unwrap();
    assert!(stage.store.try_lock(&stage.run).unwrap().is_some());
}
