//! Stop: ends a run so that it can be resumed. Abort: ends it for good.

use fermata_engine::{Cause, EventBody, RunId, Status};
use fermata_store::{Miss, NewEvent, StoreError};

use crate::abandon::refused;
use crate::control::Control;
use crate::end::{End, Ended};
use crate::error::ControlError;
use crate::outcome::Act;

impl Control {
    /// Stops a live run, resumably; with `abort` for good.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn stop(&self, run: &RunId, abort: bool) -> Result<Act, ControlError> {
        let act = if abort {
            self.cancel(run, "aborted")
        } else {
            self.stop_one(run)
        };
        self.tell_above(run);
        act
    }

    fn stop_one(&self, run: &RunId) -> Result<Act, ControlError> {
        let request = EventBody::StopRequested {
            actor: self.actor(),
        };
        let asked = self.mark(run, &request)?;
        loop {
            let row = self.store().run(run)?;
            if !row.status.is_live() {
                if asked && row.cause == Some(Cause::Stopped) {
                    return Ok(Act::Done { status: row.status });
                }
                return Ok(match row.status {
                    Status::Failed => Act::Refused {
                        reason: format!(
                            "run {} has failed already: `fermata resume` goes on with it, `fermata abandon` cancels it",
                            run.short()
                        ),
                        status: row.status,
                    },
                    _ => refused(&row),
                });
            }
            // A living worker works on its children too, and stops them itself.
            if !self.store().is_locked(run)? {
                for child in self.children(run)? {
                    if child.status.is_live() {
                        self.stop(&child.run, false)?;
                    }
                }
            }
            let end = End::Stop(self.actor());
            match self.finish(run, |state| state.status.is_live().then(|| end.clone()))? {
                Ended::Done(()) => {
                    return Ok(Act::Done {
                        status: Status::Failed,
                    });
                }
                Ended::Already(_) => continue,
                Ended::Held => {}
            }
            if !row.stopping && !row.aborting {
                let request = NewEvent::root(self.now(), request.clone());
                match self.store().append(run, row.last_seq, None, &[request]) {
                    Ok(_) => {}
                    Err(StoreError::Miss(Miss::Stale { .. } | Miss::Final(_))) => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            let row = self.wait_for(run, self.inner.parts.patience.stop, |row| {
                !row.status.is_live()
            })?;
            if row.status.is_live() && !self.store().is_locked(run)? {
                // It died meanwhile: carry it out here.
                continue;
            }
            return Ok(match row.status {
                Status::Completed => refused(&row),
                status => Act::Done { status },
            });
        }
    }
}
