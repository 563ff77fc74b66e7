//! Puts variables and outputs into a text in one pass: what is inserted is never looked at again, whoever wrote it
//! (specs/archon.md 2.7 and 13.15).
//!
//! [`super::variables`] and [`super::substitute`] each know one family; only this module knows both at once.

use super::js;
use super::output::{self, FieldValue, Outputs, RefError, State};
use super::reference::{self, NodeRef};
use super::substitute::Body;
use super::variables::{self, VariableError, Variables};

/// Writes a value into the text: the reference that it stands for, its text, and whether it is a bare number or
/// boolean.
pub type Write<'a> = dyn FnMut(&NodeRef, &str, bool) -> String + 'a;

/// What a text may name.
pub struct Scene<'a> {
    /// Variables of the run.
    pub variables: &'a Variables<'a>,
    /// Whether variables that people wrote are replaced too. Shells and scripts get these by their environment.
    pub user_variables: bool,
    /// Outputs of nodes.
    pub outputs: &'a Outputs,
    /// Inside a loop_group: outputs of the iteration before (`None` in the first), and the ids that may be named.
    pub previous: Option<(Option<&'a Outputs>, Body<'a>)>,
    /// Inside a loop_group, in a shell text: a person's words at its last gate, written as outputs are.
    pub words: Option<&'a str>,
}

/// Why a text cannot be rendered. The node that holds it fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A reference to a node.
    #[error(transparent)]
    Reference(#[from] RefError),
    /// A variable without a value.
    #[error(transparent)]
    Variable(#[from] VariableError),
}

/// Renders a text; values of nodes are written as they are.
///
/// # Errors
/// See [`RenderError`].
pub fn plain(text: &str, scene: &Scene<'_>) -> Result<String, RenderError> {
    with(text, scene, &mut |_, value, _| value.to_owned())
}

/// Renders a text; `write` decides how values of nodes are written.
///
/// # Errors
/// See [`RenderError`].
pub fn with(text: &str, scene: &Scene<'_>, write: &mut Write<'_>) -> Result<String, RenderError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    while let Some(found) = text[rest..].find('$') {
        let at = rest + found;
        out.push_str(&text[rest..at]);
        rest = at + one(text, at, scene, &mut out, write)?;
    }
    out.push_str(&text[rest..]);
    Ok(out)
}

/// A person's words at the gate of a loop.
const WORDS: &str = "$LOOP_USER_INPUT";

/// Writes what stands at `at`; how many bytes it took.
fn one(
    text: &str,
    at: usize,
    scene: &Scene<'_>,
    out: &mut String,
    write: &mut Write<'_>,
) -> Result<usize, RenderError> {
    if let Some((before, body)) = scene.previous
        && let Some(found) = reference::loop_prev_at(text, at)
    {
        match earlier(&found, before, body, write)? {
            Some(value) => out.push_str(&value),
            None => out.push_str(&text[found.span.clone()]),
        }
        return Ok(found.span.len());
    }
    if let Some(words) = scene.words
        && text[at..].starts_with(WORDS)
    {
        let span = at..at + WORDS.len();
        let found = NodeRef {
            node: WORDS[1..].to_owned(),
            field: None,
            node_span: at + 1..span.end,
            field_span: None,
            span,
        };
        out.push_str(&write(&found, words, false));
        return Ok(WORDS.len());
    }
    if let Some((value, length)) =
        variables::at_start(&text[at..], scene.variables, !scene.user_variables)?
    {
        out.push_str(&value);
        return Ok(length);
    }
    if let Some(found) = reference::node_ref_at(text, at) {
        let value = match &found.field {
            None => write(&found, &output::whole(scene.outputs, &found.node)?, false),
            Some(field) => {
                let value = output::field(scene.outputs, &found.node, field)?;
                written(&found, value, write)
            }
        };
        out.push_str(&value);
        return Ok(found.span.len());
    }
    out.push('$');
    Ok(1)
}

fn written(found: &NodeRef, value: FieldValue, write: &mut Write<'_>) -> String {
    match value {
        FieldValue::Empty => write(found, "", false),
        FieldValue::Value(value) => {
            let bare = value.is_number() || value.is_boolean();
            write(found, &js::canonical(&value), bare)
        }
    }
}

fn earlier(
    found: &NodeRef,
    before: Option<&Outputs>,
    body: Body<'_>,
    write: &mut Write<'_>,
) -> Result<Option<String>, RefError> {
    let node = &found.node;
    if !body.known.contains(node) {
        return match &found.field {
            None => Ok(Some(write(found, "", false))),
            Some(field) => Err(RefError::UnknownNode {
                node: node.clone(),
                field: field.clone(),
            }),
        };
    }
    if !body.direct.contains(node) {
        return Ok(None);
    }
    let Some(produced) = before.and_then(|outputs| outputs.get(node)) else {
        return Ok(Some(write(found, "", false)));
    };
    let ran = !matches!(
        produced.state,
        State::Skipped | State::Pending | State::Running
    );
    Ok(Some(match &found.field {
        None => write(found, &produced.text, false),
        Some(field) if ran => {
            let value = output::field_of(produced, node, field)?;
            written(found, value, write)
        }
        Some(_) => write(found, "", false),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archon::output::NodeOutput;

    #[test]
    fn what_is_inserted_is_never_looked_at_again() {
        let outputs = Outputs::from_iter([
            (
                "a".to_owned(),
                NodeOutput::completed("$ARGUMENTS and $b.output"),
            ),
            ("b".to_owned(), NodeOutput::completed("secret")),
        ]);
        let variables = Variables {
            user_message: "$a.output $WORKFLOW_ID",
            workflow_id: "w1",
            ..Variables::default()
        };
        let scene = Scene {
            variables: &variables,
            user_variables: true,
            outputs: &outputs,
            previous: None,
            words: None,
        };
        assert_eq!(
            plain("$ARGUMENTS | $a.output | $b.output", &scene),
            Ok("$a.output $WORKFLOW_ID | $ARGUMENTS and $b.output | secret".to_owned())
        );
    }

    #[test]
    fn a_shell_keeps_what_people_wrote_as_a_variable() {
        let outputs = Outputs::new();
        let variables = Variables {
            user_message: "x",
            workflow_id: "w1",
            ..Variables::default()
        };
        let scene = Scene {
            variables: &variables,
            user_variables: false,
            outputs: &outputs,
            previous: None,
            words: None,
        };
        assert_eq!(
            plain("echo $ARGUMENTS $WORKFLOW_ID $5 ${HOME}", &scene),
            Ok("echo $ARGUMENTS w1 $5 ${HOME}".to_owned())
        );
    }
}
