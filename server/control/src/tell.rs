//! Tell: guidance for the next prompt of a run.

use fermata_engine::{EventBody, RunId};
use fermata_store::{Miss, NewEvent, StoreError};

use crate::abandon::refused;
use crate::control::Control;
use crate::error::ControlError;
use crate::outcome::Act;

impl Control {
    /// Gives guidance that the run's next prompt carries. A failed run keeps it for when it is resumed.
    ///
    /// # Errors
    /// [`ControlError::BadRequest`] for an empty text, [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn tell(&self, run: &RunId, text: &str) -> Result<Act, ControlError> {
        if text.trim().is_empty() {
            return Err(ControlError::bad("text", "expected some words, found none"));
        }
        loop {
            let row = self.store().run(run)?;
            if row.status.is_final() {
                return Ok(refused(&row));
            }
            let given = NewEvent::root(
                self.now(),
                EventBody::GuidanceGiven {
                    actor: self.actor(),
                    text: text.to_owned(),
                },
            );
            match self.store().append(run, row.last_seq, None, &[given]) {
                Ok(_) => return Ok(Act::Done { status: row.status }),
                Err(StoreError::Miss(Miss::Stale { .. } | Miss::Final(_))) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
