//! Groups and the workflows inside them: concurrency, gates, failure modes.

use fermata_engine::event::EventBody;
use fermata_engine::gate::LimitDecision;
use fermata_engine::{Answer, Cause, Outcome, RunState, Status, StepPath};
use serde_json::{Map, Value, json};

use crate::run::{Run, ada, fails};

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
    let mut run = Run::new(&[("main.yaml", FAN), ("child.yaml", CHILD)], "ask");
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
#[test]
fn a_step_without_a_model_gets_the_workflows_default() {
    let text = TEAM
        .replace(
            "entry_point: team",
            "entry_point: team, runtime: {default_model: large, default_reasoning_effort: high}",
        )
        .replace(
            "prompt: B",
            "prompt: B, model: small, reasoning: {effort: low}",
        );
    let mut run = Run::new(&[("main.yaml", &text)], "ask");
    run.advance();
    let models: Vec<_> = run
        .due()
        .iter()
        .map(|effect| match effect {
            fermata_engine::Effect::Agent(call) => (call.model.clone(), call.effort.clone()),
            fermata_engine::Effect::Script(call) => panic!("{call:?}"),
            fermata_engine::Effect::Child(call) => panic!("{call:?}"),
        })
        .collect();
    let pair = |model: &str, effort: &str| (Some(model.to_owned()), Some(effort.to_owned()));
    assert_eq!(models, [pair("large", "high"), pair("small", "low")]);
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

#[test]
fn a_failing_member_ends_its_sibling_before_the_group_fails() {
    let mut run = Run::new(&[("main.yaml", TEAM)], "ask");
    run.advance();
    assert_eq!(run.due().len(), 2);
    let cancel = run.conclude("team/a", fails());
    assert_eq!(cancel, [StepPath::from("team/b")]);
    assert_eq!(run.state.status, Status::Running);
    run.conclude("team/b", Outcome::Cancelled { elapsed: 1 });
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
    run.conclude("team/b", fails());
    assert_eq!(run.state.status, Status::Failed);
    run.resume(2);
    let due = run.due();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].attempt(), (&StepPath::from("team/b"), 2));
    run.say("team/b", json!({"result": "y"}));
    assert_eq!(run.state.status, Status::Completed);
}
