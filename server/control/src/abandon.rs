//! Abandon: any run that is not final is cancelled, its children too, and the
//! next request does not ask about it.

use fermata_engine::{EventBody, RunId, Status};
use fermata_store::{Miss, NewEvent, RunRow, StoreError};

use crate::control::Control;
use crate::end::{End, Ended};
use crate::error::ControlError;
use crate::outcome::Act;
use crate::sys;

impl Control {
    /// Cancels a run that is not final.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn abandon(&self, run: &RunId) -> Result<Act, ControlError> {
        let act = self.cancel(run, "abandoned");
        self.tell_above(run);
        act
    }

    pub(crate) fn cancel(&self, run: &RunId, reason: &str) -> Result<Act, ControlError> {
        let row = self.store().run(run)?;
        if row.status.is_final() {
            return Ok(refused(&row));
        }
        let request = EventBody::AbortRequested {
            actor: self.actor(),
            reason: reason.to_owned(),
        };
        let asked = self.mark(run, &request)?;
        // Children first: a crash in between leaves the parent to be abandoned again, never a child without one. But a
        // living worker works on them too, and ends them when it ends.
        if !self.store().is_locked(run)? {
            self.cancel_children(run, reason)?;
        }
        let act = if row.damaged {
            self.cancel_unread(&row, reason)?
        } else {
            self.cancel_one(run, reason)?
        };
        let act = match act {
            // Somebody else has carried it out.
            Act::Refused { status, .. } if asked && status == Status::Cancelled => {
                Act::Done { status }
            }
            act => act,
        };
        if matches!(act, Act::Done { .. }) {
            self.cancel_children(run, reason)?;
        }
        Ok(act)
    }

    pub(crate) fn cancel_children(&self, run: &RunId, reason: &str) -> Result<(), ControlError> {
        for child in self.children(run)? {
            self.cancel(&child.run, &format!("{reason} with its parent"))?;
        }
        Ok(())
    }

    fn cancel_one(&self, run: &RunId, reason: &str) -> Result<Act, ControlError> {
        let end = End::Cancel(self.actor(), reason.to_owned());
        let decide =
            |state: &fermata_engine::RunState| (!state.status.is_final()).then(|| end.clone());
        loop {
            match self.finish(run, decide)? {
                Ended::Done(()) => {
                    return Ok(Act::Done {
                        status: Status::Cancelled,
                    });
                }
                Ended::Already(status) => return Ok(already(run, status)),
                Ended::Held => {}
            }
            if let Some(act) = self.ask_to_abort(run, reason)? {
                return Ok(act);
            }
            let row = self.wait_for(run, self.inner.parts.patience.abort, |row| {
                row.status.is_final()
            })?;
            if row.status == Status::Cancelled {
                return Ok(Act::Done { status: row.status });
            }
            if row.status.is_final() {
                return Ok(refused(&row));
            }
            if self.store().is_locked(run)? {
                let ended = row.worker.as_ref().is_some_and(sys::end_group);
                if !ended {
                    return Ok(Act::Refused {
                        reason: format!(
                            "run {} was asked to abort and its worker has not carried it out yet: try again, or end process {}",
                            run.short(),
                            row.worker.as_ref().map_or(0, |worker| worker.pid)
                        ),
                        status: row.status,
                    });
                }
            }
        }
    }

    /// Asks a living worker to abort, once.
    fn ask_to_abort(&self, run: &RunId, reason: &str) -> Result<Option<Act>, ControlError> {
        loop {
            let row = self.store().run(run)?;
            if row.status.is_final() {
                return Ok(Some(refused(&row)));
            }
            if row.aborting {
                return Ok(None);
            }
            let request = NewEvent::root(
                self.now(),
                EventBody::AbortRequested {
                    actor: self.actor(),
                    reason: reason.to_owned(),
                },
            );
            match self.store().append(run, row.last_seq, None, &[request]) {
                Ok(_) => return Ok(None),
                Err(StoreError::Miss(Miss::Stale { .. })) => {}
                Err(StoreError::Miss(Miss::Final(status))) => {
                    return Ok(Some(already(run, status)));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A run whose log cannot be folded: nobody can claim it, so its lock alone is enough.
    fn cancel_unread(&self, row: &RunRow, reason: &str) -> Result<Act, ControlError> {
        let Some(_lock) = self.store().try_lock(&row.run)? else {
            return Ok(Act::Refused {
                reason: format!(
                    "run {} is held by process {}: end it first",
                    row.run.short(),
                    row.worker.as_ref().map_or(0, |worker| worker.pid)
                ),
                status: row.status,
            });
        };
        let cancelled = NewEvent::root(
            self.now(),
            EventBody::RunCancelled {
                actor: self.actor(),
                reason: reason.to_owned(),
            },
        );
        self.store()
            .append(&row.run, row.last_seq, None, &[cancelled])?;
        Ok(Act::Done {
            status: Status::Cancelled,
        })
    }
}

pub(crate) fn refused(row: &RunRow) -> Act {
    already(&row.run, row.status)
}

fn already(run: &RunId, status: Status) -> Act {
    match status {
        Status::Cancelled => Act::Refused {
            reason: format!("run {} is cancelled already", run.short()),
            status,
        },
        _ => Act::Refused {
            reason: format!(
                "run {} is {} and over for good: nothing of it is left to stop, to abandon or to tell something",
                run.short(),
                status.as_str()
            ),
            status,
        },
    }
}
