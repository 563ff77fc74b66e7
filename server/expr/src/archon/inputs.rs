//! Declared inputs against what was supplied, and `name=value` from a command line (specs/archon.md 1.1).

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::names;

/// One declared input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declared {
    /// A run without a value is refused.
    pub required: bool,
    /// What it is when nothing is supplied.
    pub default: Option<Value>,
}

/// Why a run is refused for its inputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The workflow declares no input of that name.
    #[error("the workflow has no input '{name}'; it has {}", if .known.is_empty() { "none".to_owned() } else { .known.join(", ") })]
    Undeclared {
        /// What was supplied.
        name: String,
        /// What exists.
        known: Vec<String>,
    },
    /// A required input is missing.
    #[error("the input '{name}' is required; supply it")]
    Missing {
        /// Its name.
        name: String,
    },
    /// Not `name=value`.
    #[error("expected `name=value` with a name of letters, digits, `_` and `-`, found '{text}'")]
    NotAnAssignment {
        /// What was written.
        text: String,
    },
    /// Assigned twice.
    #[error("the input '{name}' is given twice; give it once")]
    Repeated {
        /// Its name.
        name: String,
    },
}

/// The values a run starts with. A workflow that declares nothing takes everything.
///
/// # Errors
/// When an undeclared input is supplied or a required one is missing.
pub fn resolve(
    declared: Option<&IndexMap<String, Declared>>,
    supplied: &Map<String, Value>,
) -> Result<Map<String, Value>, InputError> {
    let Some(declared) = declared else {
        return Ok(supplied.clone());
    };
    if let Some(name) = supplied.keys().find(|k| !declared.contains_key(*k)) {
        return Err(InputError::Undeclared {
            name: name.clone(),
            known: declared.keys().cloned().collect(),
        });
    }
    let mut values = Map::new();
    for (name, input) in declared {
        if let Some(value) = supplied.get(name).or(input.default.as_ref()) {
            values.insert(name.clone(), value.clone());
        } else if input.required {
            return Err(InputError::Missing { name: name.clone() });
        }
    }
    Ok(values)
}

/// Reads `name=value` words; values stay text.
///
/// # Errors
/// When a word has no valid name before its first `=`, or a name comes twice.
pub fn assignments<'a>(
    words: impl IntoIterator<Item = &'a str>,
) -> Result<Map<String, Value>, InputError> {
    let mut values = Map::new();
    for word in words {
        let (name, value) = word
            .split_once('=')
            .filter(|(name, _)| names::is_name(name))
            .ok_or_else(|| InputError::NotAnAssignment {
                text: word.to_owned(),
            })?;
        if values
            .insert(name.to_owned(), Value::String(value.to_owned()))
            .is_some()
        {
            return Err(InputError::Repeated {
                name: name.to_owned(),
            });
        }
    }
    Ok(values)
}
