//! Where a node stands: its scope, its graph, its path. Found from the path
//! alone, so that it works after a restart.

use super::graph::Graph;
use super::node::Node;
use crate::definition::Definition;
use crate::ids::StepPath;

/// A node in its surroundings.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    /// The scope whose graph it is a node of.
    pub(crate) scope: StepPath,
    /// Its path.
    pub(crate) path: StepPath,
    /// The graph.
    pub(crate) graph: &'a Graph,
    /// Its position in the graph.
    pub(crate) at: usize,
    /// The node.
    pub(crate) node: Node<'a>,
}

impl<'a> Place<'a> {
    pub(crate) fn new(scope: &StepPath, graph: &'a Graph, at: usize) -> Self {
        Self {
            scope: scope.clone(),
            path: graph.path(scope, at),
            graph,
            at,
            node: graph.node(at),
        }
    }
}

/// The node at a path; `None` for a path that is none of a node (a round, say).
pub(crate) fn find<'a>(definition: &'a Definition, path: &StepPath) -> Option<Place<'a>> {
    if path.is_root() || path.0.ends_with(']') {
        return None;
    }
    let scope = path.parent();
    let graph = definition.archon()?.graph(&scope)?;
    let segment = path.0.rsplit('/').next()?;
    let at = graph.at_segment(segment)?;
    Some(Place::new(&scope, graph, at))
}

/// The scopes that a scope lies in, innermost first, itself included.
pub(crate) fn scopes(scope: &StepPath) -> Vec<StepPath> {
    let mut all = vec![scope.clone()];
    let mut at = scope.clone();
    while !at.is_root() {
        // From a round to its group, and from there to the scope of the group.
        at = at.parent();
        if !at.is_root() && !at.0.ends_with(']') {
            at = at.parent();
        }
        all.push(at.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_lies_in_the_scope_of_its_group() {
        let all = scopes(&StepPath::from("outer[2]/inner[3]"));
        let all: Vec<&str> = all.iter().map(StepPath::as_str).collect();
        assert_eq!(all, ["outer[2]/inner[3]", "outer[2]", ""]);
    }
}
