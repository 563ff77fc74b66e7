//! What runs again after a failure, and what never does.

use fermata_engine::event::EventBody;
use fermata_engine::gate::LimitDecision;
use fermata_engine::state::{Phase, StepStatus};
use fermata_engine::{
    Answer, Cause, Effect, End, Outcome, RunState, Session, SessionStart, Status, StepPath,
};
use serde_json::{Map, json};

use crate::run::{LOOP, Run, ada, at_limit};

#[test]
fn a_step_with_a_result_never_runs_again_and_one_without_runs_with_the_next_attempt() {
    let mut run = Run::new(&[("main.yaml", LOOP)], "ask");
    run.advance();
    run.say("write", json!({"result": "v1"}));
    run.conclude(
        "judge",
        Outcome::Failed {
            error: fermata_engine::Failure {
                kind: "ProviderError".to_owned(),
                message: "no answer".to_owned(),
                names: Vec::new(),
            },
            detail: Map::new(),
            elapsed: 1,
        },
    );
    assert_eq!(run.state.status, Status::Failed);
    run.resume(2);
    let due = run.due();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].attempt(), (&StepPath::from("judge"), 2));
    assert_eq!(run.started(), ["write", "judge", "judge"]);
}

#[test]
fn an_attempt_of_an_earlier_worker_is_started_again_by_the_next_one() {
    let mut run = Run::new(&[("main.yaml", LOOP)], "ask");
    run.advance();
    assert_eq!(run.due()[0].attempt().1, 1);
    run.write(EventBody::RunFailed {
        cause: Cause::Interrupted,
        error: fermata_engine::Failure {
            kind: "Interrupted".to_owned(),
            message: String::new(),
            names: Vec::new(),
        },
        step: None,
        output: None,
        actor: None,
    });
    run.resume(2);
    assert_eq!(run.due()[0].attempt(), (&StepPath::from("write"), 2));
}

#[test]
fn a_limit_that_was_answered_with_stop_is_not_asked_about_again_when_the_worker_dies() {
    let mut run = at_limit();
    let gate = run.state.open_gates[0].gate.clone();
    run.write(EventBody::IterationLimitResolved {
        gate: gate.gate,
        answer: Answer::IterationLimit {
            decision: LimitDecision::Stop,
            n: None,
        },
        max_iterations: 4,
        actor: ada(),
        waited: 1,
    });
    for (_, body) in run.state.ending(&End::Interrupt) {
        run.write(body);
    }
    run.resume(2);
    assert_eq!(run.state.cause, Some(Cause::IterationLimit));
    assert!(run.state.open_gates.is_empty());
    run.resume(3);
    assert_eq!(run.state.open_gates.len(), 1, "resumed, it asks again");
}

#[test]
fn steps_that_share_a_session_key_go_on_with_the_session_that_the_log_names() {
    const SHARED: &str = r#"
workflow: {name: shared, entry_point: one, runtime: {provider: claude-agent-sdk}}
agents:
  - {name: one, prompt: One., session_key: k, routes: [{to: two}]}
  - {name: two, prompt: Two., session_key: k, routes: [{to: three}]}
  - {name: three, prompt: Three., session_key: k, working_dir: /elsewhere}
"#;
    let mut run = Run::new(&[("main.yaml", SHARED)], "ask");
    run.advance();
    let start = |run: &Run| match run.due().remove(0) {
        Effect::Agent(call) => call.session.start,
        other => panic!("an agent is asked, found {other:?}"),
    };
    let speak = |run: &mut Run, path: &str, id: &str| {
        let session = Session {
            id: id.to_owned(),
            agent: "claude-agent-sdk".to_owned(),
            from: None,
            key: Some("k".to_owned()),
            cwd: None,
        };
        run.conclude(
            path,
            Outcome::Agent {
                output: json!({"result": "said"}),
                detail: Map::from_iter([session.fact()]),
                elapsed: 1,
            },
        );
        run.advance();
    };
    assert_eq!(start(&run), SessionStart::Fresh);
    speak(&mut run, "one", "s1");
    assert_eq!(start(&run), SessionStart::Resume("s1".to_owned()));
    speak(&mut run, "two", "s2");
    assert_eq!(start(&run), SessionStart::Fresh, "it works elsewhere");
    let folded = RunState::fold_all(&run.log).unwrap();
    assert_eq!(folded.sessions["k"].id, "s2");
}

#[test]
fn resuming_from_an_earlier_step_takes_back_what_came_after_it() {
    let mut run = at_limit();
    run.answer_limit(LimitDecision::Stop, None);
    let first_judge = run
        .state
        .steps
        .values()
        .find(|record| record.path.0 == "judge")
        .and_then(|record| record.result_seq)
        .unwrap();
    run.write(EventBody::RunResumed {
        status: Status::Queued,
        actor: ada(),
        definition: None,
        from: Some("judge".to_owned()),
        agent: None,
    });
    run.write(EventBody::StepsInvalidated {
        from: "judge".to_owned(),
        after: first_judge - 1,
    });
    run.claim(2);
    run.advance();
    let frame = &run.state.frames[&StepPath::root()];
    assert_eq!(frame.history, ["write"]);
    assert_eq!(frame.iteration, 1);
    assert_eq!(frame.phase, Phase::Running(StepPath::from("judge#3")));
    let Effect::Agent(call) = &run.due()[0] else {
        panic!("a prompt is due");
    };
    assert_eq!(call.prompt, "Judge v1");
}
#[test]
fn a_log_with_a_hole_does_not_fold() {
    let run = at_limit();
    let mut log = run.log;
    log.remove(3);
    assert!(RunState::fold_all(&log).is_err());
}

#[test]
fn every_step_has_one_row_with_its_last_attempt() {
    let run = at_limit();
    let rows: Vec<_> = run
        .state
        .steps
        .values()
        .map(|row| (row.path.0.as_str(), row.attempt, row.status))
        .collect();
    assert_eq!(
        rows,
        [
            ("write", 1, StepStatus::Completed),
            ("judge", 1, StepStatus::Completed),
            ("write#2", 1, StepStatus::Completed),
            ("judge#2", 1, StepStatus::Completed),
        ]
    );
}
