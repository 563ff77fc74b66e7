//! The way round a loop, and its name.

use std::collections::{HashMap, VecDeque};

use super::{Flow, StepIndex, Target};
use crate::model::Workflow;

/// The shortest way from the loop's head back to it, the head first and once.
/// Where the head itself is on no shorter way, the first back edge decides.
pub(super) fn shortest(flow: &Flow, steps: &[StepIndex]) -> Vec<StepIndex> {
    let head = steps[0];
    let mut before: HashMap<StepIndex, StepIndex> = HashMap::new();
    let mut queue = VecDeque::from([head]);
    while let Some(step) = queue.pop_front() {
        for edge in flow.out(step) {
            let Target::Step(to) = edge.to else { continue };
            if to == head {
                let mut way = vec![step];
                while let Some(previous) = way.last().and_then(|s| before.get(s)) {
                    way.push(*previous);
                }
                way.reverse();
                return way;
            }
            if steps.contains(&to) && !before.contains_key(&to) {
                before.insert(to, step);
                queue.push_back(to);
            }
        }
    }
    steps.to_vec()
}

/// `architect → reviewer → architect`.
pub(super) fn name(workflow: &Workflow, cycle: &[StepIndex]) -> String {
    let mut names: Vec<&str> = cycle.iter().map(|step| workflow.steps[*step].name.as_str()).collect();
    names.extend(names.first().copied());
    names.join(" → ")
}
