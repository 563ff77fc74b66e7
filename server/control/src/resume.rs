//! Resume: one run goes on, with its own prompt and worktree. Of two who want
//! it at once, one puts it back into the queue and the other is told who did.

use std::path::Path;
use std::time::Duration;

use fermata_engine::event::ProcessId;
use fermata_engine::{EventBody, RunId, RunState, Status};
use fermata_store::{Append, Miss, NewEvent, OsWorld, RunRow, StoreError, process};

use crate::control::Control;
use crate::definition::{back_to, env_drift, has_changed};
use crate::drift::drift;
use crate::error::ControlError;
use crate::outcome::{Outcome, StartRefusal};
use crate::request::{DefinitionChoice, ResumeOptions};
use crate::sys;

/// A worker that holds its lock, has something to do and has written nothing for so long is not responding, ms.
const SILENT: u64 = 30_000;
/// How long a killed worker may take to let go of its lock.
const DYING: Duration = Duration::from_secs(2);
/// A queued run is left to the worker that was just spawned for it for so long, ms.
const SPAWNING: u64 = 2_000;

/// What resuming would do.
pub(crate) enum Way {
    /// Put it back into the queue.
    Queue(Append),
    /// Nothing is to be changed: it runs, or waits at a gate that is presented again.
    Follow(Status),
    /// It is queued and nobody works on it.
    Launch,
    /// It cannot go on.
    Refused(StartRefusal),
}

impl Control {
    /// Resumes a run.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::BadRequest`] for an unknown step, [`ControlError::Store`].
    pub fn resume(&self, run: &RunId, options: ResumeOptions) -> Result<Outcome, ControlError> {
        loop {
            let append = match self.way(run, &options)? {
                Way::Refused(refusal) => return Ok(Outcome::Refused(refusal)),
                Way::Follow(Status::Running) => {
                    return Ok(Outcome::Refused(self.held(&self.store().run(run)?)));
                }
                Way::Follow(_) => {
                    return Ok(Outcome::Started {
                        run: run.clone(),
                        existing: true,
                        worker: self.report(run)?,
                    });
                }
                Way::Launch => {
                    return Ok(Outcome::Started {
                        run: run.clone(),
                        existing: true,
                        worker: self.launch(run),
                    });
                }
                Way::Queue(append) => append,
            };
            let write = || {
                self.store()
                    .append(&append.run, append.last_seq, None, &append.events)
            };
            let written = match write() {
                Ok(events) => Ok(events),
                // Somebody was first: look again, and tell who.
                Err(StoreError::Miss(Miss::Stale { .. } | Miss::Final(_))) => continue,
                Err(error) => self.busy(error, write)?,
            };
            return Ok(match written {
                Ok(_) => Outcome::Started {
                    worker: self.launch(run),
                    run: run.clone(),
                    existing: true,
                },
                Err(refusal) => Outcome::Refused(refusal),
            });
        }
    }

    /// What resuming a run would do now.
    pub(crate) fn way(&self, run: &RunId, options: &ResumeOptions) -> Result<Way, ControlError> {
        self.settle(&self.store().run(run)?)?;
        let row = self.store().run(run)?;
        match row.status {
            Status::Completed | Status::Cancelled => Ok(refused(
                &row,
                format!(
                    "run {} is {}, which is final: request a fresh run",
                    row.run.short(),
                    row.status.as_str()
                ),
            )),
            Status::Running => self.running(row, options),
            Status::Queued => {
                let fresh = self.is_within(row.due, SPAWNING);
                if fresh || self.store().is_locked(run)? {
                    return Ok(Way::Refused(self.held(&row)));
                }
                Ok(Way::Launch)
            }
            Status::Waiting if options.from.is_some() => Ok(refused(
                &row,
                format!(
                    "run {} waits at a gate: answer it, or stop the run before going back to a step",
                    row.run.short()
                ),
            )),
            Status::Waiting if !row.parked && self.buried(&row)? => self.way(run, options),
            Status::Waiting => Ok(Way::Follow(Status::Waiting)),
            Status::Failed => self.failed(&row, options),
        }
    }

    /// Whether the worker of a run was killed a moment ago and what it left is settled now, by this surface or another. Its
    /// last threads, or somebody who settles it, may hold the lock for a moment.
    fn buried(&self, row: &RunRow) -> Result<bool, ControlError> {
        let dead =
            |worker: &ProcessId| process::is_of_this_boot(worker) && !process::is_alive(worker);
        if !row.worker.as_ref().is_some_and(dead) {
            return Ok(false);
        }
        let now = self.wait_for(&row.run, DYING, |now| now.status != row.status)?;
        Ok(now.status != row.status || self.settle(&now)?)
    }

    /// A worker that holds the lock and does nothing although something is due is ended first.
    fn running(&self, row: RunRow, options: &ResumeOptions) -> Result<Way, ControlError> {
        if self.buried(&row)? {
            return self.way(&row.run, options);
        }
        let silent = self.now().saturating_sub(row.last_at) > SILENT;
        if silent {
            let state = self.state(&row.run)?;
            // Stopped by a signal, it can do nothing whatever is open.
            let stopped = row.worker.as_ref().is_some_and(sys::is_stopped);
            let due = stopped || state.open.is_empty() && state.open_gates.is_empty();
            if due && row.worker.as_ref().is_some_and(sys::end_group) {
                let row = self.wait_for(&row.run, Duration::from_secs(5), |row| {
                    row.status != Status::Running
                })?;
                if self.settle(&row)? {
                    return self.way(&row.run, options);
                }
            }
        }
        Ok(Way::Follow(Status::Running))
    }

    fn failed(&self, row: &RunRow, options: &ResumeOptions) -> Result<Way, ControlError> {
        if row.damaged {
            return Ok(refused(
                row,
                format!(
                    "the log of run {} was found damaged: abandon it and start a fresh run",
                    row.run.short()
                ),
            ));
        }
        let state = self.state(&row.run)?;
        if state.last_seq != row.last_seq {
            // It went on between the two looks.
            return self.way(&row.run, options);
        }
        if let Some(reason) = gone(row, &state) {
            return Ok(refused(row, reason));
        }
        let world = self.machine(&row.scope);
        let env = env_drift(self.store().as_ref(), &world, &row.env)?;
        if !env.missing.is_empty() {
            return Ok(refused(
                row,
                format!(
                    "run {} was started with {}, which {} not set here: set {} and resume again",
                    row.run.short(),
                    env.missing.join(", "),
                    if env.missing.len() == 1 { "is" } else { "are" },
                    if env.missing.len() == 1 { "it" } else { "them" },
                ),
            ));
        }
        let now = self.now();
        let mut events = Vec::new();
        if !env.changed.is_empty() {
            events.push(EventBody::Warning {
                code: None,
                message: format!(
                    "resumed with another value of {} than it was started with",
                    env.changed.join(", ")
                ),
                step: None,
            });
        }
        if let Some(pinned) = match self.definition(row, &state, &world, options)? {
            Ok(pinned) => pinned,
            Err(refusal) => return Ok(Way::Refused(refusal)),
        } {
            events.push(pinned);
        }
        events.push(EventBody::RunResumed {
            status: Status::Queued,
            actor: self.actor(),
            definition: options.definition.map(|choice| choice.as_str().to_owned()),
            from: options.from.clone(),
            agent: options.agent.clone(),
        });
        if let Some(from) = &options.from {
            let after = back_to(&state, from).map_err(|finished| {
                ControlError::bad(
                    "from",
                    format!(
                        "expected a step that has finished, found `{from}`; finished: {}",
                        if finished.is_empty() {
                            "none".to_owned()
                        } else {
                            finished.join(", ")
                        }
                    ),
                )
            })?;
            events.push(EventBody::StepsInvalidated {
                from: from.clone(),
                after,
            });
        }
        Ok(Way::Queue(Append {
            run: row.run.clone(),
            last_seq: row.last_seq,
            fence: None,
            events: events
                .into_iter()
                .map(|body| NewEvent::root(now, body))
                .collect(),
        }))
    }

    /// Which definition it goes on with; the event that pins another one, where that is wanted.
    fn definition(
        &self,
        row: &RunRow,
        state: &RunState,
        world: &OsWorld,
        options: &ResumeOptions,
    ) -> Result<Result<Option<EventBody>, StartRefusal>, ControlError> {
        if options.definition == Some(DefinitionChoice::Pinned)
            || !has_changed(world, &row.definition)
        {
            return Ok(Ok(None));
        }
        let store = self.store().as_ref();
        let drift = drift(store, world, row, state)?;
        let asked_for = options.definition == Some(DefinitionChoice::Edited) && drift.edited;
        // What means the same is nobody's question; taken over, so that the limits of now count.
        if asked_for || drift.same {
            return Ok(Ok(Some(EventBody::DefinitionPinned {
                files: drift.now.pin(store, world)?,
                env: drift.now.env(store)?,
                steps: drift.now.steps(),
            })));
        }
        let steps = if drift.steps.is_empty() {
            "no step is different".to_owned()
        } else {
            format!("different: {}", drift.steps.join(", "))
        };
        let message = if drift.edited {
            format!(
                "the file has changed since run {} started ({steps}): resume with --definition pinned to go on as it was, or --definition edited to go on with the file as it is",
                row.run.short()
            )
        } else {
            format!(
                "the file has changed since run {} started ({steps}), and what has already run is not as it was: resume with --definition pinned, or start a fresh run",
                row.run.short()
            )
        };
        Ok(Err(StartRefusal::DefinitionChanged {
            run: row.run.clone(),
            steps: drift.steps,
            edited: drift.edited,
            message,
        }))
    }

    /// The refusal for a run that somebody works on, or is about to.
    fn held(&self, row: &RunRow) -> StartRefusal {
        let by = self.resumer(row).map_or_else(String::new, |(actor, at)| {
            format!(
                " (put to work by {} from {} on {})",
                actor.by,
                crate::json::surface(actor.surface),
                fermata_engine::answer::utc_text(at)
            )
        });
        let reason = match (&row.worker, row.status) {
            (Some(worker), Status::Running) => format!(
                "run {} is running already, held by process {}{by}",
                row.run.short(),
                worker.pid
            ),
            _ => format!(
                "run {} is queued already and its worker is about to begin{by}",
                row.run.short()
            ),
        };
        StartRefusal::NotResumable {
            run: row.run.clone(),
            reason,
            status: row.status,
        }
    }

    /// Who put the run to work last, and when.
    fn resumer(&self, row: &RunRow) -> Option<(fermata_engine::Actor, u64)> {
        let from = row.last_seq.saturating_sub(50).max(1);
        let events = self.store().events(&row.run, from, usize::MAX).ok()?;
        events.iter().rev().find_map(|event| match &event.body {
            EventBody::RunResumed { actor, .. } | EventBody::RunQueued { actor, .. } => {
                Some((actor.clone(), event.at))
            }
            _ => None,
        })
    }
}

/// Why there is nothing left to go on in.
pub(crate) fn gone(row: &RunRow, state: &RunState) -> Option<String> {
    let begun = !state.steps.is_empty();
    let folder = row.place.worktree.as_deref().unwrap_or(&row.cwd);
    let what = if row.place.worktree.is_some() {
        "worktree"
    } else {
        "folder"
    };
    (begun && !Path::new(folder).exists()).then(|| {
        format!(
            "the {what} of run {}, {folder}, is gone: abandon it and start a fresh run",
            row.run.short()
        )
    })
}

fn refused(row: &RunRow, reason: String) -> Way {
    Way::Refused(StartRefusal::NotResumable {
        run: row.run.clone(),
        reason,
        status: row.status,
    })
}
