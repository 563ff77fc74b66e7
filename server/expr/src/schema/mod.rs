//! The output schema of the Conductor dialect: checking an answer, and unwrapping single values. Rules 4.6 and 13.2.

mod pattern;
mod wrapper;

pub use wrapper::unwrap_values;

use crate::error::{EvalError, EvalErrorKind};
use crate::fuel::Fuel;
use crate::value::json::{from_json, marked_float};
use crate::value::{Val, compare, repr};
use serde_json::{Map, Value};

/// Nesting that is still checked.
const DEPTH: usize = 100;

fn wrong(message: String, field: &str) -> EvalError {
    EvalError::new(EvalErrorKind::Value, message).named(field)
}

/// What was found, short enough for a message.
fn found(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("a list of {} items", items.len()),
        Value::Object(map) if marked_float(map).is_none() => {
            let keys: Vec<&str> = map.keys().map(String::as_str).collect();
            format!("an object with the keys [{}]", keys.join(", "))
        }
        other => repr::repr(&from_json(other)).chars().take(120).collect(),
    }
}

/// Checks `content` against the fields of an `output` block.
///
/// Keys the schema does not name are allowed. NaN and infinities are no numbers here.
///
/// # Errors
/// The first field that is missing, null, of another type or out of its bounds.
pub fn validate_output(content: &Value, schema: &Value) -> Result<(), EvalError> {
    let Value::Object(content) = content else {
        return Err(EvalError::new(
            EvalErrorKind::Type,
            format!(
                "expected an object with the output fields, found {}",
                found(content)
            ),
        ));
    };
    match schema {
        Value::Object(fields) => check_fields(content, fields, 0),
        _ => Ok(()),
    }
}

fn check_fields(
    content: &Map<String, Value>,
    fields: &Map<String, Value>,
    depth: usize,
) -> Result<(), EvalError> {
    if depth > DEPTH {
        return Err(EvalError::limit(format!(
            "the output schema is nested more than {DEPTH} levels deep"
        )));
    }
    for (name, field) in fields {
        match content.get(name) {
            None if field.get("required") == Some(&Value::Bool(false)) => {}
            None => return Err(wrong(format!("the output field '{name}' is missing"), name)),
            Some(value) => check(&format!("output field '{name}'"), name, value, field, depth)?,
        }
    }
    Ok(())
}

/// Whether `value` is of the schema type `wanted`.
pub(crate) fn is_type(value: &Value, wanted: &str) -> bool {
    match wanted {
        "string" => value.is_string(),
        "number" => {
            value.is_number() || value.as_object().is_some_and(|m| marked_float(m).is_some())
        }
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.as_object().is_some_and(|m| marked_float(m).is_none()),
        _ => true,
    }
}

fn check(
    what: &str,
    name: &str,
    value: &Value,
    field: &Value,
    depth: usize,
) -> Result<(), EvalError> {
    if value.is_null() {
        return if field.get("nullable") == Some(&Value::Bool(true)) {
            Ok(())
        } else {
            Err(wrong(format!("the {what} must not be null"), name))
        };
    }
    if let Some(wanted) = field.get("type").and_then(Value::as_str) {
        if !is_type(value, wanted) {
            return Err(wrong(
                format!(
                    "the {what} must be of type {wanted}, found {}",
                    found(value)
                ),
                name,
            ));
        }
        if value.as_object().is_some_and(|m| marked_float(m).is_some()) {
            return Err(wrong(
                format!("the {what} must be a finite number, found {}", found(value)),
                name,
            ));
        }
    }
    if let Some(Value::Array(choices)) = field.get("enum") {
        let (fuel, seen) = (Fuel::default(), from_json(value));
        let mut hit = false;
        for choice in choices {
            hit = hit || compare::equal(&from_json(choice), &seen, &fuel)?;
        }
        if !hit {
            let choices = choices.iter().map(found).collect::<Vec<_>>().join(", ");
            return Err(wrong(
                format!(
                    "the {what} must be one of {choices}, found {}",
                    found(value)
                ),
                name,
            ));
        }
    }
    match value {
        Value::String(text) => check_text(what, name, text, field),
        Value::Number(_) => check_range(what, name, value, field),
        Value::Object(map) => match field.get("properties") {
            Some(Value::Object(fields)) => check_fields(map, fields, depth + 1),
            _ => Ok(()),
        },
        Value::Array(items) => match field.get("items") {
            Some(item_field @ Value::Object(_)) => {
                for (position, item) in items.iter().enumerate() {
                    if depth > DEPTH {
                        return Err(EvalError::limit(format!(
                            "the schema is nested more than {DEPTH} levels deep"
                        )));
                    }
                    check(
                        &format!("item {position} of '{name}'"),
                        name,
                        item,
                        item_field,
                        depth + 1,
                    )?;
                }
                Ok(())
            }
            _ => Ok(()),
        },
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

/// A bound under its two spellings.
fn bound<'f>(field: &'f Value, camel: &str, snake: &str) -> Option<&'f Value> {
    field
        .get(camel)
        .or_else(|| field.get(snake))
        .filter(|v| v.is_number())
}

fn check_text(what: &str, name: &str, text: &str, field: &Value) -> Result<(), EvalError> {
    let length = text.chars().count() as f64;
    let shown = found(&Value::String(text.to_owned()));
    if let Some(least) = bound(field, "minLength", "min_length").and_then(Value::as_f64)
        && length < least
    {
        return Err(wrong(
            format!("the {what} must have at least {least} characters, found {shown}"),
            name,
        ));
    }
    if let Some(most) = bound(field, "maxLength", "max_length").and_then(Value::as_f64)
        && length > most
    {
        return Err(wrong(
            format!("the {what} must have at most {most} characters, found {shown}"),
            name,
        ));
    }
    if let Some(source) = field.get("pattern").and_then(Value::as_str)
        && !pattern::matches(source, text, name)?
    {
        return Err(wrong(
            format!("the {what} must match the pattern '{source}', found {shown}"),
            name,
        ));
    }
    Ok(())
}

fn check_range(what: &str, name: &str, value: &Value, field: &Value) -> Result<(), EvalError> {
    let (fuel, number) = (Fuel::default(), from_json(value));
    let order = |bound: &Value| -> Result<Option<std::cmp::Ordering>, EvalError> {
        let bound: Val = from_json(bound);
        compare::order(&number, &bound, "<", &fuel)
    };
    if let Some(least) = field.get("minimum").filter(|v| v.is_number())
        && order(least)? == Some(std::cmp::Ordering::Less)
    {
        return Err(wrong(
            format!(
                "the {what} must be at least {least}, found {}",
                found(value)
            ),
            name,
        ));
    }
    if let Some(most) = field.get("maximum").filter(|v| v.is_number())
        && order(most)? == Some(std::cmp::Ordering::Greater)
    {
        return Err(wrong(
            format!("the {what} must be at most {most}, found {}", found(value)),
            name,
        ));
    }
    Ok(())
}
