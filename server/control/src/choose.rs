//! Choose: the answer to an open start request. The first answer closes it,
//! together with what happens to the earlier run; whoever comes late is told.

use fermata_engine::Status;
use fermata_store::{Closing, Miss, StartId, StartRow, StoreError, Took};

use crate::control::Control;
use crate::end::{End, Ended};
use crate::error::ControlError;
use crate::outcome::{Act, Outcome, StartRefusal};
use crate::plan::Kept;
use crate::request::{ChoiceAnswer, ResumeOptions};
use crate::resume::Way;
use crate::start::closed;

impl Control {
    /// Answers an open start request.
    ///
    /// # Errors
    /// [`ControlError::NotFound`] for an unknown one, [`ControlError::Store`].
    pub fn choose(&self, start: &str, answer: ChoiceAnswer) -> Result<Outcome, ControlError> {
        let row = self.start_named(start)?;
        if row.closed.is_some() {
            return Ok(closed(&row));
        }
        match answer {
            ChoiceAnswer::Dismiss => {
                let took = self.store().close_start(&row.start, self.closing(answer))?;
                Ok(match took {
                    Took::Closed(_) => Outcome::Dismissed,
                    Took::Already(row) => closed(&row),
                })
            }
            ChoiceAnswer::Resume => self.choose_resume(&row),
            ChoiceAnswer::AbandonAndRun | ChoiceAnswer::RunFresh => self.choose_fresh(&row, answer),
        }
    }

    /// A start request by its id, or a unique beginning or end of it among the open ones.
    fn start_named(&self, name: &str) -> Result<StartRow, ControlError> {
        match self.store().start(&StartId(name.to_owned())) {
            Err(StoreError::Miss(Miss::NotFound(what))) => {
                let mut open: Vec<StartRow> = self
                    .store()
                    .starts()?
                    .into_iter()
                    .filter(|row| {
                        !name.is_empty()
                            && (row.start.0.starts_with(name) || row.start.0.ends_with(name))
                    })
                    .collect();
                match open.len() {
                    1 => Ok(open.remove(0)),
                    0 => Err(ControlError::NotFound(format!(
                        "there is no {what}: `fermata runs --starts` lists what is open"
                    ))),
                    count => Err(ControlError::Ambiguous {
                        name: name.to_owned(),
                        count,
                    }),
                }
            }
            found => Ok(found?),
        }
    }

    fn closing(&self, answer: ChoiceAnswer) -> Closing {
        Closing {
            answer,
            actor: self.actor(),
            at: self.now(),
            run: None,
            resumed: None,
            append: None,
        }
    }

    /// The earlier run goes on; the request is closed in the same transaction. Missing inputs do not matter here.
    fn choose_resume(&self, row: &StartRow) -> Result<Outcome, ControlError> {
        loop {
            let mut closing = self.closing(ChoiceAnswer::Resume);
            closing.resumed = Some(row.prior.clone());
            let (append, launch) = match self.way(&row.prior, &ResumeOptions::default())? {
                // Running: it is followed.
                Way::Follow(_) => (None, false),
                Way::Launch => (None, true),
                Way::Queue(append) => (Some(append), true),
                Way::Refused(StartRefusal::NotResumable {
                    status: Status::Queued,
                    ..
                }) => (None, false),
                Way::Refused(refusal) => return Ok(Outcome::Refused(refusal)),
            };
            closing.append = append;
            let write = || self.store().close_start(&row.start, closing.clone());
            let took = match write() {
                Ok(took) => Ok(took),
                Err(StoreError::Miss(Miss::Stale { .. } | Miss::Final(_))) => continue,
                Err(error) => self.busy(error, write)?,
            };
            return Ok(match took {
                Ok(Took::Closed(_)) => Outcome::Started {
                    worker: if launch {
                        self.launch(&row.prior)
                    } else {
                        self.report(&row.prior)?
                    },
                    run: row.prior.clone(),
                    existing: true,
                },
                Ok(Took::Already(row)) => closed(&row),
                Err(refusal) => Outcome::Refused(refusal),
            });
        }
    }

    fn choose_fresh(&self, row: &StartRow, answer: ChoiceAnswer) -> Result<Outcome, ControlError> {
        let kept: Kept = serde_json::from_value(row.request.clone()).map_err(|error| {
            ControlError::Store(StoreError::Corrupt {
                path: format!("start request {}", row.start),
                what: error.to_string(),
            })
        })?;
        let request = kept.request(self.store().as_ref())?;
        let plan = match self.plan(&request)? {
            Ok(plan) => plan,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let mut closing = self.closing(answer);
        closing.run = Some(plan.proposal.run);
        let took = if answer == ChoiceAnswer::AbandonAndRun {
            self.abandon_and_close(row, &closing)?
        } else {
            let write = || self.store().close_start(&row.start, closing.clone());
            match write() {
                Ok(took) => Ok(took),
                Err(error) => self.busy(error, write)?,
            }
        };
        Ok(match took {
            Ok(Took::Closed(Some(run))) => Outcome::Started {
                worker: self.launch(&run),
                run,
                existing: false,
            },
            Ok(Took::Closed(None)) => Outcome::Dismissed,
            Ok(Took::Already(row)) => closed(&row),
            Err(refusal) => Outcome::Refused(refusal),
        })
    }

    /// The prior is cancelled in the transaction that closes the request, unless a living worker has to end first.
    fn abandon_and_close(
        &self,
        row: &StartRow,
        closing: &Closing,
    ) -> Result<Result<Took, StartRefusal>, ControlError> {
        const WHY: &str = "abandoned for a fresh run";
        if !self.store().is_locked(&row.prior)? {
            self.cancel_children(&row.prior, WHY)?;
        }
        let end = End::Cancel(self.actor(), WHY.to_owned());
        let prior = self.store().run(&row.prior)?;
        if !prior.status.is_final() && !prior.damaged {
            let ended = self.finish_with(
                &row.prior,
                |state| (!state.status.is_final()).then(|| end.clone()),
                |last| {
                    let mut closing = closing.clone();
                    closing.append = Some(last);
                    self.store().close_start(&row.start, closing)
                },
            );
            match ended {
                Ok(Ended::Done(took)) => return Ok(Ok(took)),
                Ok(Ended::Held | Ended::Already(_)) => {}
                // The checkout is somebody else's: the prior is left as it is.
                Err(ControlError::Store(StoreError::Miss(miss @ Miss::CheckoutBusy { .. }))) => {
                    return Ok(Err(crate::start::busy(miss)));
                }
                Err(error) => return Err(error),
            }
        }
        if let Act::Refused { reason, status } = self.cancel(&row.prior, WHY)?
            && !status.is_final()
        {
            return Ok(Err(StartRefusal::NotResumable {
                run: row.prior.clone(),
                reason,
                status,
            }));
        }
        let write = || self.store().close_start(&row.start, closing.clone());
        match write() {
            Ok(took) => Ok(Ok(took)),
            Err(error) => self.busy(error, write),
        }
    }
}
