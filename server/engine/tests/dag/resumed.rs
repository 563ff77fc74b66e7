//! Random graphs that fail, are edited where nothing has completed, and go on:
//! what is kept and what is done again is what a naive reading of the rule says.

use std::collections::BTreeMap;

use fermata_engine::Status;
use fermata_engine::state::NodeState;
use proptest::prelude::*;

use crate::ready::{graph, text};
use crate::reference::{Node, redone, states};
use crate::run::Run;

/// Carries out what is open, in an order that is given, until nothing is; what was carried out.
fn carry_out(run: &mut Run, nodes: &[Node], order: &[prop::sample::Index]) -> Vec<usize> {
    let mut done = Vec::new();
    for pick in order {
        let open: Vec<String> = run.under_way().iter().map(|id| (*id).to_owned()).collect();
        if open.is_empty() {
            break;
        }
        let id = &open[pick.index(open.len())];
        let at: usize = id[1..].parse().unwrap();
        done.push(at);
        match nodes[at].says {
            Some(digit) => run.says(id, &format!("{digit}\n")),
            None => run.ends(id, 1, ""),
        }
    }
    done.sort_unstable();
    done
}

fn all(run: &Run, nodes: &[Node]) -> BTreeMap<usize, NodeState> {
    let ids = 0..nodes.len();
    ids.map(|at| (at, run.state_of(&format!("n{at}"))))
        .collect()
}

/// Another condition, rule or result for what has not completed.
type Edit = (Option<u8>, bool, bool);

fn edited(nodes: &[Node], states: &BTreeMap<usize, NodeState>, edits: &[Edit]) -> Vec<Node> {
    let mut nodes = nodes.to_vec();
    for (at, (says, rule, when)) in edits.iter().enumerate().take(nodes.len()) {
        if states[&at] == NodeState::Completed {
            continue;
        }
        nodes[at].says = *says;
        if *rule {
            nodes[at].rule = "all_done";
        }
        if *when {
            nodes[at].when = None;
        }
    }
    nodes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_edited_graph_that_goes_on_does_again_what_the_rule_says_and_nothing_else(
        nodes in graph(),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 14),
        edits in proptest::collection::vec((proptest::option::weighted(0.8, 0..3_u8), any::<bool>(), prop::bool::weighted(0.3)), 14),
        interrupted in any::<bool>(),
    ) {
        let mut run = Run::new(&text(&nodes));
        carry_out(&mut run, &nodes, &order);
        let states_before = all(&run, &nodes);
        if run.state.status != Status::Failed {
            return Ok(());
        }
        let before: BTreeMap<_, _> = states_before
            .iter()
            .map(|(at, state)| (*at, (*state, nodes[*at].says)))
            .collect();
        let nodes = edited(&nodes, &states_before, &edits);
        run.definition = Run::new(&text(&nodes)).definition;
        run.resume(2);
        if interrupted {
            // A worker that dies right away changes nothing.
            run.interrupt();
            run.resume(3);
        }
        let done = carry_out(&mut run, &nodes, &order);
        let after = states(&nodes);
        for (at, state) in &after {
            prop_assert_eq!(run.state_of(&format!("n{at}")), *state, "n{} of {:?}", at, nodes);
        }
        prop_assert_eq!(done, redone(&nodes, &before, &after), "{:?}", nodes);
        run.folds_to_itself();
    }
}
