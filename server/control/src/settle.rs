//! Looking after runs that nobody looks after: the interrupted are marked, the
//! queued that nobody has claimed get a worker. Idempotent; every surface does
//! it, none has to.

use std::sync::PoisonError;

use fermata_engine::{RunId, RunState, Status};
use fermata_store::{RunFilter, RunRow};

use crate::control::Control;
use crate::end::{End, Ended};
use crate::error::ControlError;
use crate::outcome::Act;

/// A queued run that nobody has claimed for so long gets a worker from whoever sees it, ms.
const UNCLAIMED: u64 = 2_000;
/// Pause between two launches of the same run by the same process, ms.
const AGAIN: u64 = 6_000;
/// Launches after which a run that nobody claims is given up.
const LAUNCHES: u32 = 3;

impl Control {
    /// Marks interrupted runs and sees to queued ones. Returns the runs that have changed.
    ///
    /// # Errors
    /// [`ControlError::Store`].
    pub fn tick(&self) -> Result<Vec<RunId>, ControlError> {
        let live = self.store().runs(&RunFilter {
            children: true,
            statuses: vec![Status::Queued, Status::Running, Status::Waiting],
            ..RunFilter::default()
        })?;
        let mut changed = Vec::new();
        for row in live {
            // One run that cannot be looked after must not keep the others from it.
            match self.look_after(&row) {
                Ok(true) => changed.push(row.run),
                Ok(false) => {}
                Err(error) => tracing::warn!(run = %row.run, %error, "cannot look after run"),
            }
        }
        Ok(changed)
    }

    /// Looks after one run, and says when that cannot be done: for whoever waits for it and would wait for ever.
    ///
    /// # Errors
    /// [`ControlError::Store`]; with a full disk the end of a dead worker cannot be written.
    pub fn tend(&self, run: &RunId) -> Result<bool, ControlError> {
        self.look_after(&self.store().run(run)?)
    }

    fn look_after(&self, row: &RunRow) -> Result<bool, ControlError> {
        if let Some(parent) = &row.parent
            && self.store().run(parent)?.status == Status::Cancelled
            && !self.store().is_locked(parent)?
        {
            let act = self.cancel(&row.run, "cancelled with its parent")?;
            return Ok(matches!(act, Act::Done { .. }));
        }
        if row.status != Status::Queued {
            return self.settle(row);
        }
        if self.is_within(row.due, UNCLAIMED) || self.store().is_locked(&row.run)? {
            return Ok(false);
        }
        self.relaunch(row)
    }

    /// Ends a parked run that was asked to end by somebody who did not live to do it; whether it did.
    fn carry_out(&self, row: &RunRow) -> Result<bool, ControlError> {
        if self.is_within(row.last_at, UNCLAIMED) || self.store().is_locked(&row.run)? {
            return Ok(false);
        }
        let act = match self.state(&row.run)?.abort_requested {
            Some((_, reason)) => self.cancel(&row.run, &reason)?,
            None => self.stop(&row.run, false)?,
        };
        Ok(matches!(act, Act::Done { .. }))
    }

    /// A worker for a queued run that nobody has claimed.
    pub(crate) fn relaunch(&self, row: &RunRow) -> Result<bool, ControlError> {
        let now = self.now();
        let (count, last) = self
            .inner
            .launches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&row.run)
            .copied()
            .filter(|(_, last)| *last >= row.due || now < row.due)
            .unwrap_or((0, 0));
        if count >= LAUNCHES {
            let why = format!(
                "{count} workers were started and none has claimed the run: see {}",
                self.home().log(&row.run).display()
            );
            let ended = self.finish(&row.run, |state| {
                (state.status == Status::Queued).then(|| End::NeverStarted(why.clone()))
            })?;
            return Ok(ended == Ended::Done(()));
        }
        if count > 0 && self.is_within(last, AGAIN) {
            return Ok(false);
        }
        Ok(self.launch(&row.run).ready)
    }

    /// Whether a moment is less than `ms` ago. One that is still to come is long ago: the clock was put back since.
    pub(crate) fn is_within(&self, moment: u64, ms: u64) -> bool {
        self.now()
            .checked_sub(moment)
            .is_some_and(|since| since < ms)
    }

    /// Takes note of a launch.
    pub(crate) fn noted_launch(&self, run: &RunId) {
        let now = self.now();
        let mut launches = self
            .inner
            .launches
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Only what is recent matters, and surfaces live long.
        launches.retain(|_, (_, last)| now.saturating_sub(*last) < 600_000);
        let entry = launches.entry(run.clone()).or_insert((0, now));
        *entry = (entry.0 + 1, now);
    }

    /// Marks a run whose worker is gone, and puts one to work whose children wait no longer; says whether it did.
    pub(crate) fn settle(&self, row: &RunRow) -> Result<bool, ControlError> {
        if row.status == Status::Waiting && row.parked && !row.damaged {
            return if row.stopping || row.aborting {
                self.carry_out(row)
            } else {
                self.revive(row)
            };
        }
        let works = match row.status {
            Status::Running => true,
            Status::Waiting => !row.parked,
            Status::Queued | Status::Completed | Status::Failed | Status::Cancelled => false,
        };
        if !works || row.damaged || self.store().is_locked(&row.run)? {
            return Ok(false);
        }
        // A child's work may be done under its parent's lock.
        if let Some(parent) = &row.parent
            && self.store().is_locked(parent)?
        {
            return Ok(false);
        }
        let ended = self.finish(&row.run, RunState::end_without_worker)? == Ended::Done(());
        if ended {
            self.tell_above(&row.run);
        }
        Ok(ended)
    }
}
