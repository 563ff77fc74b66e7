//! The iteration limit and its gate.

use fermata_engine::event::{EventBody, ProcessId};
use fermata_engine::gate::LimitDecision;
use fermata_engine::schedule;
use fermata_engine::{Cause, Fence, RunState, Status, StepPath};
use serde_json::json;

use fermata_engine::Outcome;

use crate::run::{LOOP, Run, at_limit};

#[test]
fn at_the_limit_the_gate_holds_the_evidence_to_decide_by() {
    let run = at_limit();
    assert_eq!(run.state.status, Status::Waiting);
    let gate = &run.state.open_gates[0].gate;
    let limit = gate.limit.as_ref().unwrap();
    assert_eq!(
        (limit.current_iteration, limit.max_iterations, limit.needed),
        (4, 4, 1)
    );
    assert_eq!(gate.step, "write");
    let cycle = limit.cycle.as_ref().unwrap();
    assert_eq!(
        (cycle.steps.as_slice(), cycle.rounds),
        (&["write".to_owned(), "judge".to_owned()][..], 2)
    );
    let scores: Vec<_> = limit
        .verdicts
        .iter()
        .map(|v| (v.round, v.score, v.flag))
        .collect();
    assert_eq!(
        scores,
        [(1, Some(3.0), Some(false)), (2, Some(5.0), Some(false))]
    );
    assert_eq!(limit.verdicts[0].feedback.as_deref(), Some("too long"));
    assert!(limit.possible_loop);
}

#[test]
fn continue_lets_exactly_that_many_more_steps_run_before_it_asks_again() {
    let mut run = at_limit();
    run.answer_limit(LimitDecision::Continue, Some(1));
    assert_eq!(run.state.status, Status::Running);
    run.say("write#3", json!({"result": "v3"}));
    let gate = &run.state.open_gates[0].gate;
    assert_eq!(gate.step, "judge");
    assert_eq!(gate.limit.as_ref().unwrap().max_iterations, 5);
}

#[test]
fn stop_fails_the_run_and_a_resume_presents_the_gate_again() {
    let mut run = at_limit();
    run.answer_limit(LimitDecision::Stop, None);
    assert_eq!(
        (run.state.status, run.state.cause),
        (Status::Failed, Some(Cause::IterationLimit))
    );
    let steps = run.started().len();
    run.resume(2);
    assert_eq!(run.state.status, Status::Waiting);
    assert_eq!(run.state.open_gates[0].gate.step, "write");
    assert_eq!(run.started().len(), steps);
}

#[test]
fn abort_cancels_the_whole_run() {
    let mut run = at_limit();
    run.answer_limit(LimitDecision::Abort, None);
    assert_eq!(run.state.status, Status::Cancelled);
}
#[test]
fn waiting_for_people_stretches_the_deadline_and_work_does_not() {
    let text = LOOP.replace("max_iterations: 4", "max_iterations: 1, timeout_seconds: 5");
    let mut run = Run::new(&[("main.yaml", &text)], "ask");
    run.log.pop();
    run.state = RunState::fold_all(&run.log).unwrap();
    let deadline = run.now + 5_000;
    run.write(EventBody::RunStarted {
        fence: Fence(1),
        worker: ProcessId {
            pid: 1,
            started: 1,
            boot: String::new(),
        },
        version: String::new(),
        seed: 1,
        deadline: Some(deadline),
    });
    run.advance();
    run.now += 1_000;
    run.say("write", json!({"result": "v"}));
    assert_eq!(run.state.status, Status::Waiting);
    run.now += 60_000;
    run.advance();
    assert_eq!(run.state.status, Status::Waiting);
    run.answer_limit(LimitDecision::Continue, Some(5));
    assert_eq!(run.state.status, Status::Running);
    assert_eq!(
        schedule::next_deadline(&run.state, &run.definition),
        Some(deadline + 60_000)
    );
    run.now = deadline + 60_000;
    let cancel = run.advance();
    assert_eq!(cancel, [StepPath::from("judge")]);
    run.conclude("judge", Outcome::Cancelled { elapsed: 1 });
    assert_eq!(
        (run.state.status, run.state.cause),
        (Status::Failed, Some(Cause::Timeout))
    );
}
