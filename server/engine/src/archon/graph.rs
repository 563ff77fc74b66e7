//! The graph of one scope: its nodes, in which order they are looked at, and
//! the layer of each. Built once when a definition is loaded.

use std::collections::HashMap;

use serde_json::Value;

use super::layers::layers;
use super::node::{Kind, Node};
use crate::ids::StepPath;
use crate::path::escape;

/// Nodes in an order in which every node comes after all it depends on.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    nodes: Vec<Value>,
    /// Path segments of the nodes.
    segments: Vec<String>,
    /// Positions of what each node depends on; `None` for an id that does not exist.
    dependencies: Vec<Vec<Option<usize>>>,
    order: Vec<usize>,
    layer: Vec<usize>,
    width: Vec<usize>,
    by_id: HashMap<String, usize>,
    by_segment: HashMap<String, usize>,
    /// Paths of the nodes in the workflow's own scope.
    at_root: Vec<StepPath>,
    /// Which nodes end the run.
    cancels: Vec<bool>,
}

impl Graph {
    /// The graph of these nodes. Nodes that wait for each other are left out: such a workflow does not load.
    pub(crate) fn of(nodes: &[Value]) -> Self {
        let edges: Vec<(&str, Vec<&str>)> = nodes
            .iter()
            .map(|value| {
                let node = Node::of(value);
                (node.id(), node.depends_on().collect())
            })
            .collect();
        let by_id: HashMap<String, usize> = edges
            .iter()
            .enumerate()
            .map(|(at, (id, _))| ((*id).to_owned(), at))
            .collect();
        let mut order = Vec::with_capacity(nodes.len());
        let mut layer = vec![0; nodes.len()];
        let mut width = Vec::new();
        for (number, ids) in layers(&edges).unwrap_or_default().iter().enumerate() {
            width.push(ids.len());
            for id in ids {
                let at = by_id[*id];
                layer[at] = number;
                order.push(at);
            }
        }
        let dependencies = edges
            .iter()
            .map(|(_, on)| on.iter().map(|id| by_id.get(*id).copied()).collect())
            .collect();
        let segments: Vec<String> = edges.iter().map(|(id, _)| escape(id)).collect();
        let numbered = segments.iter().enumerate();
        Self {
            by_segment: numbered.map(|(at, text)| (text.clone(), at)).collect(),
            at_root: segments.iter().map(|text| StepPath(text.clone())).collect(),
            cancels: nodes
                .iter()
                .map(|value| Node::of(value).kind() == Kind::Cancel)
                .collect(),
            segments,
            nodes: nodes.to_vec(),
            dependencies,
            order,
            layer,
            width,
            by_id,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    pub(crate) fn node(&self, at: usize) -> Node<'_> {
        Node::of(&self.nodes[at])
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.nodes.iter().map(Node::of)
    }

    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn path(&self, scope: &StepPath, at: usize) -> StepPath {
        scope.child(&self.segments[at])
    }

    /// The path of a node in the workflow's own scope.
    pub(crate) fn root_path(&self, at: usize) -> &StepPath {
        &self.at_root[at]
    }

    /// Whether a node ends the run.
    pub(crate) fn cancels(&self, at: usize) -> bool {
        self.cancels[at]
    }

    /// The node at a path of this scope.
    pub(crate) fn at_segment(&self, segment: &str) -> Option<usize> {
        self.by_segment.get(segment).copied()
    }

    pub(crate) fn dependencies(&self, at: usize) -> &[Option<usize>] {
        &self.dependencies[at]
    }

    pub(crate) fn layer(&self, at: usize) -> usize {
        self.layer[at]
    }

    /// Positions of the nodes of a layer, in its order.
    pub(crate) fn of_layer(&self, layer: usize) -> impl Iterator<Item = usize> {
        self.order
            .iter()
            .copied()
            .filter(move |at| self.layer[*at] == layer)
    }

    /// How many layers there are.
    pub(crate) fn layers(&self) -> usize {
        self.width.len()
    }

    /// How many nodes a layer has.
    pub(crate) fn width(&self, layer: usize) -> usize {
        self.width.get(layer).copied().unwrap_or_default()
    }

    /// Nodes on which nobody waits, in file order.
    pub(crate) fn sinks(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len())
            .filter(|at| !self.dependencies.iter().any(|on| on.contains(&Some(*at))))
    }
}

/// Which graph a scope runs: the rounds taken out of its path.
pub(crate) fn key(scope: &StepPath) -> String {
    let mut key = String::with_capacity(scope.0.len());
    let mut depth = 0;
    for c in scope.0.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            c if depth == 0 => key.push(c),
            _ => {}
        }
    }
    key
}
