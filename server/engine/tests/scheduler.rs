//! The Conductor scheduler without a worker: a definition in memory, effects
//! answered by the test, time as the test says.

use std::path::Path;

use fermata_engine::conductor::{self, maximum_after};
use fermata_engine::event::{EventBody, ProcessId, SCHEMA, Surface};
use fermata_engine::gate::LimitDecision;
use fermata_engine::state::{Phase, StepStatus};
use fermata_engine::{
    Actor, Answer, Cause, Definition, Effect, Entry, Event, Fence, Outcome, RunId, RunState,
    Status, StepPath,
};
use fermata_workflow::MemoryWorld;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn ada() -> Actor {
    Actor {
        by: "ada".to_owned(),
        surface: Surface::Terminal,
    }
}

/// A run in memory: its log, its state, its clock.
struct Run {
    definition: Definition,
    state: RunState,
    log: Vec<Event>,
    now: u64,
}

impl Run {
    fn new(files: &[(&str, &str)], gates: &str) -> Self {
        let mut world = MemoryWorld::new();
        for (name, text) in files {
            world.add_file(Path::new("/w").join(name), *text);
        }
        let definition = Definition::load(&world, Path::new("/w/main.yaml")).unwrap();
        let mut run = Self {
            definition,
            state: RunState::default(),
            log: Vec::new(),
            now: 1_000,
        };
        run.write(EventBody::RunQueued {
            workflow: "main".to_owned(),
            file: "/w/main.yaml".to_owned(),
            dialect: "conductor".to_owned(),
            scope: "/w".to_owned(),
            message: None,
            inputs: Map::new(),
            request: "r".to_owned(),
            parent: None,
            gates: gates.to_owned(),
            agent: None,
            actor: ada(),
            cwd: "/w".to_owned(),
            dry_run: false,
        });
        run.claim(1);
        run
    }

    fn claim(&mut self, fence: u64) {
        self.write(EventBody::RunStarted {
            fence: Fence(fence),
            worker: ProcessId {
                pid: 1,
                started: 1,
                boot: "b".to_owned(),
            },
            version: "0".to_owned(),
            seed: 1,
            deadline: None,
        });
    }

    /// Appends an event that the scheduler did not draft.
    fn write(&mut self, body: EventBody) {
        let event = self.event(StepPath::root(), self.now, body);
        self.state.fold(&event).unwrap();
        self.log.push(event);
    }

    fn event(&self, path: StepPath, at: u64, body: EventBody) -> Event {
        Event {
            run: RunId::from("r1"),
            seq: self.log.len() as u64 + 1,
            at,
            path,
            schema: SCHEMA,
            check: String::new(),
            body,
        }
    }

    /// Keeps what the scheduler drafted (and has folded).
    fn keep(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            let event = self.event(entry.path, entry.at, entry.body);
            self.log.push(event);
        }
    }

    /// Goes on until nothing follows.
    fn advance(&mut self) -> Vec<StepPath> {
        loop {
            let plan = conductor::advance(&mut self.state, &self.definition, self.now);
            self.keep(plan.append);
            if plan.idle {
                return plan.cancel;
            }
        }
    }

    fn due(&self) -> Vec<Effect> {
        conductor::due(&self.state, &self.definition)
    }

    fn conclude(&mut self, path: &str, outcome: Outcome) {
        let path = StepPath::from(path);
        let attempt = self.state.open[&path].attempt;
        let entries = conductor::conclude(
            &mut self.state,
            &self.definition,
            self.now,
            &path,
            attempt,
            outcome,
        );
        self.keep(entries);
    }

    fn say(&mut self, path: &str, output: Value) {
        self.conclude(
            path,
            Outcome::Agent {
                output,
                detail: Map::new(),
                elapsed: 1,
            },
        );
        self.advance();
    }

    fn answer_limit(&mut self, decision: LimitDecision, n: Option<u64>) {
        let open = self.state.open_gates[0].clone();
        let answer = Answer::IterationLimit { decision, n };
        self.state.check_answer(&open.gate.gate, &answer).unwrap();
        let maximum = maximum_after(&open.gate, &answer);
        self.write(EventBody::IterationLimitResolved {
            gate: open.gate.gate,
            answer,
            max_iterations: maximum,
            actor: ada(),
            waited: 1,
        });
        self.advance();
    }

    fn resume(&mut self, fence: u64) {
        self.write(EventBody::RunResumed {
            status: Status::Queued,
            actor: ada(),
            definition: None,
            from: None,
            agent: None,
        });
        self.claim(fence);
        self.advance();
    }

    fn started(&self) -> Vec<String> {
        self.log
            .iter()
            .filter(|event| matches!(event.body, EventBody::StepStarted { .. }))
            .map(|event| event.path.0.clone())
            .collect()
    }
}

const LOOP: &str = "
workflow: {name: loop, entry_point: write, limits: {max_iterations: 4}}
agents:
  - {name: write, prompt: 'Write.', routes: [{to: judge}]}
  - name: judge
    prompt: 'Judge {{ write.output.result }}'
    output: {score: {type: number}, approved: {type: boolean}, feedback: {type: string}}
    routes: [{to: $end, when: '{{ output.approved }}'}, {to: write}]
output: {text: '{{ write.output.result }}'}
";

fn verdict(score: u64, approved: bool) -> Value {
    json!({"score": score, "approved": approved, "feedback": "too long\nand dull"})
}

/// Two rounds of a loop with a limit of four: the gate is open.
fn at_limit() -> Run {
    let mut run = Run::new(&[("main.yaml", LOOP)], "ask");
    run.advance();
    run.say("write", json!({"result": "v1"}));
    run.say("judge", verdict(3, false));
    run.say("write#2", json!({"result": "v2"}));
    run.say("judge#2", verdict(5, false));
    run
}

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
    run.advance();
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

const FAN: &str = "
workflow: {name: fan, entry_point: each, limits: {max_iterations: 20}}
agents: []
for_each:
  - name: each
    type: for_each
    source: workflow.input.items
    as: it
    max_concurrent: 2
    agent: {name: child, type: workflow, workflow: child.yaml, input_mapping: {n: '{{ it }}'}}
output: {o: '{{ each.outputs | json(0) }}'}
";

const CHILD: &str = "
workflow: {name: child, entry_point: s, limits: {max_iterations: 1}, input: {n: {type: number}}}
agents:
  - {name: s, type: set, value: '{{ workflow.input.n }}', routes: [{to: $end, when: '{{ context.iteration > 1 }}'}, {to: s}]}
output: {v: '{{ s.output }}'}
";

fn fan(items: Value) -> Run {
    let text = FAN.replace("workflow.input.items", "workflow.input.items");
    let mut run = Run::new(&[("main.yaml", &text), ("child.yaml", CHILD)], "ask");
    // The request is part of the log: a fresh run with these inputs.
    let EventBody::RunQueued { inputs, .. } = &mut run.log[0].body else {
        panic!("a log begins with run_queued");
    };
    inputs.insert("items".to_owned(), items);
    run.state = RunState::fold_all(&run.log).unwrap();
    run.advance();
    run
}

#[test]
fn gates_of_concurrent_children_are_answered_in_any_order() {
    for newest_first in [false, true] {
        let mut run = fan(json!([7, 8, 9]));
        let mut answered = 0;
        while run.state.status == Status::Waiting {
            if newest_first {
                run.state.open_gates.reverse();
            }
            run.answer_limit(LimitDecision::Continue, Some(3));
            answered += 1;
        }
        assert_eq!(answered, 3);
        assert_eq!(run.state.status, Status::Completed);
        let output = serde_json::to_value(run.state.output.as_ref().unwrap()).unwrap();
        assert_eq!(output, json!({"o": [{"v": 7}, {"v": 8}, {"v": 9}]}));
    }
}

#[test]
fn no_more_items_run_at_once_than_allowed() {
    let run = fan(json!([1, 2, 3, 4, 5]));
    assert_eq!(run.state.open_gates.len(), 2);
}

#[test]
fn stopping_withdraws_gates_and_a_late_answer_is_told_so() {
    let mut run = fan(json!([1]));
    let gate = run.state.open_gates[0].gate.gate.clone();
    run.write(EventBody::StopRequested { actor: ada() });
    run.advance();
    assert_eq!(
        (run.state.status, run.state.cause),
        (Status::Failed, Some(Cause::Stopped))
    );
    let refusal = run
        .state
        .check_answer(
            &gate,
            &Answer::IterationLimit {
                decision: LimitDecision::Stop,
                n: None,
            },
        )
        .unwrap_err();
    assert!(refusal.reason.contains("withdrawn"), "{}", refusal.reason);
    run.resume(2);
    assert_eq!(run.state.status, Status::Waiting);
    assert_eq!(run.state.open_gates[0].gate.path.0, "each[0]/s#2");
}

const TEAM: &str = "
workflow: {name: team, entry_point: team}
agents:
  - {name: a, prompt: A}
  - {name: b, prompt: B}
parallel:
  - {name: team, agents: [a, b], failure_mode: fail_fast}
output: {}
";

fn fails() -> Outcome {
    Outcome::Failed {
        error: fermata_engine::Failure {
            kind: "ProviderError".to_owned(),
            message: "no".to_owned(),
            names: Vec::new(),
        },
        detail: Map::new(),
        elapsed: 1,
    }
}

#[test]
fn a_failing_member_ends_its_sibling_before_the_group_fails() {
    let mut run = Run::new(&[("main.yaml", TEAM)], "ask");
    run.advance();
    assert_eq!(run.due().len(), 2);
    run.conclude("team/a", fails());
    let cancel = run.advance();
    assert_eq!(cancel, [StepPath::from("team/b")]);
    assert_eq!(run.state.status, Status::Running);
    run.conclude("team/b", Outcome::Cancelled { elapsed: 1 });
    run.advance();
    assert_eq!(run.state.status, Status::Failed);
    assert_eq!(run.state.error.as_ref().unwrap().names, ["a", "team"]);
}

#[test]
fn a_resumed_group_runs_only_the_members_without_a_result() {
    let mut run = Run::new(&[("main.yaml", TEAM)], "ask");
    run.advance();
    run.conclude(
        "team/a",
        Outcome::Agent {
            output: json!({"result": "x"}),
            detail: Map::new(),
            elapsed: 1,
        },
    );
    run.advance();
    run.conclude("team/b", fails());
    run.advance();
    assert_eq!(run.state.status, Status::Failed);
    run.resume(2);
    let due = run.due();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].attempt(), (&StepPath::from("team/b"), 2));
    run.say("team/b", json!({"result": "y"}));
    assert_eq!(run.state.status, Status::Completed);
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
        conductor::next_deadline(&run.state),
        Some(deadline + 60_000)
    );
    run.now = deadline + 60_000;
    let cancel = run.advance();
    assert_eq!(cancel, [StepPath::from("judge")]);
    run.conclude("judge", Outcome::Cancelled { elapsed: 1 });
    run.advance();
    assert_eq!(
        (run.state.status, run.state.cause),
        (Status::Failed, Some(Cause::Timeout))
    );
}

#[test]
fn resuming_from_an_earlier_step_takes_back_what_came_after_it() {
    let mut run = at_limit();
    run.answer_limit(LimitDecision::Stop, None);
    let first_judge = run
        .state
        .steps
        .iter()
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
fn steps_without_effects_share_transactions() {
    let text = "
workflow: {name: count, entry_point: s, limits: {max_iterations: 500}}
agents:
  - {name: s, type: set, value: '{{ context.iteration }}', routes: [{to: $end, when: '{{ context.iteration == 128 }}'}, {to: s}]}
output: {n: '{{ s.output }}'}
";
    let mut run = Run::new(&[("main.yaml", text)], "ask");
    let mut transactions = 0;
    loop {
        let plan = conductor::advance(&mut run.state, &run.definition, run.now);
        transactions += 1;
        let steps = plan
            .append
            .iter()
            .filter(|entry| matches!(entry.body, EventBody::StepStarted { .. }))
            .count();
        assert!(steps <= 65, "{steps} steps in one transaction");
        run.keep(plan.append);
        if plan.idle {
            break;
        }
    }
    assert_eq!(run.state.status, Status::Completed);
    assert!(
        transactions <= 4,
        "{transactions} transactions for 128 steps"
    );
}

/// A workflow of `set` steps that go wherever the numbers say.
fn random_workflow(steps: usize, limit: u64, targets: &[(usize, usize, u64)]) -> String {
    let mut text = format!(
        "workflow: {{name: random, entry_point: s0, limits: {{max_iterations: {limit}}}}}\nagents:\n"
    );
    for step in 0..steps {
        let (a, b, modulus) = targets[step];
        let name = |to: usize| {
            if to >= steps {
                "$end".to_owned()
            } else {
                format!("s{to}")
            }
        };
        text.push_str(&format!(
            "  - {{name: s{step}, type: set, value: '{{{{ context.iteration }}}}', routes: [{{to: {}, when: '{{{{ context.iteration % {modulus} == 0 }}}}'}}, {{to: {}}}]}}\n",
            name(a),
            name(b)
        ));
    }
    text.push_str("output: {}\n");
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_run_passes_its_limit_without_an_answer(
        steps in 1..5usize,
        limit in 1..8u64,
        targets in proptest::collection::vec((0..7usize, 0..7usize, 1..5u64), 5),
        answers in proptest::collection::vec(1..4u64, 0..6),
    ) {
        let text = random_workflow(steps, limit, &targets);
        let mut run = Run::new(&[("main.yaml", &text)], "ask");
        run.advance();
        let mut granted = limit;
        let mut answers = answers.into_iter();
        loop {
            let frame = &run.state.frames[&StepPath::root()];
            prop_assert!(frame.iteration <= granted);
            prop_assert_eq!(frame.iteration, frame.history.len() as u64);
            match run.state.status {
                Status::Completed => break,
                Status::Waiting => {
                    prop_assert_eq!(frame.iteration, granted);
                    let Some(n) = answers.next() else { break };
                    run.answer_limit(LimitDecision::Continue, Some(n));
                    granted += n;
                }
                status => prop_assert!(false, "{:?}", status),
            }
        }
    }

    #[test]
    fn folding_a_prefix_and_then_the_rest_is_folding_all(
        steps in 1..4usize,
        limit in 1..6u64,
        targets in proptest::collection::vec((0..6usize, 0..6usize, 1..4u64), 4),
        cut in 0.0..1.0f64,
    ) {
        let text = random_workflow(steps, limit, &targets);
        let mut run = Run::new(&[("main.yaml", &text)], "continue:2");
        for _ in 0..3 {
            let plan = conductor::advance(&mut run.state, &run.definition, run.now);
            run.keep(plan.append);
            if plan.idle { break }
        }
        // Through the wire form, as the store keeps it.
        let log: Vec<Event> = run
            .log
            .iter()
            .map(|event| serde_json::from_value(serde_json::to_value(event).unwrap()).unwrap())
            .collect();
        prop_assert_eq!(&log, &run.log);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let at = (log.len() as f64 * cut) as usize;
        let mut state = RunState::fold_all(&log[..at]).unwrap();
        for event in &log[at..] {
            state.fold(event).unwrap();
        }
        prop_assert_eq!(&state, &RunState::fold_all(&log).unwrap());
        prop_assert_eq!(&state, &run.state);
    }
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
        .iter()
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
