//! `events`: a page of a run's log as it is shown, secrets covered.

use fermata_engine::{Event, RunId, Seq, words};
use serde_json::{Value, json};

use crate::control::Control;
use crate::cover::Cover;
use crate::error::ControlError;

impl Control {
    /// `{run, from, events, last}`: at most `limit` events from `from` on, and the last one there is.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn log_page(&self, run: &RunId, from: Seq, limit: usize) -> Result<Value, ControlError> {
        let last = self.store().run(run)?.last_seq;
        let events = self.shown_events(run, from, limit, &self.cover(run)?, false)?;
        Ok(json!({"run": run, "from": from, "events": events, "last": last}))
    }

    /// Events as they are shown; with `says`, in words as well, where they say something to people.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn shown_events(
        &self,
        run: &RunId,
        from: Seq,
        limit: usize,
        cover: &Cover,
        says: bool,
    ) -> Result<Vec<Value>, ControlError> {
        let events = self.events(run, from, limit)?;
        // An event was read from JSON, so it can be written as JSON.
        Ok(events
            .iter()
            .filter_map(|event| {
                let mut shown = cover.event(event).ok()?;
                if let Some(text) = said(event).filter(|_| says) {
                    shown["says"] = cover.text(text).into();
                }
                Some(shown)
            })
            .collect())
    }
}

fn said(event: &Event) -> Option<String> {
    words::of(event).or_else(|| words::spoken(event))
}
