//! Random graphs with random outcomes, in random order: the ready-queue ends in
//! the states that the layers end in, and the log folds to the state.

use fermata_engine::Status;
use fermata_engine::state::NodeState;
use proptest::prelude::*;

use crate::reference::{Condition, Node, states};
use crate::run::{Run, workflow};

const RULES: [&str; 4] = [
    "all_success",
    "one_success",
    "none_failed_min_one_success",
    "all_done",
];

pub(crate) fn graph() -> impl Strategy<Value = Vec<Node>> {
    let node = (
        proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        0..4_usize,
        proptest::option::of((any::<prop::sample::Index>(), any::<bool>(), 0..3_u8)),
        proptest::option::weighted(0.8, 0..3_u8),
        prop::bool::weighted(0.1),
    );
    proptest::collection::vec(node, 1..14).prop_map(|raw| {
        raw.into_iter()
            .enumerate()
            .map(|(at, (on, rule, when, says, always))| {
                let mut on: Vec<usize> = on
                    .iter()
                    .filter(|_| at > 0)
                    .map(|index| index.index(at))
                    .collect();
                on.sort_unstable();
                on.dedup();
                // Conditions look at what the node depends on: of other nodes it is chance whether they have run.
                let when = when
                    .filter(|_| !on.is_empty())
                    .map(|(index, equal, digit)| Condition {
                        node: on[index.index(on.len())],
                        equal,
                        digit,
                    });
                Node {
                    on,
                    rule: RULES[rule],
                    when,
                    says,
                    always,
                }
            })
            .collect()
    })
}

pub(crate) fn text(nodes: &[Node]) -> String {
    let mut text = String::new();
    for (at, node) in nodes.iter().enumerate() {
        let on: Vec<String> = node.on.iter().map(|on| format!("n{on}")).collect();
        text.push_str(&format!(
            "  - id: n{at}\n    bash: echo\n    depends_on: [{}]\n    trigger_rule: {}\n",
            on.join(", "),
            node.rule
        ));
        if node.always {
            text.push_str("    always_run: true\n");
        }
        if let Some(when) = &node.when {
            text.push_str(&format!(
                "    when: \"$n{}.output {} '{}'\"\n",
                when.node,
                if when.equal { "==" } else { "!=" },
                when.digit
            ));
        }
    }
    workflow(&text)
}

#[test]
fn an_interrupted_graph_goes_on_as_if_nothing_had_happened() {
    let mut run = Run::new(&workflow(
        "  - {id: a, bash: a}\n  - {id: b, bash: b, retry: {max_attempts: 2, delay_ms: 1000, on_error: all}}\n  - {id: c, depends_on: [a], trigger_rule: all_done, bash: c}\n  - {id: d, depends_on: [a], bash: d}\n",
    ));
    run.ends("a", 1, "");
    run.says("c", "made in spite of it");
    run.ends("b", 1, "");
    let pause = run.now + 1_000;
    run.interrupt();
    run.resume(2);
    // A failure is a result: neither it nor what was made of it is made again, and the pause before `b` is kept.
    assert_eq!(run.state_of("a"), NodeState::Failed);
    assert_eq!(run.state_of("d"), NodeState::Skipped);
    assert!(run.under_way().is_empty());
    run.now = pause;
    run.advance();
    run.ends("b", 1, "");
    run.interrupt();
    run.resume(3);
    run.now += 2_000;
    run.advance();
    run.ends("b", 1, "");
    assert_eq!(run.state.status, Status::Failed, "two more tries, no more");
    // Whoever resumes a run that has failed wants what failed done again.
    run.resume(4);
    assert_eq!(run.under_way(), ["a", "b"]);
    run.folds_to_itself();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_ready_queue_ends_in_the_states_that_layers_end_in(
        nodes in graph(),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 14),
        killed_after in proptest::option::of(0..14_usize),
    ) {
        let mut run = Run::new(&text(&nodes));
        let mut fence = 1;
        for (turn, pick) in order.iter().enumerate() {
            if killed_after == Some(turn) && run.state.status == Status::Running {
                fence += 1;
                run.claim(fence);
                run.advance();
            }
            let open: Vec<String> = run.under_way().iter().map(|id| (*id).to_owned()).collect();
            if open.is_empty() {
                break;
            }
            let id = &open[pick.index(open.len())];
            let at: usize = id[1..].parse().unwrap();
            match nodes[at].says {
                Some(digit) => run.says(id, &format!("{digit}\n")),
                None => run.ends(id, 1, ""),
            }
        }
        let expected = states(&nodes);
        for (at, state) in &expected {
            prop_assert_eq!(run.state_of(&format!("n{at}")), *state, "n{} of {:?}", at, nodes);
        }
        let failed = expected.values().any(|s| *s == NodeState::Failed);
        let completed = expected.values().any(|s| *s == NodeState::Completed);
        let status = if failed || !completed { Status::Failed } else { Status::Completed };
        prop_assert_eq!(run.state.status, status);
        run.folds_to_itself();
    }
}
