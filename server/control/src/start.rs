//! Start: the policy's door. Never continues an earlier run, never drops or
//! alters a request.

use fermata_engine::{RunId, Status};
use fermata_store::{Decision, Miss, OsWorld, RunRow, StartRow, StoreError};

use crate::control::{Control, shown};
use crate::definition::has_changed;
use crate::error::ControlError;
use crate::launch::WorkerReport;
use crate::outcome::{Choice, Outcome, PriorRun, StartRefusal};
use crate::plan::Plan;
use crate::request::{Isolation, StartRequest};
use crate::text::preview;

impl Control {
    /// Requests a run. Queues it and spawns its worker, or says what has to be decided or done first.
    ///
    /// # Errors
    /// [`ControlError::BadRequest`] for a field that does not fit, [`ControlError::Store`].
    pub fn start(&self, request: StartRequest) -> Result<Outcome, ControlError> {
        // The same request again is answered as it was, whatever has become of the file since.
        if let Some(id) = &request.request
            && let Some(before) = self.store().requested(id)?
        {
            return self.decided(before, &self.world(&request));
        }
        let plan = match self.plan(&request)? {
            Ok(plan) => plan,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let no_worktree = plan.proposal.run.place.worktree.is_none();
        if request.isolation == Isolation::Worktree && no_worktree && !request.dry_run {
            return Err(ControlError::bad(
                "worktree",
                format!(
                    "a worktree is made from a git repository, and {} is in none: `git init` and commit, or start without --worktree",
                    shown(&request.file)
                ),
            ));
        }
        if let Some(prior) = self.store().prior(&plan.scope)? {
            self.settle(&prior)?;
        }
        match self.decide(&plan)? {
            Ok(decision) => self.decided(decision, &plan.world),
            Err(refusal) => Ok(Outcome::Refused(refusal)),
        }
    }

    fn decide(&self, plan: &Plan) -> Result<Result<Decision, StartRefusal>, ControlError> {
        match self.store().start_or_choose(plan.proposal.clone()) {
            Ok(decision) => Ok(Ok(decision)),
            Err(error) => self.busy(error, || {
                self.store().start_or_choose(plan.proposal.clone())
            }),
        }
    }

    /// A busy checkout: its holder may be dead, so it is looked after once and the call is tried again.
    pub(crate) fn busy<T>(
        &self,
        error: StoreError,
        again: impl FnOnce() -> fermata_store::Result<T>,
    ) -> Result<Result<T, StartRefusal>, ControlError> {
        let StoreError::Miss(Miss::CheckoutBusy { run, .. }) = &error else {
            return Err(error.into());
        };
        self.settle(&self.store().run(run)?)?;
        match again() {
            Ok(done) => Ok(Ok(done)),
            Err(StoreError::Miss(miss @ Miss::CheckoutBusy { .. })) => Ok(Err(busy(miss))),
            Err(error) => Err(error.into()),
        }
    }

    fn decided(&self, decision: Decision, world: &OsWorld) -> Result<Outcome, ControlError> {
        match decision {
            Decision::Queued(run) => Ok(Outcome::Started {
                worker: self.launch(&run),
                run,
                existing: false,
            }),
            Decision::Existing(run) => Ok(Outcome::Started {
                worker: self.report(&run)?,
                run,
                existing: true,
            }),
            Decision::Choice { start, prior } => Ok(Outcome::Refused(StartRefusal::Choice(
                Box::new(choice(&start, prior.as_deref(), world)),
            ))),
            Decision::Closed(start) => Ok(closed(&start)),
        }
    }

    /// Spawns a worker. A run whose worker did not come stays queued and gets another one later; the report says why.
    pub(crate) fn launch(&self, run: &RunId) -> WorkerReport {
        self.noted_launch(run);
        match self.inner.parts.launcher.launch(self.store().as_ref(), run) {
            Ok(report) => report,
            Err(error) => WorkerReport {
                ready: false,
                pid: None,
                status: Status::Queued,
                log: Some(error.to_string()),
            },
        }
    }

    /// How a run is worked on now.
    pub(crate) fn report(&self, run: &RunId) -> Result<WorkerReport, ControlError> {
        Ok(WorkerReport {
            ready: true,
            pid: None,
            status: self.store().run(run)?.status,
            log: None,
        })
    }
}

pub(crate) fn choice(start: &StartRow, prior: Option<&RunRow>, world: &OsWorld) -> Choice {
    Choice {
        start: start.start.0.clone(),
        workflow: start.workflow.clone(),
        prior: prior.map(|prior| PriorRun {
            run: prior.run.clone(),
            status: prior.status,
            cause: prior.cause,
            started: prior.started.unwrap_or(prior.queued),
            progress: prior.progress(),
            message: preview(prior.message.as_deref()),
            changed: has_changed(world, &prior.definition),
            gate: prior.gates.first().map(
                |gate| serde_json::json!({"gate": gate.gate, "kind": gate.kind, "step": gate.step}),
            ),
        }),
        changes: start.changes.clone(),
        request: start.request.clone(),
        answers: start.answers().to_vec(),
    }
}

/// An answer to a start request that was answered before.
pub(crate) fn closed(start: &StartRow) -> Outcome {
    let Some(closed) = &start.closed else {
        return Outcome::Dismissed;
    };
    Outcome::Refused(StartRefusal::NotFound {
        message: format!(
            "start request {} was already answered with {} by {} from {} on {}{}",
            start.start,
            closed.answer.as_str(),
            closed.actor.by,
            crate::json::surface(closed.actor.surface),
            fermata_engine::answer::utc_text(closed.at),
            closed.run.as_ref().map_or_else(String::new, |run| format!(
                "; it led to run {}",
                run.short()
            )),
        ),
    })
}

pub(crate) fn busy(miss: Miss) -> StartRefusal {
    let message = miss.to_string();
    match miss {
        Miss::CheckoutBusy { run, checkout, .. } => StartRefusal::CheckoutBusy {
            run,
            checkout,
            message,
        },
        Miss::Stale { .. } | Miss::Fenced { .. } | Miss::Final(_) | Miss::NotFound(_) => {
            StartRefusal::NotFound { message }
        }
    }
}
