//! Properties over random workflows, and how much one transaction holds.

use fermata_engine::event::{Event, EventBody};
use fermata_engine::gate::LimitDecision;
use fermata_engine::schedule;
use fermata_engine::{RunState, Status, StepPath};
use proptest::prelude::*;

use crate::run::Run;

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
        let plan = schedule::advance(&mut run.state, &run.definition, run.now);
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
    for (step, (a, b, modulus)) in targets.iter().take(steps).enumerate() {
        let name = |to: usize| {
            if to >= steps {
                "$end".to_owned()
            } else {
                format!("s{to}")
            }
        };
        text.push_str(&format!(
            "  - {{name: s{step}, type: set, value: '{{{{ context.iteration }}}}', routes: [{{to: {}, when: '{{{{ context.iteration % {modulus} == 0 }}}}'}}, {{to: {}}}]}}\n",
            name(*a),
            name(*b)
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
            let plan = schedule::advance(&mut run.state, &run.definition, run.now);
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
