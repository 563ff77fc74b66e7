//! Own bounds of a loop: what ends it by itself, other than the verdict.

use crate::model::{StepKind, Workflow};
use crate::source::Loc;

use super::graph::Flow;
use super::judges::Judge;

/// What bounds a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BoundKind {
    /// A condition on a counter: `context.iteration`, a count kept by a set step, the length of the history.
    Counter,
    /// A condition on a score.
    Score,
    /// A person decides on the way.
    HumanGate,
}

/// One bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnBound {
    /// What bounds it.
    pub kind: BoundKind,
    /// The step it belongs to, by index in `Workflow::steps`.
    pub step: usize,
    /// The condition, or the gate's name.
    pub loc: Loc,
}

pub(super) fn own_bounds(workflow: &Workflow, _flow: &Flow, steps: &[usize], _judges: &[Judge]) -> Vec<OwnBound> {
    steps
        .iter()
        .filter_map(|s| workflow.steps.get(*s).map(|step| (*s, step)))
        .filter(|(_, step)| matches!(step.kind, StepKind::HumanGate(_) | StepKind::Questions(_)))
        .map(|(index, step)| OwnBound { kind: BoundKind::HumanGate, step: index, loc: step.name.loc })
        .collect()
}
