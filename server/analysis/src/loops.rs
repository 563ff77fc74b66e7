//! Small questions that several loop rules ask about a loop of the route graph.

use fermata_workflow::Workflow;
use fermata_workflow::flow::{EdgeKind, Flow, FlowEdge, Judge, Loop, Target};
use fermata_workflow::model::{END, Route, StepKind};

/// Whether anything leaves the loop; a terminate step inside ends it as well.
pub(crate) fn has_exit(workflow: &Workflow, found: &Loop) -> bool {
    !found.exits.is_empty()
        || found
            .steps
            .iter()
            .any(|step| matches!(workflow.steps[*step].kind, StepKind::Terminate(_)))
}

/// Iterations that one round costs, at least 1: a step counts 1, a parallel group its members.
pub(crate) fn round_cost(workflow: &Workflow, found: &Loop) -> u64 {
    let once = &found.round[..found.round_length()];
    let cost = |step: &usize| match &workflow.steps[*step].kind {
        StepKind::Parallel(group) => group.members.len() as u64,
        _ => 1,
    };
    once.iter().map(cost).sum::<u64>().max(1)
}

/// The first route by which a judge sends work back.
pub(crate) fn back_route<'w>(workflow: &'w Workflow, judge: &Judge) -> Option<&'w Route> {
    let routes = &workflow.steps[judge.step].routes;
    judge.back.iter().find_map(|edge| match edge.kind {
        EdgeKind::Route(index) => routes.get(index),
        _ => None,
    })
}

/// Where the judge goes when it is content; `$end` when no route of its own leaves the loop.
pub(crate) fn exit_target<'w>(workflow: &'w Workflow, found: &Loop, judge: &Judge) -> &'w str {
    let routes = &workflow.steps[judge.step].routes;
    let exits = found.exits.iter().filter(|edge| edge.from == judge.step);
    exits
        .filter_map(|edge| match edge.kind {
            EdgeKind::Route(index) => routes.get(index),
            _ => None,
        })
        .map(|route| route.to.as_str())
        .next()
        .unwrap_or(END)
}

/// Edges between steps of the loop, in file order.
pub(crate) fn inner_edges(flow: &Flow, found: &Loop) -> Vec<FlowEdge> {
    let inside = |edge: &FlowEdge| matches!(edge.to, Target::Step(to) if found.contains(to));
    found
        .steps
        .iter()
        .flat_map(|step| flow.outgoing(*step))
        .filter(|edge| inside(edge))
        .copied()
        .collect()
}

/// The name of an edge's target.
pub(crate) fn target_name<'f>(flow: &'f Flow, edge: &FlowEdge) -> &'f str {
    match edge.to {
        Target::Step(step) => flow.name(step),
        _ => END,
    }
}
