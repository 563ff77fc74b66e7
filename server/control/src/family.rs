//! Parents that wait for their children without a worker. Whoever lets a child
//! go on, or ends it, puts its parent back to work; should they die before they
//! have done so, the next surface that looks does it. What is decided here is
//! read from where both stand, so it is never too late and never twice.

use fermata_engine::family::{self, Kin};
use fermata_engine::{Actor, EventBody, RunId, RunState, Status, StepPath, Surface};
use fermata_store::{Miss, NewEvent, RunRow, StoreError};

use crate::control::Control;
use crate::definition::env_drift;
use crate::error::ControlError;

/// How far up parents are followed.
pub(crate) const FURTHEST: usize = 64;

impl Control {
    /// To be called once a run has no worker any more, its lock given back: looks after those that are above it and
    /// below it.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn released(&self, run: &RunId) -> Result<(), ControlError> {
        let row = self.store().run(run)?;
        match row.status {
            Status::Cancelled => self.cancel_children(run, "cancelled")?,
            // What it waits for may have come while it parked.
            Status::Waiting => {
                self.revive(&row)?;
            }
            Status::Queued | Status::Running | Status::Completed | Status::Failed => {}
        }
        self.tell_above(run);
        Ok(())
    }

    /// Puts those to work that hold because this run held. What has happened to the run has happened, so a failure is
    /// only noted: the next surface that looks does it.
    pub(crate) fn tell_above(&self, run: &RunId) {
        if let Err(error) = self.revive_above(run) {
            tracing::warn!(%run, %error, "those above a run could not be told");
        }
    }

    fn revive_above(&self, run: &RunId) -> Result<(), ControlError> {
        let mut at = self.store().run(run)?.parent;
        for _ in 0..FURTHEST {
            let Some(above) = at else {
                return Ok(());
            };
            let row = self.store().run(&above)?;
            self.revive(&row)?;
            at = row.parent;
        }
        Ok(())
    }

    /// Closes the gates of a run that stand for gates of children which hold there no longer, and puts the run to work
    /// if nobody works on it; whether it did.
    pub(crate) fn revive(&self, row: &RunRow) -> Result<bool, ControlError> {
        let mut row = row.clone();
        loop {
            let parked = row.status == Status::Waiting && row.parked;
            let works = !row.parked && matches!(row.status, Status::Running | Status::Waiting);
            if row.damaged || row.stopping || row.aborting || !(parked || works) {
                return Ok(false);
            }
            let Some(below) = self.moved(&row)? else {
                return Ok(false);
            };
            let machine = self.machine(&row.scope);
            let env = env_drift(self.store().as_ref(), &machine, &row.env)?;
            if parked && !env.missing.is_empty() {
                // From here it could not go on; whoever looks next from where it can puts it to work.
                return Ok(false);
            }
            let state = self.state(&row.run)?;
            let events = self.closings(&state, &below, parked)?;
            if state.last_seq == row.last_seq {
                if events.is_empty() {
                    return Ok(false);
                }
                match self.store().append(&row.run, row.last_seq, None, &events) {
                    Ok(_) if parked => {
                        self.launch(&row.run);
                        return Ok(true);
                    }
                    Ok(_) => return Ok(false),
                    // Somebody was first: look again.
                    Err(StoreError::Miss(Miss::Stale { .. } | Miss::Final(_))) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            row = self.store().run(&row.run)?;
        }
    }

    /// Writes down that a parked run is to end before its children are ended: their end must not put it back to work.
    /// Whether it was asked here.
    pub(crate) fn mark(&self, run: &RunId, body: &EventBody) -> Result<bool, ControlError> {
        loop {
            let row = self.store().run(run)?;
            let parked = row.status == Status::Waiting && row.parked;
            if !parked || row.stopping || row.aborting || self.children(run)?.is_empty() {
                return Ok(false);
            }
            let request = NewEvent::root(self.now(), body.clone());
            match self.store().append(run, row.last_seq, None, &[request]) {
                Ok(_) => return Ok(true),
                Err(StoreError::Miss(Miss::Stale { .. } | Miss::Final(_))) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A child that has left a gate at which its parent still holds.
    fn moved(&self, row: &RunRow) -> Result<Option<RunRow>, ControlError> {
        for gate in &row.gates {
            let Some((child, _)) = gate.stands_for() else {
                continue;
            };
            let below = match self.store().run(&child) {
                Ok(below) => below,
                // Where there is no such run there is nothing that could go on.
                Err(StoreError::Miss(Miss::NotFound(_))) => continue,
                Err(error) => return Err(error.into()),
            };
            if kin(&below).has_left(gate) {
                return Ok(Some(below));
            }
        }
        Ok(None)
    }

    /// What is appended for a parent whose child has moved: to a parked one everything, else the answers only, for the
    /// rest is its worker's.
    fn closings(
        &self,
        parent: &RunState,
        below: &RunRow,
        parked: bool,
    ) -> Result<Vec<NewEvent>, ControlError> {
        let at = self.now();
        let child = self.state(&below.run)?;
        let mut events: Vec<NewEvent> = kin(below)
            .left(parent)
            .map(|open| NewEvent {
                at,
                path: open.gate.path.clone(),
                body: family::closing(open, &child, at),
            })
            .filter(|event| parked || matches!(event.body, EventBody::GateAnswered { .. }))
            .collect();
        if parked {
            let by = events.iter().rev().find_map(|event| match &event.body {
                EventBody::GateAnswered { actor, .. } => Some(actor.clone()),
                _ => None,
            });
            let resumed = EventBody::RunResumed {
                status: Status::Queued,
                actor: by.unwrap_or_else(|| Actor {
                    by: format!("run {}", below.run.short()),
                    surface: Surface::Policy,
                }),
                definition: None,
                from: None,
                agent: None,
            };
            events.push(NewEvent {
                at,
                path: StepPath::root(),
                body: resumed,
            });
        }
        Ok(events)
    }
}

fn kin(row: &RunRow) -> Kin<'_> {
    Kin {
        run: &row.run,
        lives: row.status.is_live(),
        gates: &row.gates,
    }
}
