//! The acting commands of `workspace/executeCommand`: parameters in, control
//! called, the protocol's JSON out. Refusals are results; bad parameters are
//! errors that name the field.

use std::path::PathBuf;

use fermata_control::{
    AnswerInput, ChoiceAnswer, Control, ControlError, DefinitionChoice, ResumeOptions, StartRequest,
};
use fermata_engine::{GateId, RunId};
use serde_json::{Map, Value, json};
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::ls_types::Uri;

use crate::convert;

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
pub(crate) fn execute(id: &str, argument: &Value, context: &Context) -> Result<Value> {
    let fields = Fields(argument);
    let control = &context.control;
    match id {
        "fermata.run" => run(&fields, context, false),
        "fermata.dryRun" => run(&fields, context, true),
        "fermata.choose" => {
            let answer =
                ChoiceAnswer::read(fields.text("answer")?).map_err(|why| bad("answer", &why))?;
            Ok(control
                .choose(fields.text("start")?, answer)
                .map_err(failed)?
                .to_json())
        }
        "fermata.answer" => {
            let run = fields.run(control)?;
            let gate = fields.optional_text("gate")?.map(GateId::from);
            let answer = fields
                .0
                .get("answer")
                .cloned()
                .ok_or_else(|| bad("answer", "is missing"))?;
            Ok(control
                .answer(&run, gate.as_ref(), AnswerInput::Json(answer))
                .map_err(failed)?
                .to_json())
        }
        "fermata.resume" => {
            let run = fields.run(control)?;
            let definition = match fields.optional_text("definition")? {
                None => None,
                Some("pinned") => Some(DefinitionChoice::Pinned),
                Some("edited") => Some(DefinitionChoice::Edited),
                Some(other) => {
                    return Err(bad(
                        "definition",
                        &format!("expected pinned or edited, found `{other}`"),
                    ));
                }
            };
            let options = ResumeOptions {
                definition,
                from: fields.optional_text("from")?.map(str::to_owned),
                agent: fields.optional_text("agent")?.map(str::to_owned),
            };
            Ok(control.resume(&run, options).map_err(failed)?.to_json())
        }
        "fermata.abandon" => {
            let run = fields.run(control)?;
            Ok(control.abandon(&run).map_err(failed)?.to_json())
        }
        "fermata.stop" => {
            let run = fields.run(control)?;
            Ok(control
                .stop(&run, fields.flag("abort")?)
                .map_err(failed)?
                .to_json())
        }
        "fermata.tell" => {
            let run = fields.run(control)?;
            Ok(control
                .tell(&run, fields.text("text")?)
                .map_err(failed)?
                .to_json())
        }
        "fermata.openPanel" => Ok(json!({ "ok": true, "run": fields.optional_text("run")? })),
        other => Err(Error::invalid_params(format!(
            "`{other}` is no command of this server; there are {}",
            IDS.join(", ")
        ))),
    }
}

/// What a person has to read about a result, if it is a refusal. A choice is asked by a prompt of its own.
pub(crate) fn refusal(result: &Value) -> Option<String> {
    let word = |name: &str| result.get(name).and_then(Value::as_str);
    let refused = result.get("ok").and_then(Value::as_bool) == Some(false);
    (refused && word("reason") != Some("choice"))
        .then(|| word("message").or(word("reason")).map(str::to_owned))
        .flatten()
}

fn run(fields: &Fields<'_>, context: &Context, dry_run: bool) -> Result<Value> {
    let address = fields.text("uri")?;
    let file = address
        .parse::<Uri>()
        .ok()
        .and_then(|uri| convert::path(&uri))
        .ok_or_else(|| {
            bad(
                "uri",
                &format!("expected a file: address, found `{address}`"),
            )
        })?;
    let inputs = match fields.0.get("inputs") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(inputs)) => inputs.clone(),
        Some(_) => return Err(bad("inputs", "expected an object of values by name")),
    };
    let request = StartRequest {
        file,
        inputs,
        message: fields.optional_text("message")?.map(str::to_owned),
        force: fields.flag("force")?,
        agent: fields.optional_text("agent")?.map(str::to_owned),
        request: fields.optional_text("request")?.map(str::to_owned),
        overlay: context.overlay.clone(),
        trusted: context.trusted.unwrap_or(false),
        dry_run,
        ..StartRequest::default()
    };
    Ok(context.control.start(request).map_err(failed)?.to_json())
}

/// The one argument of a command, by field.
struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    fn text(&self, name: &str) -> Result<&'a str> {
        self.optional_text(name)?
            .ok_or_else(|| bad(name, "is missing"))
    }

    fn optional_text(&self, name: &str) -> Result<Option<&'a str>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(bad(name, &format!("expected a text, found {other}"))),
        }
    }

    fn flag(&self, name: &str) -> Result<bool> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(bad(name, &format!("expected true or false, found {other}"))),
        }
    }

    fn run(&self, control: &Control) -> Result<RunId> {
        control.find(self.text("run")?).map_err(failed)
    }
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
