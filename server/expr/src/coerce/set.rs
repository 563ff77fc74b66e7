//! The value of a `set` step from its rendered text. Rule 4.8.

use super::yaml;
use crate::error::{EvalError, EvalErrorKind};
use crate::value::json::{float_to_json, int_to_json};
use crate::value::{number, repr};
use serde_json::Value;

/// The `output_type` of a `set` step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    /// Read as YAML where that works.
    Auto,
    /// The text as it is.
    String,
    /// A whole number.
    Integer,
    /// A whole number or a float.
    Number,
    /// A truth word.
    Boolean,
    /// A YAML sequence.
    List,
    /// A YAML mapping.
    Dict,
}

impl OutputType {
    /// The type a workflow file names.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::Auto,
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "list" => Self::List,
            "dict" => Self::Dict,
            _ => return None,
        })
    }

    /// The name a workflow file uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Dict => "dict",
        }
    }
}

fn refused(text: &str, wanted: OutputType) -> EvalError {
    let found: String = text.chars().take(200).collect();
    EvalError::value(format!(
        "expected {}, found {}",
        wanted.name(),
        repr::quoted(&found)
    ))
    .named(found)
}

/// Reads the rendered `text` of a `set` value as `wanted`.
///
/// # Errors
/// Text that is not of the wanted type, and YAML values JSON has no form for.
pub fn set_coerce(text: &str, wanted: OutputType) -> Result<Value, EvalError> {
    let trimmed = text.trim_matches(number::is_space);
    match wanted {
        OutputType::String => Ok(Value::String(text.to_owned())),
        OutputType::Integer => number::parse_int(text)
            .map(|i| int_to_json(&i))
            .ok_or_else(|| refused(text, wanted)),
        OutputType::Number => number::parse_int(text)
            .map(|i| int_to_json(&i))
            .or_else(|| number::parse_float(text).map(float_to_json))
            .ok_or_else(|| refused(text, wanted)),
        OutputType::Boolean => match trimmed.to_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "on" => Ok(Value::Bool(true)),
            "false" | "0" | "no" | "n" | "off" => Ok(Value::Bool(false)),
            _ => Err(refused(text, wanted)),
        },
        OutputType::Auto => {
            if trimmed.is_empty() {
                return Ok(Value::String(String::new()));
            }
            match yaml::load(text) {
                Ok(Value::Null) if !matches!(trimmed, "~" | "null" | "Null" | "NULL") => {
                    Ok(Value::String(text.to_owned()))
                }
                Ok(value) => Ok(value),
                Err(yaml::Refusal::Unreadable) => Ok(Value::String(text.to_owned())),
                Err(yaml::Refusal::Foreign(name)) => Err(EvalError::new(
                    EvalErrorKind::Type,
                    format!("expected a value JSON can hold, found a YAML {name}"),
                )
                .named(name)),
            }
        }
        OutputType::List | OutputType::Dict => {
            let value = yaml::load(text).map_err(|_| refused(text, wanted))?;
            match (wanted, &value) {
                (OutputType::List, Value::Array(_)) => Ok(value),
                (OutputType::Dict, Value::Object(map))
                    if crate::value::json::marked_float(map).is_none() =>
                {
                    Ok(value)
                }
                _ => Err(refused(text, wanted)),
            }
        }
    }
}
