//! The acting commands of `workspace/executeCommand`: control carries them out,
//! here they get their ids and their LSP errors. Refusals are results; bad
//! parameters are errors that name the field.

use std::path::PathBuf;

use fermata_control::{Control, ControlError, Given};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};

/// Ids of the commands, as registered with the client.
pub(crate) const IDS: &[&str] = &[
    "fermata.run",
    "fermata.dryRun",
    "fermata.choose",
    "fermata.answer",
    "fermata.resume",
    "fermata.abandon",
    "fermata.stop",
    "fermata.tell",
    "fermata.openPanel",
];

/// What a command needs of the session besides its argument.
pub(crate) struct Context {
    pub(crate) control: Control,
    /// Open documents, for runs of what the editor shows.
    pub(crate) overlay: Vec<(PathBuf, Vec<u8>)>,
    /// The editor's own trust in the workspace, where it has one.
    pub(crate) trusted: Option<bool>,
}

/// Carries a command out. Blocks.
pub(crate) fn execute(id: &str, argument: &Value, context: Context) -> Result<Value> {
    let verb = id.strip_prefix("fermata.").filter(|_| IDS.contains(&id));
    match verb {
        Some("openPanel") => match argument.get("run") {
            None | Some(Value::Null | Value::String(_)) => {
                Ok(json!({ "ok": true, "run": argument.get("run") }))
            }
            Some(other) => Err(bad("run", &format!("expected a text, found {other}"))),
        },
        Some(verb) => {
            let given = Given {
                overlay: context.overlay,
                trusted: context.trusted.unwrap_or(false),
            };
            context.control.act(verb, argument, &given).map_err(failed)
        }
        None => Err(Error::invalid_params(format!(
            "`{id}` is no command of this server; there are {}",
            IDS.join(", ")
        ))),
    }
}

/// The refusal of a run that would be about nothing.
pub(crate) fn message_needed() -> Value {
    json!({
        "version": 1,
        "ok": false,
        "reason": "message_needed",
        "message": "What is this run about? The workflow reads it as $ARGUMENTS",
    })
}

/// What a person has to read about a result, if it is a refusal. A choice is asked by a prompt of its own.
pub(crate) fn refusal(result: &Value) -> Option<String> {
    let word = |name: &str| result.get(name).and_then(Value::as_str);
    let refused = result.get("ok").and_then(Value::as_bool) == Some(false);
    (refused && word("reason") != Some("choice"))
        .then(|| word("message").or(word("reason")).map(str::to_owned))
        .flatten()
}

/// An error about one field of the argument.
pub(crate) fn bad(field: &str, message: &str) -> Error {
    Error::invalid_params(format!("`{field}`: {message}"))
}

/// An error of control: bad parameters as such, everything else as a failed request.
pub(crate) fn failed(error: ControlError) -> Error {
    match &error {
        ControlError::NotFound(_)
        | ControlError::Ambiguous { .. }
        | ControlError::BadRequest { .. } => Error::invalid_params(error.to_string()),
        ControlError::Store(_) | ControlError::Io { .. } | ControlError::Config(_) => Error {
            code: ErrorCode::InternalError,
            message: error.to_string().into(),
            data: None,
        },
    }
}
