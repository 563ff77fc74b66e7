//! Judges: steps with a conditional route back to an earlier step of the same
//! component. People who send work back are no judges, they are a bound.

use crate::model::{Step, StepKind, Workflow};
use crate::source::Text;

use super::graph::{EdgeKind, FlowEdge, Target};
use super::verdicts::{VerdictField, verdict_fields};

/// A step that decides whether work goes back.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The step, by its index in `Workflow::steps`.
    pub step: usize,
    /// Its edges back.
    pub back: Vec<FlowEdge>,
    /// Output fields that the conditions of these edges use.
    pub fields: Vec<VerdictField>,
}

pub(super) fn judges(workflow: &Workflow, steps: &[usize], back: &[FlowEdge]) -> Vec<Judge> {
    let mut found: Vec<Judge> = Vec::new();
    for index in steps {
        let Some(step) = workflow.steps.get(*index) else {
            continue;
        };
        if matches!(step.kind, StepKind::HumanGate(_) | StepKind::Questions(_)) {
            continue;
        }
        let edges: Vec<FlowEdge> = back
            .iter()
            .filter(|e| e.from == *index && matches!(e.to, Target::Step(_)))
            .filter(|e| !back_conditions(step, e).is_empty())
            .copied()
            .collect();
        if !edges.is_empty() {
            let fields = verdict_fields(workflow, *index, &edges);
            found.push(Judge {
                step: *index,
                back: edges,
                fields,
            });
        }
    }
    found
}

/// The conditions that decide whether an edge is taken: its own, and those of
/// the routes before it, which must all have failed.
#[must_use]
pub fn back_conditions<'a>(step: &'a Step, edge: &FlowEdge) -> Vec<&'a Text> {
    let EdgeKind::Route(index) = edge.kind else {
        return Vec::new();
    };
    let before = step
        .routes
        .iter()
        .take(index)
        .filter_map(|r| r.when.as_ref());
    step.routes
        .get(index)
        .and_then(|r| r.when.as_ref())
        .into_iter()
        .chain(before)
        .collect()
}
