//! What references see: outputs of the nodes that a text names, of its own
//! scope and of those around it. Only these are looked up, so that a text
//! costs what it names.

use fermata_expr::archon::js;
use fermata_expr::archon::output::{NodeOutput, Outputs};
use fermata_expr::archon::reference;
use serde_json::Value;

use super::graph::Graph;
use super::node::Node;
use super::place::scopes;
use crate::definition::Definition;
use crate::event::Payload;
use crate::ids::StepPath;
use crate::state::{NodeRecord, NodeState, RunState};

/// Key in `step_completed.detail`: the output is the structured answer itself, its text the canonical JSON.
pub(crate) const STRUCTURED: &str = "structured";
/// Key in `step_completed.detail`: a structured answer beside an output that stays text.
pub(crate) const VALUE: &str = "value";

/// Key in `step_completed.detail`: what an agent said beside its structured answer.
pub(crate) const BESIDE: &str = "beside";

/// Outputs of every node that the texts name.
pub(crate) fn named<'t>(
    state: &RunState,
    definition: &Definition,
    scope: &StepPath,
    texts: impl IntoIterator<Item = &'t str>,
) -> Outputs {
    let mut outputs = Outputs::new();
    let Some(project) = definition.archon() else {
        return outputs;
    };
    let around = scopes(scope);
    for text in texts {
        let names = reference::node_refs(text)
            .into_iter()
            .chain(reference::dotted_refs(text))
            .map(|found| found.node);
        for name in names {
            if outputs.contains_key(&name) {
                continue;
            }
            let found = around.iter().find_map(|scope| {
                let graph = project.graph(scope)?;
                let at = graph.find(&name)?;
                Some((graph.node(at), graph.path(scope, at)))
            });
            if let Some((node, path)) = found {
                outputs.insert(name, of(node, state.nodes.get(&path)));
            }
        }
    }
    outputs
}

/// Outputs of all nodes of a scope: what `$LOOP_PREV` of the next round sees.
#[allow(dead_code, reason = "read by groups, whose rounds come on top of this")]
pub(crate) fn whole(state: &RunState, definition: &Definition, scope: &StepPath) -> Outputs {
    let graph = definition.archon().and_then(|project| project.graph(scope));
    graph
        .into_iter()
        .flat_map(|graph| (0..graph.len()).map(move |at| (graph, at)))
        .map(|(graph, at)| {
            let node = graph.node(at);
            let record = state.nodes.get(&graph.path(scope, at));
            (node.id().to_owned(), of(node, record))
        })
        .collect()
}

/// The end of a graph that speaks for the whole of it: the first, in file order, that completed and left more than
/// blanks (specs/archon.md 4.6, 4.10).
pub(crate) fn spoken(state: &RunState, graph: &Graph, scope: &StepPath) -> Option<usize> {
    graph.sinks().find(|at| {
        let record = state.nodes.get(&graph.path(scope, *at));
        record.is_some_and(|record| record.state == NodeState::Completed)
            && !js::trim(&of(graph.node(*at), record).text).is_empty()
    })
}

/// What a node has produced.
pub(crate) fn of(node: Node<'_>, record: Option<&NodeRecord>) -> NodeOutput {
    let mut output = NodeOutput {
        state: record.map_or(NodeState::Pending, |record| record.state),
        text: String::new(),
        structured: None,
        declared: node.declared(),
    };
    let Some(record) = record else {
        return output;
    };
    let Some(Payload::Inline(value)) = &record.output else {
        return output;
    };
    let flag = |key: &str| record.detail.get(key) == Some(&Value::Bool(true));
    output.text = js::canonical(value);
    output.structured = if flag(STRUCTURED) {
        Some(value.clone())
    } else {
        record.detail.get(VALUE).cloned()
    };
    output
}
