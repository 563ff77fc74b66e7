//! Puts outputs of nodes into texts (specs/archon.md 2.7). Inserted text is never looked at again.

use super::js;
use super::output::{self, FieldValue, NodeOutput, Outputs, RefError, State};
use super::reference::{self, NodeRef};

/// Values above this many characters do not go into a shell command line but through a file.
pub const SPILL_CHARS: usize = 32_768;

/// How a value is written into the text.
pub enum Quoting<'a> {
    /// As it is: prompts, messages and inline scripts.
    Raw,
    /// As one shell word: `bash:` and `until_bash:`. The function is asked for the path of a file that holds a value
    /// too long for a command line; `None` keeps it in the line.
    Shell(&'a mut dyn FnMut(&NodeRef, &str) -> Option<String>),
}

impl Quoting<'_> {
    fn write(&mut self, reference: &NodeRef, value: &str, bare: bool) -> String {
        match self {
            Self::Raw => value.to_owned(),
            Self::Shell(_) if bare => value.to_owned(),
            Self::Shell(spill) => {
                let long = value.chars().count() > SPILL_CHARS;
                let path = if long { spill(reference, value) } else { None };
                path.map_or_else(
                    || shell_word(value),
                    |path| format!("$(cat {})", shell_word(&path)),
                )
            }
        }
    }
}

/// The text as one word of a shell.
#[must_use]
pub fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Replaces every `$id.output[.field]`.
///
/// # Errors
/// See [`RefError`]: the node that holds the text fails.
pub fn node_refs(
    text: &str,
    outputs: &Outputs,
    quoting: &mut Quoting<'_>,
) -> Result<String, RefError> {
    replace(text, reference::node_refs(text), |reference| {
        Ok(Some(match &reference.field {
            None => quoting.write(reference, &output::whole(outputs, &reference.node)?, false),
            Some(field) => write_field(
                reference,
                output::field(outputs, &reference.node, field)?,
                quoting,
            ),
        }))
    })
}

/// The nodes that `$LOOP_PREV` of one loop_group may name.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// Ids of the body, those of groups inside it included.
    pub known: &'a [String],
    /// Ids of the body itself. References to others of `known` are left for the group that owns them.
    pub direct: &'a [String],
}

/// Replaces every `$LOOP_PREV.id.output[.field]` by what the iteration before has produced; `previous` is `None` in
/// the first one.
///
/// # Errors
/// See [`RefError`]: a field of an id outside of the body, or one that cannot be read.
pub fn loop_prev(
    text: &str,
    previous: Option<&Outputs>,
    body: Option<Body<'_>>,
    quoting: &mut Quoting<'_>,
) -> Result<String, RefError> {
    replace(text, reference::loop_prev_refs(text), |reference| {
        let node = &reference.node;
        if let Some(body) = body {
            if !body.known.contains(node) {
                return match &reference.field {
                    None => Ok(Some(quoting.write(reference, "", false))),
                    Some(field) => Err(RefError::UnknownNode {
                        node: node.clone(),
                        field: field.clone(),
                    }),
                };
            }
            if !body.direct.contains(node) {
                return Ok(None);
            }
        }
        let Some(produced) = previous.and_then(|p| p.get(node)) else {
            return Ok(Some(quoting.write(reference, "", false)));
        };
        Ok(Some(match &reference.field {
            None => quoting.write(reference, &produced.text, false),
            Some(_)
                if matches!(
                    produced.state,
                    State::Skipped | State::Pending | State::Running
                ) =>
            {
                quoting.write(reference, "", false)
            }
            Some(field) => write_field(reference, field_of(produced, node, field)?, quoting),
        }))
    })
}

fn field_of(produced: &NodeOutput, node: &str, field: &str) -> Result<FieldValue, RefError> {
    output::field_of(produced, node, field)
}

fn write_field(reference: &NodeRef, value: FieldValue, quoting: &mut Quoting<'_>) -> String {
    match value {
        FieldValue::Empty => quoting.write(reference, "", false),
        FieldValue::Value(value) => {
            let bare = value.is_number() || value.is_boolean();
            quoting.write(reference, &js::canonical(&value), bare)
        }
    }
}

fn replace(
    text: &str,
    refs: Vec<NodeRef>,
    mut with: impl FnMut(&NodeRef) -> Result<Option<String>, RefError>,
) -> Result<String, RefError> {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for reference in refs {
        out.push_str(&text[from..reference.span.start]);
        match with(&reference)? {
            Some(value) => out.push_str(&value),
            None => out.push_str(&text[reference.span.clone()]),
        }
        from = reference.span.end;
    }
    out.push_str(&text[from..]);
    Ok(out)
}
