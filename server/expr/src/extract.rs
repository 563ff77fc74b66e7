//! JSON in what an agent wrote: whole text, fences, braces. Rules 4.6 and 13.1.

use crate::error::{EvalError, EvalErrorKind};
use crate::json_text;
use crate::schema;
use serde_json::{Map, Value};

const FENCE: &str = "```";

fn none(text: &str) -> EvalError {
    let start: String = text.chars().take(120).collect();
    EvalError::new(
        EvalErrorKind::Syntax,
        format!("expected JSON in the answer, found {start:?}"),
    )
}

/// Drops a `json` word and blanks in front of a fence's content.
fn body(block: &str) -> &str {
    let rest = match block.get(..4) {
        Some(word) if word.eq_ignore_ascii_case("json") => &block[4..],
        _ => block,
    };
    rest.trim()
}

/// The contents of closed fences, in order.
fn fences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(FENCE) {
        let after = &rest[start + FENCE.len()..];
        let Some(end) = after.find(FENCE) else { break };
        found.push(body(&after[..end]));
        rest = &after[end + FENCE.len()..];
    }
    found
}

/// The default reader: the whole text, then each fence, then from the first `{` to the last `}`. Any JSON value counts.
///
/// # Errors
/// Where no reading gives JSON.
pub fn whole_then_fences(text: &str) -> Result<Value, EvalError> {
    if let Ok(value) = json_text::parse(text.trim()) {
        return Ok(value);
    }
    for block in fences(text) {
        if let Ok(value) = json_text::parse(block) {
            return Ok(value);
        }
    }
    match (text.find('{'), text.rfind('}')) {
        (Some(start), Some(end)) if start < end => {
            json_text::parse(&text[start..=end]).map_err(|_| none(text))
        }
        _ => Err(none(text)),
    }
}

/// The reader of the other providers: fences first, then from the first bracket to the end.
/// A value that is no object becomes `{"result": value}`.
///
/// # Errors
/// Where no reading gives JSON.
pub fn fences_then_rest(text: &str) -> Result<Map<String, Value>, EvalError> {
    let text = text.trim();
    let blocks = fences(text);
    for block in &blocks {
        if let Ok(value) = json_text::parse(block) {
            return Ok(wrapped(value));
        }
    }
    let candidate = match (text.find(FENCE), text.rfind(FENCE)) {
        (Some(start), Some(end)) if !blocks.is_empty() && start + FENCE.len() <= end => {
            body(&text[start + FENCE.len()..end])
        }
        _ => text,
    };
    if let Ok(value) = json_text::parse(candidate) {
        return Ok(wrapped(value));
    }
    let start = candidate.find(['{', '[']).ok_or_else(|| none(text))?;
    json_text::parse(&candidate[start..])
        .map(wrapped)
        .map_err(|_| none(text))
}

fn wrapped(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => {
            let mut map = Map::new();
            map.insert("result".to_owned(), other);
            map
        }
    }
}

/// The default reader followed by unwrapping and the schema: what an agent step gets.
///
/// # Errors
/// No JSON, no object, or an answer the schema refuses.
pub fn checked(text: &str, fields: &Value) -> Result<Value, EvalError> {
    let value = schema::unwrap_values(whole_then_fences(text)?, fields);
    schema::validate_output(&value, fields)?;
    Ok(value)
}
