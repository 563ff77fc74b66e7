//! The iteration limit (specs/conductor.md 5, design/runs.md "Gates"): checked
//! before a step starts; at the limit the run asks, with what is needed to go
//! on and the evidence to decide by.

use fermata_workflow::{Step, StepKind};
use serde_json::Map;

use crate::draft::{failure, policy};
use crate::event::EventBody;
use crate::gate::{Counted, Gate, GateKind, LimitEvidence};
use crate::ids::{GateId, StepPath};
use crate::limit::{answers, maximum_after};
use crate::state::Frame;

use super::{Turn, cycle};

/// What the check weighs a step with: parallel groups their members, all else 1
/// (a for_each's items are not known before it starts).
pub(super) fn cost(step: &Step) -> u64 {
    match &step.kind {
        StepKind::Parallel(group) => group.members.len() as u64,
        _ => 1,
    }
}

/// The limit in force: the larger of the file's and what was granted.
pub(super) fn maximum(written: u64, frame: &Frame) -> u64 {
    frame.max_iterations.map_or(written, |own| own.max(written))
}

impl Turn<'_> {
    /// Opens the gate when the step does not fit under the limit.
    pub(super) fn at_limit(
        &mut self,
        frame_path: &StepPath,
        step: &Step,
        path: &StepPath,
        cost: u64,
    ) -> bool {
        let Some(source) = self.source(frame_path) else {
            return false;
        };
        let frame = self.frame_state(frame_path);
        let maximum = maximum(u64::from(source.workflow.limits.max_iterations()), frame);
        if frame.iteration + cost <= maximum {
            return false;
        }
        let needed = (frame.iteration + cost).saturating_sub(maximum).max(1);
        let workflow = source.workflow.name.value.clone();
        let gate = Gate {
            gate: self.next_gate(),
            kind: GateKind::IterationLimit,
            step: step.name.value.clone(),
            path: path.clone(),
            prompt: prompt(&workflow, step.name.as_str(), frame, maximum),
            workflow,
            answers: answers(
                needed,
                "The workflow fails at its limit; the run can be resumed.",
            ),
            limit: Some(evidence(frame, maximum, needed)),
            extra: Map::new(),
        };
        self.draft
            .emit(path, EventBody::IterationLimitReached { gate });
        true
    }

    /// At the gate: what the policy says, if it says something.
    pub(super) fn decide_limit(&mut self, id: &GateId) {
        let Some(open) = self
            .draft
            .state
            .open_gates
            .iter()
            .find(|o| o.gate.gate == *id)
            .cloned()
        else {
            return;
        };
        let Some(answer) = self.policy.answer(&open.gate) else {
            return;
        };
        let maximum = maximum_after(&open.gate, &answer);
        self.draft.emit(
            &open.gate.path,
            EventBody::IterationLimitResolved {
                gate: id.clone(),
                answer,
                max_iterations: maximum,
                actor: policy(&self.policy.name()),
                waited: self.draft.now.saturating_sub(open.opened),
            },
        );
    }

    pub(super) fn fail_at_limit(&mut self, frame_path: &StepPath) {
        let Some(source) = self.source(frame_path) else {
            return;
        };
        let frame = self.frame_state(frame_path);
        let maximum = maximum(u64::from(source.workflow.limits.max_iterations()), frame);
        let error = failure(
            "MaxIterationsError",
            format!(
                "`{}` stopped at its iteration limit: {} of {maximum} iterations were used; resume the run and continue, or raise `limits.max_iterations`",
                source.workflow.name.as_str(),
                frame.iteration
            ),
            &[],
        );
        self.fail(frame_path, error, None);
    }
}

fn evidence(frame: &Frame, maximum: u64, needed: u64) -> LimitEvidence {
    let last = |n: usize| &frame.history[frame.history.len().saturating_sub(n)..];
    let mut distinct: Vec<&String> = last(3).iter().collect();
    distinct.sort();
    distinct.dedup();
    LimitEvidence {
        current_iteration: frame.iteration,
        max_iterations: maximum,
        needed,
        agent_history: last(5).to_vec(),
        possible_loop: frame.history.len() >= 3 && distinct.len() <= 2,
        cycle: cycle::at_end(&frame.history),
        verdicts: frame.verdicts.clone(),
        counts: Counted::Steps,
    }
}

fn prompt(workflow: &str, step: &str, frame: &Frame, maximum: u64) -> String {
    let mut text = format!(
        "`{workflow}` has used {} of {maximum} iterations; `{step}` would run next.",
        frame.iteration
    );
    if let Some(cycle) = cycle::at_end(&frame.history) {
        let way = cycle.steps.join(" → ");
        text.push_str(&format!(" {way} went round {} times.", cycle.rounds));
    }
    text
}
