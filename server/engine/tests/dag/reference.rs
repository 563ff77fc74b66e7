//! A second opinion: the same graph gone through naively, layer by layer, each
//! layer whole before the next (specs/archon.md 4.1). Slow and obvious.

use std::collections::BTreeMap;

use fermata_engine::state::NodeState;

/// How a condition reads: equal or not equal to a digit, of a node.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub(crate) node: usize,
    pub(crate) equal: bool,
    pub(crate) digit: u8,
}

/// A node of a random graph.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Nodes before it, by position.
    pub(crate) on: Vec<usize>,
    pub(crate) rule: &'static str,
    pub(crate) when: Option<Condition>,
    /// The digit that it says, or nothing when it fails.
    pub(crate) says: Option<u8>,
    /// `always_run`.
    pub(crate) always: bool,
}

/// The states of all nodes in the end.
pub(crate) fn states(nodes: &[Node]) -> BTreeMap<usize, NodeState> {
    let mut layer = vec![0_usize; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        layer[at] = node.on.iter().map(|on| layer[*on] + 1).max().unwrap_or(0);
    }
    let mut done: BTreeMap<usize, NodeState> = BTreeMap::new();
    for number in 0..=layer.iter().copied().max().unwrap_or(0) {
        let before = done.clone();
        for (at, node) in nodes.iter().enumerate() {
            if layer[at] == number {
                done.insert(at, one(node, nodes, &before));
            }
        }
    }
    done
}

/// Whether a node is carried out at all, where the states of all are these in the end.
pub(crate) fn is_carried_out(
    nodes: &[Node],
    at: usize,
    states: &BTreeMap<usize, NodeState>,
) -> bool {
    let node = Node {
        says: Some(0),
        ..nodes[at].clone()
    };
    one(&node, nodes, states) == NodeState::Completed
}

/// Nodes that a resume carries out (specs/archon.md 5.3): what had not completed, what asks for it, and what depends on
/// something that gives something else than before. `before` says what completed nodes had said.
pub(crate) fn redone(
    nodes: &[Node],
    before: &BTreeMap<usize, (NodeState, Option<u8>)>,
    after: &BTreeMap<usize, NodeState>,
) -> Vec<usize> {
    let mut changed = vec![false; nodes.len()];
    let mut redone = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let (state, said) = before[&at];
        let again =
            state != NodeState::Completed || node.always || node.on.iter().any(|on| changed[*on]);
        if !again {
            continue;
        }
        changed[at] = match (state, after[&at]) {
            (NodeState::Completed, NodeState::Completed) => said != node.says,
            (NodeState::Skipped, NodeState::Skipped) => false,
            _ => true,
        };
        if is_carried_out(nodes, at, after) {
            redone.push(at);
        }
    }
    redone
}

fn one(node: &Node, nodes: &[Node], before: &BTreeMap<usize, NodeState>) -> NodeState {
    let states: Vec<NodeState> = node.on.iter().map(|on| before[on]).collect();
    let any = |wanted: NodeState| states.contains(&wanted);
    let runs = node.on.is_empty()
        || match node.rule {
            "all_success" => states.iter().all(|s| *s == NodeState::Completed),
            "one_success" => any(NodeState::Completed),
            "none_failed_min_one_success" => any(NodeState::Completed) && !any(NodeState::Failed),
            _ => true,
        };
    if !runs {
        return NodeState::Skipped;
    }
    if let Some(condition) = &node.when {
        let read = match before.get(&condition.node) {
            Some(NodeState::Failed) => return NodeState::Failed,
            Some(NodeState::Completed) => nodes[condition.node].says.map(|d| d.to_string()),
            _ => None,
        };
        let equal = read.unwrap_or_default() == condition.digit.to_string();
        if equal != condition.equal {
            return NodeState::Skipped;
        }
    }
    match node.says {
        Some(_) => NodeState::Completed,
        None => NodeState::Failed,
    }
}
