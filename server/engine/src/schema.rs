//! The JSON Schema of the event log, generated from the types that write it.

use schemars::schema_for;
use serde_json::Value;

use crate::event::Event;

/// The schema of one event: the envelope and, by `type`, the payload beside it.
#[must_use]
pub fn events() -> Value {
    let mut schema = schema_for!(Event).to_value();
    schema["title"] = "One event of a Fermata run's log".into();
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_every_event_by_its_type() {
        let text = events().to_string();
        for word in [
            "run_queued",
            "step_started",
            "route_taken",
            "iteration_limit_reached",
            "gate_withdrawn",
            "run_cancelled",
        ] {
            assert!(text.contains(&format!("\"{word}\"")), "{word} is missing");
        }
    }
}
