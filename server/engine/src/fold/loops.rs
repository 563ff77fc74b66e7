//! Events about the rounds of loops and groups of an Archon graph.

use serde_json::Value;

use crate::event::{Event, EventBody};
use crate::gate::{Answer, LimitDecision};
use crate::ids::{GateId, StepPath};
use crate::state::{LoopRecord, RunState};

impl RunState {
    /// Events about rounds.
    pub(super) fn copy_loop(&mut self, event: &Event) {
        match &event.body {
            EventBody::LoopIterationStarted { round, .. } => {
                let record = self.loops.entry(event.path.clone()).or_default();
                record.round = *round;
                record.gate = None;
                record.told = record.answer.take();
            }
            EventBody::LoopIterationCompleted {
                round,
                output,
                done,
                ..
            } => {
                let record = self.loops.entry(event.path.clone()).or_default();
                record.completed = *round;
                record.output = Some(output.clone());
                record.done = *done;
            }
            EventBody::GateOpened { gate } | EventBody::IterationLimitReached { gate } => {
                if let Some(record) = self.loops.get_mut(&gate.path) {
                    record.gate = Some(gate.gate.clone());
                }
            }
            EventBody::GateAnswered { gate, answer, .. } => {
                if let Some(record) = self.loop_at(gate) {
                    record.gate = None;
                    record.answered += 1;
                    record.answer = serde_json::to_value(answer).ok();
                }
            }
            EventBody::IterationLimitResolved {
                gate,
                answer,
                max_iterations,
                ..
            } => {
                if let Some(record) = self.loop_at(gate)
                    && let Answer::IterationLimit { decision, .. } = answer
                {
                    record.gate = None;
                    match decision {
                        LimitDecision::Continue => record.max_iterations = Some(*max_iterations),
                        LimitDecision::Stop => record.stopped = true,
                        LimitDecision::Abort => {}
                    }
                }
            }
            EventBody::GateWithdrawn { gate, .. } => {
                if let Some(record) = self.loop_at(gate) {
                    record.gate = None;
                }
            }
            _ => {}
        }
    }

    fn loop_at(&mut self, gate: &GateId) -> Option<&mut LoopRecord> {
        self.loops
            .values_mut()
            .find(|record| record.gate.as_ref() == Some(gate))
    }

    /// Rounds of what begins again are forgotten.
    pub(super) fn forget_loops(&mut self, path: &StepPath) {
        self.loops.retain(|at, _| !at.is_within(path));
    }
}

/// What a round is told when the answer before it had no words.
const APPROVED: &str = "Approved";

impl LoopRecord {
    /// The words of an answer that no round has taken up yet, if it has any.
    #[must_use]
    pub fn said(&self) -> Option<&str> {
        text(self.answer.as_ref()?)
    }

    /// What the round was told by the answer before it; `None` when there was none.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let answer = self.told.as_ref()?;
        Some(text(answer).unwrap_or(APPROVED).to_owned())
    }
}

fn text(answer: &Value) -> Option<&str> {
    let text = answer.get("text").and_then(Value::as_str)?;
    (!text.trim().is_empty()).then_some(text)
}
