//! Durations such as `500ms`, `5m` or a bare number of seconds. Rule 4.9.

use crate::error::{EvalError, EvalErrorKind};
use crate::value::json::from_json;
use crate::value::{Val, number, repr};
use serde_json::Value;

/// Seconds of a duration: a number, or a number with `ms`, `s`, `m` or `h`. The range is the caller's business.
///
/// # Errors
/// Other types, booleans included, and texts that are no duration.
pub fn duration(value: &Value) -> Result<f64, EvalError> {
    match from_json(value) {
        Val::Int(i) => crate::value::arith::to_float(&Val::Int(i)).map(|f| f.unwrap_or(0.0)),
        Val::Float(f) => Ok(f),
        Val::Str(text) => read(&text).ok_or_else(|| {
            EvalError::value(format!(
                "expected a number of seconds or a number with ms, s, m or h, found {}",
                repr::quoted(&text)
            ))
            .named(text.to_string())
        }),
        other => Err(EvalError::new(
            EvalErrorKind::Type,
            format!(
                "expected a number or a text like '60s', found {}",
                other.type_name()
            ),
        )
        .named(other.type_name())),
    }
}

fn read(text: &str) -> Option<f64> {
    let text = text.trim_matches(number::is_space);
    let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = digits(text);
    let fraction = match text[whole..].strip_prefix('.') {
        Some(rest) if digits(rest) > 0 => 1 + digits(rest),
        Some(_) => return None,
        None => 0,
    };
    if whole == 0 {
        return None;
    }
    let (amount, unit) = text.split_at(whole + fraction);
    let amount: f64 = amount.parse().ok()?;
    Some(match unit.trim_start_matches(number::is_space) {
        "" | "s" => amount,
        "ms" => amount / 1000.0,
        "m" => amount * 60.0,
        "h" => amount * 3600.0,
        _ => return None,
    })
}
