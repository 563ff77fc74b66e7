//! What an attempt is, whatever dialect its step is written in: its record, what
//! is open about it, its timer and its cost. What its result means for the run
//! is in `steps` and `nodes`.

use serde_json::{Map, Value};

use super::is_cut_off;
use crate::event::{Event, EventBody, Failure, ProcessId};
use crate::ids::{Seq, StepPath};
use crate::state::{OpenAttempt, RunState, StepRecord, StepStatus, Timer};

impl RunState {
    /// Beginning, process, timer and end of an attempt.
    pub(super) fn copy_attempt(&mut self, event: &Event) {
        let path = &event.path;
        match &event.body {
            EventBody::StepStarted {
                step,
                kind,
                attempt,
                rendered,
                ..
            } => self.open_attempt(event, step, kind, *attempt, rendered),
            EventBody::ProcessStarted {
                attempt, process, ..
            } => self.note_process(path, *attempt, process),
            EventBody::ChildStarted { attempt, child, .. } => {
                if let Some(open) = self.open.get_mut(path).filter(|o| o.attempt == *attempt) {
                    open.child = Some(child.clone());
                }
            }
            EventBody::ChildWaiting { attempt, .. } => {
                if let Some(open) = self.open.get_mut(path).filter(|o| o.attempt == *attempt) {
                    open.child_waits = true;
                }
            }
            EventBody::StepCompleted { detail, .. } => {
                self.spend(path, detail.get("cost_usd"));
                self.close(path, event.at, StepStatus::Completed, Some(event.seq), None);
            }
            EventBody::StepFailed {
                step,
                error,
                detail,
                ..
            } => {
                self.spend(path, detail.get("cost_usd"));
                if is_cut_off(error) {
                    self.owe_answer(path);
                }
                if self.record(path).is_none() {
                    // It failed before it could start: its first attempt is still to come.
                    self.record_start(event, step, "", 0);
                }
                self.close(path, event.at, StepStatus::Failed, None, Some(error));
            }
            EventBody::StepSkipped { step, .. } => {
                self.record_start(event, step, "", 1);
                self.close(path, event.at, StepStatus::Skipped, Some(event.seq), None);
            }
            EventBody::TimerStarted {
                deadline, seconds, ..
            } => {
                if let Some(open) = self.open.get_mut(path) {
                    open.timer = Some(Timer {
                        deadline: *deadline,
                        seconds: *seconds,
                        fired: false,
                    });
                }
            }
            EventBody::TimerFired { .. } => {
                if let Some(timer) = self.open.get_mut(path).and_then(|o| o.timer.as_mut()) {
                    timer.fired = true;
                }
            }
            _ => {}
        }
    }

    /// An attempt begins: its row, and what is open about it.
    fn open_attempt(
        &mut self,
        event: &Event,
        step: &str,
        kind: &str,
        attempt: u32,
        rendered: &Map<String, Value>,
    ) {
        self.record_start(event, step, kind, attempt);
        self.open.insert(
            event.path.clone(),
            OpenAttempt {
                step: step.to_owned(),
                kind: kind.to_owned(),
                attempt,
                fence: self.fence,
                started: event.at,
                rendered: rendered.clone(),
                gate: None,
                timer: None,
                process: None,
                child: None,
                child_waits: false,
            },
        );
    }

    fn note_process(&mut self, path: &StepPath, attempt: u32, process: &ProcessId) {
        if let Some(open) = self.open.get_mut(path)
            && open.attempt == attempt
        {
            open.process = Some(process.clone());
        }
        if let Some(record) = self.record(path) {
            record.process = Some(process.clone());
        }
    }

    /// Cost goes to the workflow of the step and to all around it.
    fn spend(&mut self, path: &StepPath, cost: Option<&Value>) {
        let Some(cost) = cost.and_then(Value::as_f64) else {
            return;
        };
        let mut at = path.clone();
        while !at.is_root() {
            at = at.parent();
            if let Some(frame) = self.frames.get_mut(&at) {
                frame.spent_usd += cost;
            }
        }
    }

    fn record_start(&mut self, event: &Event, step: &str, kind: &str, attempt: u32) {
        let record = StepRecord {
            path: event.path.clone(),
            step: step.to_owned(),
            kind: kind.to_owned(),
            attempt,
            status: StepStatus::Running,
            started: event.at,
            ended: None,
            result_seq: None,
            error: None,
            process: None,
        };
        self.steps.insert(event.path.clone(), record);
    }

    pub(super) fn record(&mut self, path: &StepPath) -> Option<&mut StepRecord> {
        self.steps.get_mut(path)
    }

    fn close(
        &mut self,
        path: &StepPath,
        at: u64,
        status: StepStatus,
        result: Option<Seq>,
        error: Option<&Failure>,
    ) {
        if let Some(open) = self.open.shift_remove(path)
            && let Some(gate) = open.gate
        {
            self.answers.shift_remove(&gate);
        }
        if let Some(record) = self.record(path) {
            record.status = status;
            record.ended = Some(at);
            record.result_seq = result;
            record.error = error.cloned();
        }
    }
}
