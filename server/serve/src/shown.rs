//! Runs as these surfaces show them: secrets covered wherever a person's or a
//! step's words stand.

use fermata_control::{Control, ControlError, RunsFilter};
use fermata_engine::RunId;
use serde_json::{Value, json};

/// Most runs of a list.
const MOST: usize = 200;

/// The document of `fermata runs --json`.
pub(crate) fn runs(control: &Control, all: bool) -> Result<Value, ControlError> {
    let view = control.runs(&RunsFilter {
        all,
        limit: Some(MOST),
        ..RunsFilter::default()
    })?;
    let mut document = view.to_json();
    for (row, run) in list(&mut document, "runs").zip(&view.runs) {
        // Without a gate or a message there is nothing in the list that was ever typed or rendered.
        if !run.gates.is_empty() || run.message.is_some() {
            let cover = control.cover(&run.run)?;
            for field in ["gates", "message"] {
                row[field] = cover.value(row[field].take());
            }
        }
    }
    Ok(document)
}

/// The document of `fermata show --json`.
pub(crate) fn run(control: &Control, run: &RunId) -> Result<Value, ControlError> {
    let mut document = control.show(run)?;
    let cover = control.cover(run)?;
    for field in ["gates", "message"] {
        document[field] = cover.value(document[field].take());
    }
    Ok(document)
}

/// An error as a refusal in the protocol's shape.
pub(crate) fn refusal(error: &ControlError) -> Value {
    json!({"ok": false, "reason": reason(error), "message": error.to_string()})
}

fn reason(error: &ControlError) -> &'static str {
    match error {
        ControlError::NotFound(_) => "not_found",
        ControlError::Ambiguous { .. } | ControlError::BadRequest { .. } => "bad_request",
        ControlError::Store(_) | ControlError::Io { .. } | ControlError::Config(_) => "failed",
    }
}

fn list<'a>(document: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    document
        .get_mut(name)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}
