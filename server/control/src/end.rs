//! Ending a run that nobody works on: whoever obtains the lock claims it, ends
//! what its dead worker left running, withdraws its gates and writes the
//! terminal event.

use std::time::{Duration, Instant};

pub(crate) use fermata_engine::End;
use fermata_engine::{RunId, RunState, Status};
use fermata_store::{Append, Miss, NewEvent, RunFilter, RunRow, StoreError, process};

use crate::control::Control;
use crate::error::ControlError;
use crate::sys;

/// Whether it was ended here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ended<T = ()> {
    /// By this call, and what else the same transaction did.
    Done(T),
    /// A living worker holds the lock.
    Held,
    /// There was nothing to end any more; where it stands.
    Already(Status),
}

impl Control {
    /// Ends a run under its lock, if `decide` still wants to when it sees the folded log.
    pub(crate) fn finish(
        &self,
        run: &RunId,
        decide: impl Fn(&RunState) -> Option<End>,
    ) -> Result<Ended, ControlError> {
        self.finish_with(run, decide, |last| {
            self.store()
                .append(&last.run, last.last_seq, last.fence, &last.events)
                .map(drop)
        })
    }

    /// As [`Control::finish`], the terminal event written by a transaction that does more.
    pub(crate) fn finish_with<T>(
        &self,
        run: &RunId,
        decide: impl Fn(&RunState) -> Option<End>,
        write: impl Fn(Append) -> fermata_store::Result<T>,
    ) -> Result<Ended<T>, ControlError> {
        let store = self.store().as_ref();
        let Some(lock) = store.try_lock(run)? else {
            return Ok(Ended::Held);
        };
        let (fence, events) = match store.claim(run, process::this_process(), &lock) {
            Ok(claimed) => claimed,
            Err(StoreError::Miss(Miss::Final(status))) => return Ok(Ended::Already(status)),
            Err(error) => return Err(error.into()),
        };
        let mut state = fold(run, &events)?;
        loop {
            let Some(end) = decide(&state) else {
                return Ok(Ended::Already(state.status));
            };
            for attempt in state.open.values() {
                if let Some(process) = &attempt.process {
                    let _ = sys::end_group(process);
                }
            }
            for leader in process::unnamed(run, &state) {
                let _ = sys::end_group(&process::identity(leader));
            }
            let last = Append {
                run: run.clone(),
                last_seq: state.last_seq,
                fence: Some(fence),
                events: terminal(&state, &end, self.now()),
            };
            match write(last) {
                Ok(done) => return Ok(Ended::Done(done)),
                // A surface has asked for something meanwhile.
                Err(StoreError::Miss(Miss::Stale { .. })) => {
                    for event in store.events(run, state.last_seq + 1, usize::MAX)? {
                        state.fold(&event).map_err(|error| damaged(run, &error))?;
                    }
                }
                Err(StoreError::Miss(Miss::Final(status))) => return Ok(Ended::Already(status)),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Child runs that are not final.
    pub(crate) fn children(&self, run: &RunId) -> Result<Vec<RunRow>, ControlError> {
        let mut children = self.store().runs(&RunFilter {
            parent: Some(run.clone()),
            ..RunFilter::default()
        })?;
        children.retain(|child| !child.status.is_final());
        Ok(children)
    }

    /// Waits until a run is as wanted, or the time is over; the row as it is then.
    pub(crate) fn wait_for(
        &self,
        run: &RunId,
        patience: Duration,
        wanted: impl Fn(&RunRow) -> bool,
    ) -> Result<RunRow, ControlError> {
        let wake = self.store().subscribe(Some(run))?;
        let end = Instant::now() + patience;
        loop {
            let row = self.store().run(run)?;
            let left = end.saturating_duration_since(Instant::now());
            if wanted(&row) || left.is_zero() {
                return Ok(row);
            }
            // In steps, because a worker that dies writes nothing.
            let _ = wake.wait(left.min(Duration::from_millis(250)));
            if !self.store().is_locked(run)? {
                return Ok(self.store().run(run)?);
            }
        }
    }
}

pub(crate) fn fold(
    run: &RunId,
    events: &[fermata_engine::Event],
) -> Result<RunState, ControlError> {
    RunState::fold_all(events).map_err(|error| damaged(run, &error))
}

fn damaged(run: &RunId, error: &fermata_engine::FoldError) -> ControlError {
    ControlError::Store(StoreError::Corrupt {
        path: format!("run {run}"),
        what: error.to_string(),
    })
}

/// What ends the run, as one transaction.
pub(crate) fn terminal(state: &RunState, end: &End, at: u64) -> Vec<NewEvent> {
    let events = state.ending(end).into_iter();
    events
        .map(|(path, body)| NewEvent { at, path, body })
        .collect()
}
