//! Events about gates.

use serde_json::Value;

use crate::event::{Event, EventBody, Surface};
use crate::gate::{Answer, Answered, Gate, GateKind, LimitDecision};
use crate::ids::{GateId, StepPath};
use crate::state::{ClosedGate, OpenGate, Phase, RunState, StepStatus};

impl RunState {
    /// Events about gates.
    pub(super) fn copy_gate(&mut self, event: &Event) {
        match &event.body {
            EventBody::IterationLimitReached { gate } => {
                self.open_gate(event, gate);
                if self.loops.contains_key(&gate.path) {
                    if let Some(record) = self.record(&gate.path) {
                        record.status = StepStatus::Waiting;
                    }
                } else if let Some(frame) = self.frames.get_mut(&gate.path.parent()) {
                    let then = Box::new(std::mem::take(&mut frame.phase));
                    frame.phase = Phase::AtLimit {
                        gate: gate.gate.clone(),
                        then,
                    };
                }
            }
            EventBody::IterationLimitResolved {
                gate,
                answer,
                max_iterations,
                actor,
                ..
            } => {
                let Some(open) = self.take_gate(gate) else {
                    return;
                };
                self.answered(event, gate, answer, &actor.by, actor.surface);
                let Answer::IterationLimit { decision, .. } = answer else {
                    return;
                };
                if *decision == LimitDecision::Abort {
                    self.abort_requested = Some((
                        actor.clone(),
                        format!("aborted at the iteration limit of `{}`", open.gate.workflow),
                    ));
                    return;
                }
                if self.loops.contains_key(&open.gate.path) {
                    self.back_to_work(&open.gate.path);
                } else if let Some(frame) = self.frames.get_mut(&open.gate.path.parent())
                    && let Phase::AtLimit { then, .. } = std::mem::take(&mut frame.phase)
                {
                    if *decision == LimitDecision::Continue {
                        frame.max_iterations = Some(*max_iterations);
                        frame.phase = *then;
                    } else {
                        frame.phase = Phase::LimitStopped { then };
                    }
                }
            }
            EventBody::GateOpened { gate } => {
                self.open_gate(event, gate);
                if gate.kind != GateKind::Permission
                    && let Some(open) = self.open.get_mut(&gate.path)
                {
                    open.gate = Some(gate.gate.clone());
                }
                if let Some(record) = self.record(&gate.path) {
                    record.status = StepStatus::Waiting;
                }
            }
            EventBody::GateAnswered {
                gate,
                answer,
                actor,
                ..
            } => {
                let Some(open) = self.take_gate(gate) else {
                    return;
                };
                self.answered(event, gate, answer, &actor.by, actor.surface);
                self.answers.insert(gate.clone(), as_value(answer));
                if open.gate.kind == GateKind::Approval {
                    self.approved = event.seq;
                }
                self.back_to_work(&open.gate.path);
            }
            EventBody::GateWithdrawn { gate, reason } => {
                if let Some(open) = self.take_gate(gate) {
                    self.back_to_work(&open.gate.path);
                    if let Some(frame) = self.frames.get_mut(&open.gate.path.parent())
                        && matches!(&frame.phase, Phase::AtLimit { gate: held, .. } if held == gate)
                        && let Phase::AtLimit { then, .. } = std::mem::take(&mut frame.phase)
                    {
                        frame.phase = *then;
                    }
                    if let Some(attempt) = self.open.get_mut(&open.gate.path)
                        && attempt.gate.as_ref() == Some(gate)
                    {
                        attempt.gate = None;
                    }
                }
                self.closed_gates
                    .entry(gate.clone())
                    .or_insert_with(|| ClosedGate::Withdrawn(reason.clone()));
            }
            _ => {}
        }
    }

    fn open_gate(&mut self, event: &Event, gate: &Gate) {
        self.gates_opened += 1;
        self.open_gates.push(OpenGate {
            gate: gate.clone(),
            opened: event.at,
            seq: event.seq,
        });
    }

    fn take_gate(&mut self, gate: &GateId) -> Option<OpenGate> {
        let at = self.open_gates.iter().position(|o| o.gate.gate == *gate)?;
        let closed = self.open_gates.remove(at);
        self.held = false;
        if let Some(open) = self.open.get_mut(&closed.gate.path) {
            // Whichever of its gates was closed, the child goes on.
            open.child_waits = false;
        }
        Some(closed)
    }

    fn answered(
        &mut self,
        event: &Event,
        gate: &GateId,
        answer: &Answer,
        by: &str,
        surface: Surface,
    ) {
        let surface = as_value(&surface);
        self.closed_gates.insert(
            gate.clone(),
            ClosedGate::Answered(Answered {
                by: by.to_owned(),
                surface: surface.as_str().unwrap_or_default().to_owned(),
                at: event.at,
                answer: as_value(answer),
            }),
        );
    }

    fn back_to_work(&mut self, path: &StepPath) {
        let other_gate = self.open_gates.iter().any(|o| o.gate.path == *path);
        if !other_gate
            && let Some(record) = self.record(path)
            && record.status == StepStatus::Waiting
        {
            record.status = StepStatus::Running;
        }
    }
}

fn as_value<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
