//! Values of plain texts: final outputs, command-line inputs, and Python's spellings. Rules 4.1 and 4.3.

use crate::error::EvalError;
use crate::fuel::Fuel;
use crate::json_text;
use crate::value::json::{float_to_json, from_json, int_to_json};
use crate::value::{number, repr as spelling};
use serde_json::Value;

fn numeral(text: &str) -> Option<Value> {
    if text.contains('.') {
        number::parse_float(text).map(float_to_json)
    } else {
        number::parse_int(text).map(|i| int_to_json(&i))
    }
}

/// The value of a final output or a sub-workflow input; a text that reads as nothing else stays text.
pub fn maybe_json(value: &Value) -> Value {
    let Value::String(text) = value else {
        return value.clone();
    };
    match text.as_str() {
        "True" => return Value::Bool(true),
        "False" => return Value::Bool(false),
        "None" => return Value::Null,
        _ => {}
    }
    let json =
        text.starts_with(['{', '[', '"']) || matches!(text.as_str(), "true" | "false" | "null");
    if json && let Ok(parsed) = json_text::parse(text) {
        return parsed;
    }
    numeral(text).unwrap_or_else(|| value.clone())
}

/// The value of `-i name=value` on the command line.
pub fn cli_coerce(text: &str) -> Value {
    match text.to_lowercase().as_str() {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        "null" => return Value::Null,
        _ => {}
    }
    if text.starts_with(['{', '[']) {
        return json_text::parse(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    }
    numeral(text).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Python's `repr` of a value: `True`, `None`, `{'a': 1}`.
pub fn repr(value: &Value) -> String {
    spelling::repr(&from_json(value))
}

/// Python's `str` of a value, as templates write it.
///
/// # Errors
/// Text beyond [`crate::fuel::TEXT_BYTES`].
pub fn str(value: &Value) -> Result<String, EvalError> {
    spelling::text(&from_json(value), &Fuel::default()).map(|s| s.to_string())
}
