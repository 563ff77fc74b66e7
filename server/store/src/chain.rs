//! The chained checksum of a log. It is taken over the text that is stored, so
//! that another version, which might write the same event differently, still
//! verifies it.

use fermata_engine::event::{Event, EventBody, SCHEMA};
use fermata_engine::{RunId, Seq, StepPath};

use crate::error::{Result, StoreError};
use crate::record::NewEvent;

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) seq: Seq,
    pub(crate) at: u64,
    pub(crate) path: String,
    pub(crate) schema: u32,
    pub(crate) check: String,
    /// The body as JSON.
    pub(crate) body: String,
}

impl Stored {
    /// Numbers and seals the next event.
    pub(crate) fn seal(run: &RunId, previous: (Seq, &str), event: &NewEvent) -> Result<Self> {
        let body = serde_json::to_string(&event.body).map_err(|error| StoreError::Forbidden {
            what: "an event that is no JSON".to_owned(),
            found: error.to_string(),
        })?;
        let mut stored = Self {
            seq: previous.0 + 1,
            at: event.at,
            path: event.path.0.clone(),
            schema: SCHEMA,
            check: String::new(),
            body,
        };
        stored.check = stored.checksum(run, previous.1);
        Ok(stored)
    }

    /// 16 hex digits over the previous checksum and everything that is stored of this event.
    pub(crate) fn checksum(&self, run: &RunId, previous: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        let (seq, at, schema) = (
            self.seq.to_string(),
            self.at.to_string(),
            self.schema.to_string(),
        );
        for part in [
            previous,
            run.as_str(),
            &seq,
            &at,
            &self.path,
            &schema,
            &self.body,
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// The event, its place in the chain verified.
    pub(crate) fn open(self, run: &RunId, previous: (Seq, &str), path: &str) -> Result<Event> {
        let damaged = |what: String| StoreError::Corrupt {
            path: format!("{path}, run {run}"),
            what,
        };
        if self.seq != previous.0 + 1 {
            return Err(damaged(format!(
                "event {} follows event {}, expected {}",
                self.seq,
                previous.0,
                previous.0 + 1
            )));
        }
        let check = self.checksum(run, previous.1);
        if check != self.check {
            return Err(damaged(format!(
                "event {} has checksum {}, its content gives {check}",
                self.seq, self.check
            )));
        }
        if self.schema > SCHEMA {
            return Err(StoreError::Version {
                found: self.schema,
                supported: SCHEMA,
                path: format!("{path}, run {run}, event {}", self.seq),
                binary: crate::error::this_binary(),
            });
        }
        let body: EventBody = serde_json::from_str(&self.body)
            .map_err(|error| damaged(format!("event {} does not read: {error}", self.seq)))?;
        Ok(Event {
            run: run.clone(),
            seq: self.seq,
            at: self.at,
            path: StepPath(self.path),
            schema: self.schema,
            check: self.check,
            body,
        })
    }
}

/// Opens a stretch of a log; `before` is number and checksum of the event in front of it.
pub(crate) fn open_all(
    run: &RunId,
    before: Option<(Seq, String)>,
    stored: impl Iterator<Item = Stored>,
    path: &str,
) -> Result<Vec<Event>> {
    let mut previous = before.unwrap_or_default();
    let mut events = Vec::new();
    for entry in stored {
        let event = entry.open(run, (previous.0, &previous.1), path)?;
        previous = (event.seq, event.check.clone());
        events.push(event);
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(body: &str, schema: u32) -> Stored {
        let mut stored = Stored {
            seq: 1,
            at: 1,
            path: String::new(),
            schema,
            check: String::new(),
            body: body.to_owned(),
        };
        stored.check = stored.checksum(&RunId::from("r"), "");
        stored
    }

    fn open(stored: Stored) -> StoreError {
        let run = RunId::from("r");
        open_all(&run, None, [stored].into_iter(), "fermata.db").unwrap_err()
    }

    #[test]
    fn an_event_of_a_newer_schema_is_no_damage_and_names_both_versions() {
        let error = open(sealed(r#"{"type":"moon_rose"}"#, SCHEMA + 1));
        assert!(
            matches!(error, StoreError::Version { found, supported: SCHEMA, .. } if found == SCHEMA + 1),
            "{error}"
        );
        assert!(error.to_string().contains("event 1"), "{error}");
    }

    #[test]
    fn an_event_that_does_not_read_is_named_with_its_number_and_kind() {
        for (body, word) in [
            (r#"{"type":"moon_rose"}"#, "moon_rose"),
            (r#"{"type":"run_parked""#, "event 1"),
            (r#"{"type":"step_skipped","step":"a"}"#, "reason"),
        ] {
            let text = open(sealed(body, SCHEMA)).to_string();
            assert!(text.contains(word) && text.contains("run r"), "{text}");
        }
        let mut forged = sealed(r#"{"type":"run_parked"}"#, SCHEMA);
        forged.at = 2;
        assert!(open(forged).to_string().contains("checksum"));
    }
}
