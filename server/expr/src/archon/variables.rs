//! The variables of a run in texts: `$ARGUMENTS`, `$ARTIFACTS_DIR`, `$INPUTS.name` … (specs/archon.md 2.7).
//!
//! One pass over the text: an inserted value is never looked at again.

use serde_json::{Map, Value};

use super::js;
use super::names::is_name_byte;

/// What the variables stand for.
#[derive(Debug, Clone, Default)]
pub struct Variables<'a> {
    /// `$WORKFLOW_ID`: the run's id.
    pub workflow_id: &'a str,
    /// `$USER_MESSAGE` and `$ARGUMENTS`.
    pub user_message: &'a str,
    /// `$ARTIFACTS_DIR`.
    pub artifacts_dir: &'a str,
    /// `$STATE_DIR`, when the project is known.
    pub state_dir: Option<&'a str>,
    /// `$BASE_BRANCH`; empty when none was found.
    pub base_branch: &'a str,
    /// `$DOCS_DIR`; empty for its default.
    pub docs_dir: &'a str,
    /// `$LOOP_USER_INPUT`.
    pub loop_user_input: &'a str,
    /// `$LOOP_PREV_OUTPUT`.
    pub loop_prev_output: &'a str,
    /// `$REJECTION_REASON`.
    pub rejection_reason: &'a str,
    /// `$CONTEXT`, `$EXTERNAL_CONTEXT` and `$ISSUE_CONTEXT`.
    pub context: Option<&'a str>,
    /// `$INPUTS.name`.
    pub inputs: Option<&'a Map<String, Value>>,
}

/// A text with its variables replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The text.
    pub text: String,
    /// Whether the context went into it; when it did not, a prompt gets it appended.
    pub context_used: bool,
}

/// A variable that has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// The project's folder is not known.
    #[error("$STATE_DIR has no value: the run belongs to no known project")]
    NoStateDir,
    /// No base branch was found.
    #[error(
        "$BASE_BRANCH has no value, since no branch of a repository was found: name one as `worktree.baseBranch` in .archon/config.yaml"
    )]
    NoBaseBranch,
    /// No such input.
    #[error("'$INPUTS.{name}' names no input; there are {}", if .known.is_empty() { "none".to_owned() } else { .known.join(", ") })]
    UnknownInput {
        /// The name.
        name: String,
        /// What exists.
        known: Vec<String>,
    },
}

/// Variables that are the engine's own: also put into shell text.
pub const ENGINE: &[&str] = &[
    "WORKFLOW_ID",
    "ARTIFACTS_DIR",
    "STATE_DIR",
    "BASE_BRANCH",
    "DOCS_DIR",
];
/// Variables that carry what people wrote: shell text gets them through its environment only.
pub const USER: &[&str] = &[
    "USER_MESSAGE",
    "ARGUMENTS",
    "LOOP_USER_INPUT",
    "LOOP_PREV_OUTPUT",
    "REJECTION_REASON",
    "CONTEXT",
    "EXTERNAL_CONTEXT",
    "ISSUE_CONTEXT",
];
/// Of [`USER`], those that end at a word boundary.
pub const CONTEXT: &[&str] = &["CONTEXT", "EXTERNAL_CONTEXT", "ISSUE_CONTEXT"];

/// Replaces the variables of a prompt or message, or with `shell` only the engine's own.
///
/// # Errors
/// When a variable that is used has no value.
pub fn replace(
    text: &str,
    variables: &Variables<'_>,
    shell: bool,
) -> Result<Replaced, VariableError> {
    let mut out = String::with_capacity(text.len());
    let mut context_used = false;
    let has_context = variables.context.is_some_and(|c| !c.is_empty());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let used = match variable(rest, shell) {
            None => {
                // Shell text reads the context from its environment: that counts as using it.
                let context = shell
                    && user_variable(&rest[1..]).is_some_and(|(name, _)| CONTEXT.contains(&name));
                context_used |= context && has_context;
                out.push('$');
                1
            }
            Some((name, length)) => {
                if CONTEXT.contains(&name) {
                    context_used |= has_context;
                }
                out.push_str(&value(name, variables)?);
                length
            }
        };
        rest = &rest[used..];
    }
    out.push_str(rest);
    Ok(Replaced {
        text: out,
        context_used,
    })
}

/// The value of the variable that a text begins with, and how many bytes the variable takes there.
pub(super) fn at_start(
    text: &str,
    variables: &Variables<'_>,
    shell: bool,
) -> Result<Option<(String, usize)>, VariableError> {
    variable(text, shell)
        .map(|(name, length)| Ok((value(name, variables)?, length)))
        .transpose()
}

/// The variable at the start of a text, and how many bytes it takes there.
fn variable(text: &str, shell: bool) -> Option<(&str, usize)> {
    let body = text.strip_prefix('$')?;
    let starts = |name: &&&str| body.starts_with(**name);
    if let Some(name) = ENGINE.iter().find(starts) {
        return Some((name, name.len() + 1));
    }
    if shell {
        return None;
    }
    user_variable(body)
}

fn user_variable(body: &str) -> Option<(&str, usize)> {
    let starts = |name: &&&str| body.starts_with(**name);
    if let Some(rest) = body.strip_prefix("INPUTS.") {
        let first = rest
            .bytes()
            .next()
            .filter(|b| b.is_ascii_alphabetic() || *b == b'_');
        let length = first
            .map(|_| "INPUTS.".len() + rest.bytes().take_while(|b| is_name_byte(*b)).count())?;
        return Some((&body[..length], length + 1));
    }
    let bounded = |name: &&&str| {
        !CONTEXT.contains(*name)
            || !body[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    };
    USER.iter()
        .filter(starts)
        .find(bounded)
        .map(|name| (*name, name.len() + 1))
}

fn value(name: &str, variables: &Variables<'_>) -> Result<String, VariableError> {
    let text = match name {
        "WORKFLOW_ID" => variables.workflow_id,
        "ARTIFACTS_DIR" => variables.artifacts_dir,
        "STATE_DIR" => variables.state_dir.ok_or(VariableError::NoStateDir)?,
        "BASE_BRANCH" if variables.base_branch.is_empty() => {
            return Err(VariableError::NoBaseBranch);
        }
        "BASE_BRANCH" => variables.base_branch,
        "DOCS_DIR" if variables.docs_dir.is_empty() => "docs/",
        "DOCS_DIR" => variables.docs_dir,
        "USER_MESSAGE" | "ARGUMENTS" => variables.user_message,
        "LOOP_USER_INPUT" => variables.loop_user_input,
        "LOOP_PREV_OUTPUT" => variables.loop_prev_output,
        "REJECTION_REASON" => variables.rejection_reason,
        "CONTEXT" | "EXTERNAL_CONTEXT" | "ISSUE_CONTEXT" => variables.context.unwrap_or_default(),
        input => {
            let name = input.strip_prefix("INPUTS.").unwrap_or(input);
            let known = || {
                variables
                    .inputs
                    .map(|i| i.keys().cloned().collect())
                    .unwrap_or_default()
            };
            return variables
                .inputs
                .and_then(|inputs| inputs.get(name))
                .map(js::canonical)
                .ok_or_else(|| VariableError::UnknownInput {
                    name: name.to_owned(),
                    known: known(),
                });
        }
    };
    Ok(text.to_owned())
}
