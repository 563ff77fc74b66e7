//! How events change the state. `fold` copies: rendered text, chosen route,
//! coerced output and deadlines are in the events. It never evaluates, never
//! looks at the definition and never fails on an event that a worker of this
//! schema version wrote. Steps and gates have a file each under `fold/`.

use crate::event::{Cause, Event, EventBody, Failure, Status};
use crate::ids::StepPath;
use crate::state::{FoldError, Frame, Phase, Request, RunState, SlotStatus, StepStatus};

mod attempts;
mod gates;
mod loops;
pub(crate) mod nodes;
mod steps;

impl RunState {
    /// Copies one event into the state.
    ///
    /// # Errors
    /// [`FoldError`] when the log has a hole or goes on after its end.
    pub fn fold(&mut self, event: &Event) -> Result<(), FoldError> {
        if event.seq != self.last_seq + 1 {
            return Err(FoldError::Hole {
                last: self.last_seq,
                found: event.seq,
            });
        }
        if self.status.is_final() {
            return Err(FoldError::AfterEnd(event.seq));
        }
        self.last_seq = event.seq;
        self.last_check.clone_from(&event.check);
        if self.run.is_none() {
            self.run = Some(event.run.clone());
        }
        self.copy_run(event);
        self.copy_attempt(event);
        if self.request.dialect == ARCHON {
            self.copy_node(event);
            self.copy_loop(event);
        } else {
            self.copy_step(event);
        }
        self.copy_gate(event);
        Ok(())
    }

    /// Folds a whole log.
    ///
    /// # Errors
    /// [`FoldError`] when the log has a hole or goes on after its end.
    pub fn fold_all<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, FoldError> {
        let mut state = Self::default();
        for event in events {
            state.fold(event)?;
        }
        Ok(state)
    }

    /// Events about the run as a whole.
    fn copy_run(&mut self, event: &Event) {
        match &event.body {
            EventBody::RunQueued {
                workflow,
                file,
                dialect,
                scope,
                message,
                inputs,
                parent,
                gates,
                agent,
                cwd,
                dry_run,
                ..
            } => {
                self.status = Status::Queued;
                self.queued_at = event.at;
                self.request = Request {
                    workflow: workflow.clone(),
                    file: file.clone(),
                    dialect: dialect.clone(),
                    scope: scope.clone(),
                    message: message.clone(),
                    inputs: inputs.clone(),
                    gates: gates.clone(),
                    agent: agent.clone(),
                    cwd: cwd.clone(),
                    parent: parent.clone(),
                    dry_run: *dry_run,
                };
                self.frames.insert(
                    StepPath::root(),
                    Frame {
                        inputs: inputs.clone(),
                        workflow: workflow.clone(),
                        file: file.clone(),
                        ..Frame::default()
                    },
                );
            }
            EventBody::DefinitionPinned { steps, .. } => self.step_count = *steps,
            EventBody::InputsResolved { inputs } => {
                let mut inputs = inputs.clone();
                self.reveal(&mut inputs);
                self.frames.entry(StepPath::root()).or_default().inputs = inputs;
                self.inputs_resolved = true;
            }
            EventBody::RunStarted {
                fence,
                worker,
                seed,
                deadline,
                ..
            } => {
                self.status = Status::Running;
                self.parked = false;
                self.held = false;
                self.fence = *fence;
                self.worker = Some(worker.clone());
                self.seed = *seed;
                self.stop_waiting(event.at);
                if let Some(deadline) = deadline {
                    self.set_deadline(event, *deadline);
                } else {
                    self.deadline = None;
                }
                self.started_at.get_or_insert(event.at);
            }
            EventBody::DeadlineSet { deadline } => self.set_deadline(event, *deadline),
            EventBody::RunWaiting { .. } => {
                self.status = Status::Waiting;
                self.held = true;
                self.waiting_since = Some(event.at);
            }
            EventBody::RunParked {} => self.parked = true,
            EventBody::RunResumed { status, agent, .. } => {
                let failed = self.status == Status::Failed;
                let interrupted = self.cause == Some(Cause::Interrupted);
                self.status = *status;
                self.parked = false;
                self.held = false;
                if *status == Status::Running {
                    self.stop_waiting(event.at);
                }
                if agent.is_some() {
                    self.request.agent.clone_from(agent);
                }
                if failed {
                    self.reopen(interrupted);
                    self.reopen_nodes(event.seq, interrupted);
                }
            }
            EventBody::RunCompleted {
                output, outcome, ..
            } => {
                self.end(Status::Completed, event.at);
                self.output = Some(output.clone());
                self.outcome.clone_from(outcome);
            }
            EventBody::RunFailed {
                cause,
                error,
                output,
                ..
            } => {
                self.end(Status::Failed, event.at);
                self.cause = Some(*cause);
                self.error = Some(error.clone());
                self.output.clone_from(output);
            }
            EventBody::RunCancelled { reason, .. } => {
                self.end(Status::Cancelled, event.at);
                self.error = Some(Failure {
                    kind: "Cancelled".to_owned(),
                    message: reason.clone(),
                    names: Vec::new(),
                });
            }
            EventBody::StopRequested { actor } => self.stop_requested = Some(actor.clone()),
            EventBody::AbortRequested { actor, reason } => {
                self.abort_requested = Some((actor.clone(), reason.clone()));
            }
            EventBody::GuidanceGiven { text, .. } => self.guidance.push(text.clone()),
            EventBody::GuidanceApplied { texts, .. } => {
                let taken = usize::try_from(*texts).unwrap_or(usize::MAX);
                let taken: Vec<String> = self
                    .guidance
                    .drain(..taken.min(self.guidance.len()))
                    .collect();
                let frame = self.frame_of(&event.path);
                if let Some(frame) = self.frames.get_mut(&frame) {
                    frame.guidance.extend(taken);
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, status: Status, at: u64) {
        self.status = status;
        self.parked = false;
        self.held = false;
        self.ended_at = Some(at);
        self.stop_requested = None;
        self.abort_requested = None;
        self.stop_waiting(at);
    }

    /// The deadline of the run or of a sub-workflow, by the path of the event.
    pub(super) fn set_deadline(&mut self, event: &Event, deadline: u64) {
        let (span, waited) = (deadline.saturating_sub(event.at), self.waited);
        if event.path.is_root() {
            self.deadline = Some(deadline);
            self.deadline_span = span;
            self.deadline_waited = waited;
        } else if let Some(frame) = self.frames.get_mut(&event.path) {
            frame.deadline = Some(deadline);
            frame.deadline_span = span;
            frame.waited_before = waited;
        }
    }

    fn stop_waiting(&mut self, at: u64) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += at.saturating_sub(since);
        }
    }

    /// A failed run goes on: what failed is due again, what has a result keeps it. One that was only interrupted goes on
    /// as if nothing had happened, so there a failure stands as well; what was cut off with the worker is due again.
    fn reopen(&mut self, interrupted: bool) {
        self.cause = None;
        self.error = None;
        self.output = None;
        self.ended_at = None;
        for open in self.open.values_mut() {
            // Whoever carries it on is looked for again: what was cancelled meanwhile is not gone on with.
            open.child = None;
        }
        let steps = &self.steps;
        let due = |path: &StepPath| {
            let error = steps.get(path).and_then(|record| record.error.as_ref());
            !interrupted || error.is_some_and(is_cut_off)
        };
        for frame in self.frames.values_mut() {
            if !interrupted {
                frame.spent_usd = 0.0;
                frame.budget_told_usd = None;
            }
            frame.phase = match std::mem::take(&mut frame.phase) {
                Phase::Failed(path) if due(&path) => Phase::Retry(path),
                Phase::LimitStopped { then } if !interrupted => *then,
                phase => phase,
            };
        }
        for (path, group) in &mut self.groups {
            let group_failed = !interrupted
                && self
                    .steps
                    .get(path)
                    .is_some_and(|record| record.status == StepStatus::Failed);
            for slot in group.slots.values_mut() {
                let cut_off = slot.error.as_ref().is_some_and(is_cut_off);
                if slot.status == SlotStatus::Failed && (group_failed || cut_off) {
                    slot.status = SlotStatus::Pending;
                    slot.error = None;
                }
            }
        }
    }

    /// The innermost workflow that the path lies in.
    #[must_use]
    pub fn frame_of(&self, path: &StepPath) -> StepPath {
        let mut at = path.clone();
        while !at.is_root() {
            at = at.parent();
            if self.frames.contains_key(&at) {
                break;
            }
        }
        at
    }
}

/// Dialect word of runs whose steps are nodes of a graph.
const ARCHON: &str = "archon";

/// The target that ends a workflow.
pub(crate) const END: &str = "$end";

/// Error class of an attempt that was ended because its surroundings were.
pub const CUT_OFF: &str = "Cancelled";

/// Whether an attempt only ended with its surroundings.
pub(crate) fn is_cut_off(error: &Failure) -> bool {
    error.kind == CUT_OFF
}
