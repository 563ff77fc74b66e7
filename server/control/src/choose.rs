//! Choose: the answer to an open start request. The first answer closes it,
//! together with what happens to the earlier run; whoever comes late is told.

use fermata_engine::{RunId, Status};
use fermata_store::{Closing, Miss, StartId, StartRow, StoreError, Took};

use crate::control::Control;
use crate::end::{End, Ended};
use crate::error::ControlError;
use crate::outcome::{Act, Outcome, StartRefusal};
use crate::plan::{Kept, changes_key};
use crate::request::{ChangesWish, ChoiceAnswer, ResumeOptions};
use crate::resume::Way;
use crate::start::{choice, closed};
use crate::views::StartSummary;

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
        let words: Vec<&str> = row.answers().iter().map(|word| word.as_str()).collect();
        if !words.contains(&answer.as_str()) {
            return Err(ControlError::bad(
                "answer",
                format!(
                    "start request {} is about {}: expected one of {}, found `{}`",
                    row.start,
                    match row.prior {
                        Some(_) => "an earlier run",
                        None => "uncommitted changes",
                    },
                    words.join(", "),
                    answer.as_str()
                ),
            ));
        }
        match answer {
            ChoiceAnswer::Dismiss => {
                let took = self.store().close_start(&row.start, self.closing(answer))?;
                Ok(match took {
                    Took::Closed(_) | Took::Asks(_) => Outcome::Dismissed,
                    Took::Already(row) => closed(&row),
                })
            }
            ChoiceAnswer::Resume => match row.prior.clone() {
                Some(prior) => self.choose_resume(&row, &prior),
                None => Ok(Outcome::Dismissed),
            },
            ChoiceAnswer::AbandonAndRun
            | ChoiceAnswer::RunFresh
            | ChoiceAnswer::WithChanges
            | ChoiceAnswer::FromHead => self.choose_fresh(&row, answer),
        }
    }

    /// An open or closed start request by any unique part of its id.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn start_request(&self, name: &str) -> Result<StartSummary, ControlError> {
        Ok(self.start_named(name)?.into())
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
            ask: Vec::new(),
        }
    }

    /// The earlier run goes on; the request is closed in the same transaction. Missing inputs do not matter here.
    fn choose_resume(&self, row: &StartRow, prior: &RunId) -> Result<Outcome, ControlError> {
        loop {
            let mut closing = self.closing(ChoiceAnswer::Resume);
            closing.resumed = Some(prior.clone());
            let (append, launch) = match self.way(prior, &ResumeOptions::default())? {
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
                Ok(Took::Closed(_) | Took::Asks(_)) => Outcome::Started {
                    worker: if launch {
                        self.launch(prior)
                    } else {
                        self.report(prior)?
                    },
                    run: prior.clone(),
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
        let mut request = kept.request(self.store().as_ref())?;
        if let Some(wish) = match answer {
            ChoiceAnswer::WithChanges => Some(ChangesWish::Take),
            ChoiceAnswer::FromHead => Some(ChangesWish::Leave),
            _ => None,
        } {
            request.changes = wish;
            // Asked once per scope.
            self.store()
                .remember(&changes_key(&row.scope), answer.as_str())?;
        }
        let plan = match self.plan(&request)? {
            Ok(plan) => plan,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        let mut closing = self.closing(answer);
        if plan.proposal.changes.is_empty() {
            closing.run = Some(plan.proposal.run);
        } else {
            closing.ask = plan.proposal.changes;
        }
        let took = if let (ChoiceAnswer::AbandonAndRun, Some(prior)) = (answer, &row.prior) {
            self.abandon_and_close(row, prior, &closing)?
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
            Ok(Took::Asks(row)) => Outcome::Refused(StartRefusal::Choice(Box::new(choice(
                &row,
                None,
                &plan.world,
            )))),
            Ok(Took::Already(row)) => closed(&row),
            Err(refusal) => Outcome::Refused(refusal),
        })
    }

    /// The prior is cancelled in the transaction that closes the request, unless a living worker has to end first.
    fn abandon_and_close(
        &self,
        row: &StartRow,
        before: &RunId,
        closing: &Closing,
    ) -> Result<Result<Took, StartRefusal>, ControlError> {
        const WHY: &str = "abandoned for a fresh run";
        if !self.store().is_locked(before)? {
            self.cancel_children(before, WHY)?;
        }
        let end = End::Cancel(self.actor(), WHY.to_owned());
        let prior = self.store().run(before)?;
        if !prior.status.is_final() && !prior.damaged {
            let ended = self.finish_with(
                before,
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
        if let Act::Refused { reason, status } = self.cancel(before, WHY)?
            && !status.is_final()
        {
            return Ok(Err(StartRefusal::NotResumable {
                run: before.clone(),
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
