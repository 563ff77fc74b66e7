//! Loops: one for every strongly connected component of the route graph.

use crate::model::Workflow;

use super::bounds::{OwnBound, own_bounds};
use super::graph::{Flow, FlowEdge, Target};
use super::judges::{Judge, judges};

/// A component of the route graph in which work can come back.
#[derive(Debug, Clone)]
pub struct Loop {
    /// Its steps by index in `Workflow::steps`, in file order.
    pub steps: Vec<usize>,
    /// One round as a person would tell it, from the step nearest to the entry back to it.
    pub round: Vec<usize>,
    /// `architect → reviewer → architect`.
    pub name: String,
    /// Edges inside the component that lead back to an earlier step.
    pub back: Vec<FlowEdge>,
    /// Edges that leave the component.
    pub exits: Vec<FlowEdge>,
    /// Steps that decide whether work goes back.
    pub judges: Vec<Judge>,
    /// What ends the loop by itself, other than the verdict.
    pub bounds: Vec<OwnBound>,
}

impl Loop {
    /// Whether a step belongs to the component.
    #[must_use]
    pub fn contains(&self, step: usize) -> bool {
        self.steps.binary_search(&step).is_ok()
    }

    /// Step executions in one round; a group counts its members at most once here.
    #[must_use]
    pub fn round_length(&self) -> usize {
        self.round.len().saturating_sub(1)
    }
}

impl Flow {
    /// All loops, the one nearest to the entry first.
    #[must_use]
    pub fn loops(&self, workflow: &Workflow) -> Vec<Loop> {
        let back = self.back_edges();
        self.components()
            .into_iter()
            .map(|steps| self.describe(workflow, steps, &back))
            .collect()
    }

    fn describe(&self, workflow: &Workflow, steps: Vec<usize>, back: &[FlowEdge]) -> Loop {
        let inside = |step: usize| steps.binary_search(&step).is_ok();
        let target_inside = |edge: &FlowEdge| matches!(edge.to, Target::Step(to) if inside(to));
        let back: Vec<FlowEdge> = back
            .iter()
            .filter(|e| inside(e.from) && target_inside(e))
            .copied()
            .collect();
        let exits: Vec<FlowEdge> = steps
            .iter()
            .flat_map(|s| self.outgoing(*s))
            .filter(|e| !target_inside(e))
            .copied()
            .collect();
        let round = self.round(&steps, &back);
        let name = round
            .iter()
            .map(|s| self.name(*s))
            .collect::<Vec<_>>()
            .join(" → ");
        let judges = judges(workflow, &steps, &back);
        let bounds = own_bounds(workflow, &steps);
        Loop {
            steps,
            round,
            name,
            back,
            exits,
            judges,
            bounds,
        }
    }

    /// The round that a person would tell: it begins at the step nearest to the
    /// entry, and closes with the back edge that leads there from farthest away.
    fn round(&self, steps: &[usize], back: &[FlowEdge]) -> Vec<usize> {
        let inside = |step: usize| steps.binary_search(&step).is_ok();
        let Some(start) = steps
            .iter()
            .copied()
            .min_by_key(|s| (self.distance(*s).unwrap_or(usize::MAX), *s))
        else {
            return Vec::new();
        };
        let round_of = |edge: &FlowEdge| {
            let Target::Step(to) = edge.to else {
                return None;
            };
            let mut path = self.shortest(to, edge.from, inside)?;
            path.push(to);
            Some(path)
        };
        let to_start = back
            .iter()
            .filter(|e| e.to == Target::Step(start))
            .filter_map(round_of)
            .max_by_key(Vec::len);
        to_start
            .or_else(|| {
                let closing = steps
                    .iter()
                    .flat_map(|s| self.outgoing(*s))
                    .filter(|e| e.to == Target::Step(start));
                closing.filter_map(round_of).min_by_key(Vec::len)
            })
            .unwrap_or_else(|| vec![start, start])
    }
}
