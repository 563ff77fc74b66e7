//! The run's row, kept in step with its log: one event copied at a time, with
//! the state machine of design/runs.md ("Statuses") enforced on the way. What
//! a full fold knows beyond the row is not repeated here.

use fermata_engine::{Event, EventBody, Fence, Status};

use crate::error::{Result, StoreError};
use crate::record::{NewRun, RunRow};

impl RunRow {
    /// The row of a run whose first event is `run_queued`.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`] when it is something else.
    pub(crate) fn begin(new: &NewRun, order: u64) -> Result<Self> {
        let Some(first) = new.events.first() else {
            return Err(forbidden("a run without events", "nothing"));
        };
        let EventBody::RunQueued {
            workflow,
            file,
            dialect,
            scope,
            message,
            inputs,
            request,
            parent,
            gates,
            agent,
            actor,
            cwd,
            dry_run,
        } = first.body.clone()
        else {
            return Err(forbidden(
                "a log that does not begin with run_queued",
                "nothing",
            ));
        };
        Ok(Self {
            run: new.run.clone(),
            order,
            workflow,
            file,
            dialect,
            scope,
            request,
            parent,
            message,
            inputs,
            policy: gates,
            agent,
            cwd,
            dry_run,
            actor,
            status: Status::Queued,
            cause: None,
            error: None,
            parked: false,
            gates: Vec::new(),
            step: None,
            results: Vec::new(),
            executed: 0,
            looped: false,
            queued: first.at,
            started: None,
            ended: None,
            due: first.at,
            outcome: None,
            output: None,
            definition: Vec::new(),
            env: Vec::new(),
            steps: None,
            stopping: false,
            aborting: false,
            place: new.place.clone(),
            last_seq: 0,
            last_check: String::new(),
            last_at: first.at,
            fence: Fence(0),
            worker: None,
            kept: false,
            damaged: false,
        })
    }

    /// Copies one event.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`] for a step that the state machine does not have.
    pub(crate) fn advance(&mut self, event: &Event) -> Result<()> {
        use EventBody as B;
        use Status as S;
        let allowed = match &event.body {
            B::RunQueued { .. } => event.seq == 1,
            B::RunStarted { .. } => self.status == S::Queued,
            B::RunWaiting { .. } | B::RunCompleted { .. } => self.status == S::Running,
            B::RunParked {} => self.status == S::Waiting && !self.parked,
            B::RunResumed { status, .. } => match status {
                S::Running => self.status == S::Waiting && !self.parked,
                S::Queued => self.status == S::Failed || (self.status == S::Waiting && self.parked),
                S::Waiting | S::Completed | S::Failed | S::Cancelled => false,
            },
            B::RunFailed { .. } => self.status.is_live(),
            B::RunCancelled { .. } => !self.status.is_final(),
            B::GateOpened { gate } | B::IterationLimitReached { gate } => {
                self.status.is_live() && !self.gates.iter().any(|open| open.gate == gate.gate)
            }
            B::GateAnswered { gate, .. }
            | B::IterationLimitResolved { gate, .. }
            | B::GateWithdrawn { gate, .. } => self.gates.iter().any(|open| &open.gate == gate),
            _ => !self.status.is_final(),
        };
        if !allowed {
            return Err(forbidden(
                &event_name(&event.body),
                &format!(
                    "run {} is {}{} after event {}, open gates: {}",
                    self.run,
                    self.status.as_str(),
                    if self.parked { " (parked)" } else { "" },
                    self.last_seq,
                    self.gates
                        .iter()
                        .map(|gate| gate.gate.as_str())
                        .collect::<Vec<_>>()
                        .join(", "),
                ),
            ));
        }
        self.last_seq = event.seq;
        self.last_check.clone_from(&event.check);
        self.last_at = event.at;
        self.copy(event);
        Ok(())
    }

    fn copy(&mut self, event: &Event) {
        use EventBody as B;
        match &event.body {
            B::DefinitionPinned { files, env, steps } => {
                self.definition.clone_from(files);
                self.env.clone_from(env);
                self.steps = *steps;
            }
            B::RunStarted { worker, .. } => {
                self.status = Status::Running;
                self.parked = false;
                self.worker = Some(worker.clone());
                self.started.get_or_insert(event.at);
            }
            B::RunWaiting { .. } => self.status = Status::Waiting,
            B::RunParked {} => self.parked = true,
            B::RunResumed { status, agent, .. } => {
                self.status = *status;
                self.parked = false;
                if *status == Status::Queued {
                    self.due = event.at;
                }
                self.cause = None;
                self.error = None;
                self.ended = None;
                if agent.is_some() {
                    self.agent.clone_from(agent);
                }
            }
            B::RunCompleted {
                output, outcome, ..
            } => {
                self.end(Status::Completed, event.at);
                self.output = Some(output.clone());
                self.outcome.clone_from(outcome);
            }
            B::RunFailed {
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
            B::RunCancelled { .. } => {
                self.end(Status::Cancelled, event.at);
                self.gates.clear();
            }
            B::StepStarted { step, .. } => self.step = Some(step.clone()),
            B::StepCompleted { .. } if event.path.parent().is_root() => {
                // A later visit of a step that has a result takes the run no further.
                if event.path.is_first_visit() {
                    self.results.push(event.seq);
                } else {
                    self.looped = true;
                }
                self.executed += 1;
            }
            B::StepsInvalidated { after, .. } if event.path.is_root() => {
                self.results.retain(|seq| *seq <= *after);
            }
            B::IterationLimitReached { gate } | B::GateOpened { gate } => {
                self.gates.push(gate.clone());
            }
            B::IterationLimitResolved { gate, .. }
            | B::GateAnswered { gate, .. }
            | B::GateWithdrawn { gate, .. } => self.gates.retain(|open| &open.gate != gate),
            B::StopRequested { .. } => self.stopping = true,
            B::AbortRequested { .. } => self.aborting = true,
            _ => {}
        }
    }

    fn end(&mut self, status: Status, at: u64) {
        self.status = status;
        self.parked = false;
        self.ended = Some(at);
        self.stopping = false;
        self.aborting = false;
    }
}

/// The type word of an event.
pub(crate) fn event_name(body: &EventBody) -> String {
    serde_json::to_value(body)
        .ok()
        .and_then(|value| Some(value.get("type")?.as_str()?.to_owned()))
        .unwrap_or_else(|| "event".to_owned())
}

pub(crate) fn forbidden(what: &str, found: &str) -> StoreError {
    StoreError::Forbidden {
        what: what.to_owned(),
        found: found.to_owned(),
    }
}
