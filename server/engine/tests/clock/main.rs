//! Runs whose clock jumps: forward by a day, as after a suspend, and back by an
//! hour, as when somebody sets it. Between any two steps, and while a timer, a
//! gate or a pause before another attempt is open.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/run.rs"]
mod support;

use std::collections::BTreeSet;

use fermata_engine::event::{Cause, EventBody};
use fermata_engine::state::OpenAttempt;
use fermata_engine::{
    Answer, Failure, Fence, GateKind, Outcome, RunState, Status, StepPath, schedule,
};
use proptest::prelude::*;
use serde_json::Map;
use support::{Run, ada};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The longest pause that the graph below asks for: two minutes, doubled twice.
const LONGEST_PAUSE: u64 = 8 * MINUTE;

/// A wait, a program, a gate, and all of it again, within a time of its own; at the end a sub-workflow with another wait.
const LOOP: &str = "
workflow: {name: main, entry_point: pause, limits: {max_iterations: 40, timeout_seconds: 604800}}
agents:
  - {name: pause, type: wait, duration: 30m, routes: [{to: work}]}
  - {name: work, type: script, command: 'true', routes: [{to: ask}]}
  - name: ask
    type: human_gate
    prompt: Again?
    options: [{label: 'Yes', value: 'yes', route: pause}, {label: 'No', value: 'no', route: below}]
  - {name: below, type: workflow, workflow: ./below.yaml}
output: {}
";
const BELOW: &str = "
workflow: {name: below, entry_point: rest, limits: {timeout_seconds: 259200}}
agents:
  - {name: rest, type: wait, duration: 2h, routes: [{to: end}]}
  - {name: end, type: script, command: 'true'}
output: {}
";

/// Nodes that are tried again after a pause, before and beside an approval.
const GRAPH: &str = "
name: main
description: A graph.
nodes:
  - {id: try, bash: echo, retry: {max_attempts: 3, delay_ms: 60000, on_error: all}}
  - {id: aside, bash: echo, retry: {max_attempts: 3, delay_ms: 60000, on_error: all}}
  - {id: ask, approval: {message: 'Go on?'}, depends_on: [try]}
  - {id: after, bash: echo, retry: {max_attempts: 3, delay_ms: 60000, on_error: all}, depends_on: [ask]}
";

#[derive(Debug, Clone, Copy)]
enum Deed {
    Pass(u64),
    Forward,
    Back,
    /// One of the attempts that are due ends, well or badly.
    End(prop::sample::Index, bool),
    /// Somebody answers: once more, or on.
    Answer(bool),
    Resume,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        3 => (0..45 * MINUTE).prop_map(Deed::Pass),
        2 => Just(Deed::Forward),
        2 => Just(Deed::Back),
        4 => (any::<prop::sample::Index>(), prop::bool::weighted(0.7)).prop_map(|(at, well)| Deed::End(at, well)),
        2 => any::<bool>().prop_map(Deed::Answer),
        1 => Just(Deed::Resume),
    ];
    prop::collection::vec(deed, 0..60)
}

fn run(archon: bool) -> Run {
    let file = ".archon/workflows/main.yaml";
    let mut run = if archon {
        Run::claimed(&[(file, GRAPH)], file, None, Map::new(), "ask")
    } else {
        let files = [("main.yaml", LOOP), ("below.yaml", BELOW)];
        Run::claimed(&files, "main.yaml", None, Map::new(), "ask")
    };
    // Late enough to go back from.
    run.now = 1_000 * DAY;
    settle(&mut run);
    run
}

/// Goes on, ending what is asked to end, until nothing follows.
fn settle(run: &mut Run) {
    let mut cancel = run.advance();
    while let Some(path) = cancel.pop() {
        if run.state.open.contains_key(&path) {
            cancel = run.conclude(path.as_str(), Outcome::Cancelled { elapsed: 0 });
        }
    }
}

fn end(run: &mut Run, path: &StepPath, well: bool) {
    let outcome = if well {
        Outcome::Process {
            stdout: "said".to_owned(),
            stderr: String::new(),
            exit_code: 0,
            elapsed: 1,
        }
    } else {
        Outcome::Failed {
            error: Failure {
                kind: "ExecutionError".to_owned(),
                message: "connection reset".to_owned(),
                names: Vec::new(),
            },
            detail: Map::new(),
            elapsed: 1,
        }
    };
    run.conclude(path.as_str(), outcome);
    settle(run);
}

fn answer(run: &mut Run, again: bool) {
    let Some(open) = run.state.open_gates.first().cloned() else {
        return;
    };
    let answer = match open.gate.kind {
        GateKind::Human => Answer::Human {
            value: if again { "yes" } else { "no" }.to_owned(),
            input: Map::new(),
        },
        GateKind::Approval => Answer::Approval {
            decision: if again { "reject" } else { "approve" }.to_owned(),
            text: None,
        },
        kind => panic!("no {kind:?} gate is in these workflows"),
    };
    run.state.check_answer(&open.gate.gate, &answer).unwrap();
    run.write(EventBody::GateAnswered {
        gate: open.gate.gate,
        answer,
        actor: ada(),
        waited: run.now.saturating_sub(open.opened),
    });
    settle(run);
}

fn act(run: &mut Run, deed: Deed) {
    match deed {
        Deed::Pass(ms) => run.now += ms,
        Deed::Forward => run.now += DAY,
        Deed::Back => run.now -= HOUR,
        Deed::End(at, well) => {
            let due = run.due();
            if !due.is_empty() && !run.state.status.is_final() {
                let path = at.get(&due).attempt().0.clone();
                end(run, &path, well);
            }
        }
        Deed::Answer(again) => answer(run, again),
        Deed::Resume if run.state.status == Status::Failed => {
            let fence = run.state.fence.0 + 1;
            run.resume(fence);
        }
        Deed::Resume => {}
    }
    settle(run);
}

/// Nothing that was asked to last so long lasts longer from now on.
fn nothing_lasts_longer_than_it_was_to_last(run: &Run) {
    for OpenAttempt { step, timer, .. } in run.state.open.values() {
        if let Some(timer) = timer.filter(|timer| !timer.fired) {
            let left = timer.deadline - run.now;
            assert!(left as f64 <= timer.seconds * 1000.0, "{step}: {left} ms");
        }
    }
    if !run.state.status.is_live() {
        return;
    }
    for (path, frame) in &run.state.frames {
        if run.state.status == Status::Running
            && run.state.open.contains_key(path)
            && let Some(at) = frame.deadline
        {
            let waited = run.state.waited - frame.waited_before;
            let left = (at + waited).saturating_sub(run.now);
            assert!(left <= frame.deadline_span, "{path:?}: {left} ms");
        }
    }
    for (path, node) in &run.state.nodes {
        if let Some(at) = node.retry {
            assert!(at > run.now, "{path:?} is overdue");
            assert!(
                at - run.now <= LONGEST_PAUSE,
                "{path:?}: {} ms",
                at - run.now
            );
        }
    }
}

fn holds(run: &Run) {
    assert_eq!(RunState::fold_all(&run.log).unwrap(), run.state);
    nothing_lasts_longer_than_it_was_to_last(run);
    // A run at work has something to do or a moment to wait for; else it would never go on.
    if run.state.status == Status::Running {
        let next = schedule::next_deadline(&run.state, &run.definition);
        assert!(!run.due().is_empty() || next.is_some(), "{:#?}", run.state);
    }
    let mut done = BTreeSet::new();
    let mut deadline = None;
    for event in &run.log {
        match &event.body {
            EventBody::StepCompleted { .. } => {
                assert!(done.insert(&event.path), "{:?} twice", event.path);
            }
            EventBody::StepStarted { .. } => assert!(!done.contains(&event.path)),
            EventBody::TimerStarted { deadline: at, .. } => deadline = Some(*at),
            EventBody::TimerFired { .. } => {
                assert!(deadline.is_some_and(|at| at <= event.at), "fired early");
            }
            _ => {}
        }
    }
}

fn play(archon: bool, deeds: &[Deed]) {
    let mut run = run(archon);
    holds(&run);
    for deed in deeds {
        let held = (run.state.status == Status::Waiting).then(|| run.state.open_gates.clone());
        act(&mut run, *deed);
        holds(&run);
        // However long somebody is away, and whatever the clock says: a gate waits.
        if let (Some(gates), Deed::Pass(_) | Deed::Forward | Deed::Back) = (held, deed) {
            assert_eq!(
                (run.state.status, &run.state.open_gates),
                (Status::Waiting, &gates)
            );
        }
    }
    // Whatever it went through, it can still be brought to its end.
    for _ in 0..40 {
        if run.state.status.is_final() {
            break;
        }
        if run.state.status == Status::Failed {
            act(&mut run, Deed::Resume);
        }
        while let Some(effect) = run.due().first() {
            let path = effect.attempt().0.clone();
            end(&mut run, &path, true);
        }
        answer(&mut run, false);
        if let Some(at) = schedule::next_deadline(&run.state, &run.definition)
            && run.state.status.is_live()
        {
            run.now = run.now.max(at);
            settle(&mut run);
        }
        holds(&run);
    }
    assert!(run.state.status.is_final(), "{:#?}", run.state);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_loop_with_waits_and_gates_holds_under_a_clock_that_jumps(deeds in deeds()) {
        play(false, &deeds);
    }

    #[test]
    fn a_graph_with_retries_and_an_approval_holds_under_a_clock_that_jumps(deeds in deeds()) {
        play(true, &deeds);
    }
}

#[test]
fn a_wait_begins_again_when_the_clock_is_put_back_and_is_over_after_a_suspend() {
    let mut run = run(false);
    run.now -= HOUR;
    settle(&mut run);
    let timer = run.state.open.values().next().unwrap().timer.unwrap();
    assert_eq!(timer.deadline, run.now + 30 * MINUTE);
    run.now += DAY;
    settle(&mut run);
    assert_eq!(run.due()[0].attempt().0.as_str(), "work");
}

#[test]
fn the_time_of_a_run_and_of_a_sub_workflow_begins_again_when_the_clock_is_put_back() {
    let mut run = run(false);
    let fence = Fence(2);
    let deadline = run.now + HOUR;
    run.write(EventBody::RunStarted {
        fence,
        worker: run.state.worker.clone().unwrap(),
        version: "0".to_owned(),
        seed: 1,
        deadline: Some(deadline),
    });
    run.now += 10 * MINUTE;
    settle(&mut run);
    assert_eq!(run.state.deadline, Some(deadline), "time passes");
    run.now -= DAY;
    settle(&mut run);
    assert_eq!(run.state.deadline, Some(run.now + HOUR));
    run.now += 30 * MINUTE;
    settle(&mut run);
    end(&mut run, &StepPath::from("work"), true);
    // Nobody's time passes while people are asked, whatever the clock does.
    run.now -= DAY;
    settle(&mut run);
    assert_eq!(run.state.status, Status::Waiting);
    answer(&mut run, false);
    let below = |run: &Run| run.state.frames[&StepPath::from("below")].deadline;
    let before = below(&run).unwrap();
    assert_eq!(before, run.now + 3 * DAY);
    run.now -= DAY;
    settle(&mut run);
    assert_eq!(below(&run), Some(run.now + 3 * DAY));
    assert!(run.state.deadline.unwrap() <= run.now + HOUR);
    run.now += HOUR;
    settle(&mut run);
    assert_eq!(run.state.cause, Some(Cause::Timeout));
    assert_eq!(RunState::fold_all(&run.log).unwrap(), run.state);
}

#[test]
fn a_pause_before_another_attempt_is_over_when_the_clock_is_put_back() {
    let mut run = run(true);
    end(&mut run, &StepPath::from("try"), false);
    let tried = |run: &Run| run.state.open.contains_key(&StepPath::from("try"));
    run.now += MINUTE - 1;
    settle(&mut run);
    assert!(!tried(&run));
    run.now -= HOUR;
    settle(&mut run);
    assert!(tried(&run));
}
