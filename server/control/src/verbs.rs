//! The acting verbs as JSON: parameters in, the protocol's result out. One
//! place for the editor, the panel and MCP; each verb itself is in its own
//! file. Refusals are results; a field that does not fit is an error.

use std::path::PathBuf;

use fermata_engine::{GateId, RunId};
use serde_json::{Map, Value};

use crate::control::Control;
use crate::error::ControlError;
use crate::request::{AnswerInput, ChoiceAnswer, DefinitionChoice, ResumeOptions, StartRequest};

/// What a surface adds to the parameters of a verb.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Open documents with unsaved text: absolute path and bytes.
    pub overlay: Vec<(PathBuf, Vec<u8>)>,
    /// The surface vouches for the repository.
    pub trusted: bool,
}

impl Control {
    /// The acting verbs, by their names in the protocol.
    pub const VERBS: &[&str] = &[
        "run", "dryRun", "choose", "answer", "resume", "abandon", "stop", "tell",
    ];

    /// Carries a verb out with the parameters of design/protocol.md.
    ///
    /// # Errors
    /// [`ControlError::BadRequest`] names the field that does not fit; else as the verb itself.
    pub fn act(&self, verb: &str, params: &Value, given: &Given) -> Result<Value, ControlError> {
        let fields = Fields(params);
        match verb {
            "run" => self.act_run(&fields, given, false),
            "dryRun" => self.act_run(&fields, given, true),
            "choose" => {
                let answer = ChoiceAnswer::read(fields.text("answer")?)
                    .map_err(|why| ControlError::bad("answer", why))?;
                Ok(self.choose(fields.text("start")?, answer)?.to_json())
            }
            "answer" => {
                let run = fields.run(self)?;
                let gate = fields.optional_text("gate")?.map(GateId::from);
                let answer = params
                    .get("answer")
                    .cloned()
                    .ok_or_else(|| ControlError::bad("answer", "is missing"))?;
                Ok(self
                    .answer(&run, gate.as_ref(), AnswerInput::Json(answer))?
                    .to_json())
            }
            "resume" => {
                let run = fields.run(self)?;
                Ok(self.resume(&run, fields.resume_options()?)?.to_json())
            }
            "abandon" => Ok(self.abandon(&fields.run(self)?)?.to_json()),
            "stop" => {
                let run = fields.run(self)?;
                Ok(self.stop(&run, fields.flag("abort")?)?.to_json())
            }
            "tell" => {
                let run = fields.run(self)?;
                Ok(self.tell(&run, fields.text("text")?)?.to_json())
            }
            other => Err(ControlError::bad(
                "verb",
                format!(
                    "expected one of {}, found `{other}`",
                    Self::VERBS.join(", ")
                ),
            )),
        }
    }

    fn act_run(
        &self,
        fields: &Fields<'_>,
        given: &Given,
        dry_run: bool,
    ) -> Result<Value, ControlError> {
        let address = fields.text("uri")?;
        let file = file_of(address).ok_or_else(|| {
            ControlError::bad(
                "uri",
                format!("expected a file: address, found `{address}`"),
            )
        })?;
        let inputs = match fields.0.get("inputs") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(inputs)) => inputs.clone(),
            Some(_) => {
                return Err(ControlError::bad(
                    "inputs",
                    "expected an object of values by name",
                ));
            }
        };
        let request = StartRequest {
            file,
            inputs,
            message: fields.optional_text("message")?.map(str::to_owned),
            force: fields.flag("force")?,
            agent: fields.optional_text("agent")?.map(str::to_owned),
            request: fields.optional_text("request")?.map(str::to_owned),
            overlay: given.overlay.clone(),
            trusted: given.trusted,
            dry_run,
            ..StartRequest::default()
        };
        Ok(self.start(request)?.to_json())
    }
}

/// The parameters of a verb, by field.
struct Fields<'a>(&'a Value);

impl<'a> Fields<'a> {
    fn text(&self, name: &str) -> Result<&'a str, ControlError> {
        self.optional_text(name)?
            .ok_or_else(|| ControlError::bad(name, "is missing"))
    }

    fn optional_text(&self, name: &str) -> Result<Option<&'a str>, ControlError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(ControlError::bad(
                name,
                format!("expected a text, found {other}"),
            )),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, ControlError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(ControlError::bad(
                name,
                format!("expected true or false, found {other}"),
            )),
        }
    }

    fn run(&self, control: &Control) -> Result<RunId, ControlError> {
        control.find(self.text("run")?)
    }

    fn resume_options(&self) -> Result<ResumeOptions, ControlError> {
        let definition = match self.optional_text("definition")? {
            None => None,
            Some("pinned") => Some(DefinitionChoice::Pinned),
            Some("edited") => Some(DefinitionChoice::Edited),
            Some(other) => {
                return Err(ControlError::bad(
                    "definition",
                    format!("expected pinned or edited, found `{other}`"),
                ));
            }
        };
        Ok(ResumeOptions {
            definition,
            from: self.optional_text("from")?.map(str::to_owned),
            agent: self.optional_text("agent")?.map(str::to_owned),
        })
    }
}

/// The path in a `file:` address of this machine; `None` for any other address.
#[must_use]
pub fn file_of(address: &str) -> Option<PathBuf> {
    let rest = address.strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return None;
    }
    let path = decoded(path)?;
    // `/C:/…` is a drive.
    let drive = path.as_bytes().get(2) == Some(&b':') && path.as_bytes()[1].is_ascii_alphabetic();
    Some(PathBuf::from(if drive { &path[1..] } else { &path }))
}

/// A text with its `%XX` read; `None` where that gives no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).filter(|_| *first == b'%');
        let byte = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_address_is_a_path_and_no_other_address_is() {
        for (address, path) in [
            ("file:///a/b.yaml", Some("/a/b.yaml")),
            ("file://localhost/a", Some("/a")),
            ("file:///a%20b/%C3%BC%2525.yaml", Some("/a b/ü%25.yaml")),
            ("file:///100%/x", Some("/100%/x")),
            ("file:///c%3A/x", Some("c:/x")),
            ("file:///C:/x", Some("C:/x")),
            ("file://elsewhere/x", None),
            ("untitled:1", None),
            ("/a/b.yaml", None),
            ("file:///%ff", None),
        ] {
            assert_eq!(file_of(address), path.map(PathBuf::from), "{address}");
        }
    }
}
