//! What a node has produced, and what a reference to it yields (specs/archon.md 2.7, "Reference resolution").

use std::sync::LazyLock;

use fancy_regex::Regex;
use indexmap::IndexMap;
use serde_json::{Map, Value};

/// How far a node has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum State {
    Pending,
    Running,
    Completed,
    Failed,
    Skipped,
}

impl State {
    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "pending" => Self::Pending,
            "running" => Self::Running,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "skipped" => Self::Skipped,
            _ => return None,
        })
    }
}

/// What a node has produced so far.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeOutput {
    /// How far it has come.
    pub state: State,
    /// Its output as text; for a structured answer its canonical JSON.
    pub text: String,
    /// The structured answer, if the producer gave one.
    pub structured: Option<Value>,
    /// Property names of its `output_format`, if it has one.
    pub declared: Option<Vec<String>>,
}

/// Outputs by node id.
pub type Outputs = IndexMap<String, NodeOutput>;

impl NodeOutput {
    /// A completed node with this text.
    #[must_use]
    pub fn completed(text: impl Into<String>) -> Self {
        Self {
            state: State::Completed,
            text: text.into(),
            structured: None,
            declared: None,
        }
    }
}

/// What a field of an output is.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// Its value, JSON null included.
    Value(Value),
    /// Absent where that is allowed: renders as nothing.
    Empty,
}

/// Why a reference cannot be resolved. The node that uses it fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RefError {
    /// A field of a node that does not exist.
    #[error("'${node}.output.{field}' names no node of this workflow; it has no node '{node}'")]
    UnknownNode { node: String, field: String },
    /// A field of a node that was skipped or has not run.
    #[error(
        "'${node}.output.{field}' cannot be read: '{node}' has not run; give it a value to fall back to or guard this node"
    )]
    NotRun { node: String, field: String },
    /// A field of a failed node.
    #[error("'${node}.output.{field}' cannot be read: '{node}' failed")]
    Failed { node: String, field: String },
    /// The whole output of a failed node.
    #[error("'${node}.output' cannot be used: '{node}' failed")]
    FailedWhole { node: String },
    /// A field that the producer's `output_format` does not declare.
    #[error("'${node}.output.{field}' is not declared by the output_format of '{node}', which has {}", .declared.join(", "))]
    NotInSchema {
        node: String,
        field: String,
        declared: Vec<String>,
    },
    /// The output is no JSON object.
    #[error(
        "'${node}.output.{field}' needs a JSON object as the output of '{node}', found other text"
    )]
    Unparseable { node: String, field: String },
    /// The stored output was cut.
    #[error("'${node}.output.{field}' cannot be read: the stored output of '{node}' was cut")]
    Truncated { node: String, field: String },
    /// The output is a list.
    #[error(
        "'${node}.output.{field}' needs a JSON object, but '{node}' yields a list; use the whole list"
    )]
    Aggregate { node: String, field: String },
    /// The object has no such key.
    #[error("'${node}.output.{field}': the output of '{node}' has no key '{field}'")]
    MissingKey { node: String, field: String },
}

impl RefError {
    /// The class of the error as conformance data names it.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::UnknownNode { .. } => "output-ref:unknown-node",
            Self::NotRun { .. } => "output-ref:producer-not-run",
            Self::Failed { .. } => "output-ref:producer-failed",
            Self::FailedWhole { .. } => "error",
            Self::NotInSchema { .. } => "output-ref:not-in-schema",
            Self::Unparseable { .. } => "output-ref:unparseable",
            Self::Truncated { .. } => "output-ref:truncated",
            Self::Aggregate { .. } => "output-ref:array-aggregate",
            Self::MissingKey { .. } => "output-ref:missing-key",
        }
    }
}

/// The text of `$node.output`: nothing for a node that is unknown, skipped or has not run.
///
/// # Errors
/// When the node failed.
pub fn whole(outputs: &Outputs, node: &str) -> Result<String, RefError> {
    match outputs.get(node) {
        None => Ok(String::new()),
        Some(output) => match output.state {
            State::Failed => Err(RefError::FailedWhole {
                node: node.to_owned(),
            }),
            // What has not run, or was skipped, has no text.
            State::Completed | State::Pending | State::Running | State::Skipped => {
                Ok(output.text.clone())
            }
        },
    }
}

/// The value of `$node.output.field`.
///
/// # Errors
/// See [`RefError`].
pub fn field(outputs: &Outputs, node: &str, field: &str) -> Result<FieldValue, RefError> {
    let output = outputs.get(node).ok_or_else(|| RefError::UnknownNode {
        node: node.to_owned(),
        field: field.to_owned(),
    })?;
    field_of(output, node, field)
}

/// The value of a field of an output that is at hand.
///
/// # Errors
/// See [`RefError`].
pub fn field_of(output: &NodeOutput, node: &str, field: &str) -> Result<FieldValue, RefError> {
    let (node, field) = (node.to_owned(), field.to_owned());
    match output.state {
        State::Pending | State::Running | State::Skipped => {
            return Err(RefError::NotRun { node, field });
        }
        State::Failed => return Err(RefError::Failed { node, field }),
        State::Completed => {}
    }
    if let Some(declared) = &output.declared {
        if !declared.contains(&field) {
            return Err(RefError::NotInSchema {
                node,
                field,
                declared: declared.clone(),
            });
        }
        let found = match &output.structured {
            Some(Value::Object(map)) => map.get(&field).cloned(),
            _ => object(&output.text, &node, &field)?.get(&field).cloned(),
        };
        return Ok(found
            .filter(|v| !v.is_null())
            .map_or(FieldValue::Empty, FieldValue::Value));
    }
    match &output.structured {
        Some(Value::Object(map)) => Ok(map
            .get(&field)
            .cloned()
            .map_or(FieldValue::Empty, FieldValue::Value)),
        Some(_) | None => {
            let object = object(&output.text, &node, &field)?;
            object
                .get(&field)
                .cloned()
                .map(FieldValue::Value)
                .ok_or(RefError::MissingKey { node, field })
        }
    }
}

#[allow(clippy::expect_used)]
static FENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)\A.*?```(?:json)?\s*\n(.*?)\n\s*```").expect("the pattern is constant")
});
#[allow(clippy::expect_used)]
static CUT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[truncated; original output was \d+ bytes\]\s*\z")
        .expect("the pattern is constant")
});

/// Whether a stored output carries the mark of having been cut.
#[must_use]
pub fn is_cut(text: &str) -> bool {
    CUT.is_match(text).unwrap_or_default()
}

/// The JSON text of an answer: the first fenced block when there is one, else all of it.
#[must_use]
pub fn json_text(text: &str) -> &str {
    FENCE
        .captures(text)
        .ok()
        .flatten()
        .and_then(|c| c.get(1))
        .map_or(text, |m| m.as_str())
}

fn object(text: &str, node: &str, field: &str) -> Result<Map<String, Value>, RefError> {
    let (node, field) = (node.to_owned(), field.to_owned());
    match serde_json::from_str(json_text(text).trim_matches([' ', '\t', '\r', '\n'])) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Array(_)) => Err(RefError::Aggregate { node, field }),
        Ok(_) => Err(RefError::Unparseable { node, field }),
        Err(_) if is_cut(text) => Err(RefError::Truncated { node, field }),
        Err(_) => Err(RefError::Unparseable { node, field }),
    }
}
