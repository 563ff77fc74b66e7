//! Lax coercion: what the dialect's schema library takes for an integer, a
//! number or a boolean besides the thing itself (specs/conductor.md 1).

use crate::data::{Datum, Shape};

/// An integer, or why not.
pub(in super::super) fn integer(datum: &Datum) -> Option<i128> {
    match &datum.shape {
        Shape::Int(n) => Some(*n),
        Shape::Bool(b) => Some(i128::from(*b)),
        #[allow(clippy::cast_possible_truncation)]
        Shape::Float(n) if n.fract() == 0.0 && n.abs() < 1e30 => Some(*n as i128),
        Shape::Text(t) => integer_text(t.value.trim()),
        _ => None,
    }
}

fn integer_text(text: &str) -> Option<i128> {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = match body.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') && !zeros.is_empty() => whole,
        Some(_) => return None,
        None => body,
    };
    if whole.is_empty() || whole.starts_with('_') || whole.ends_with('_') || whole.contains("__") {
        return None;
    }
    let digits: String = whole.chars().filter(|c| *c != '_').collect();
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: i128 = digits.parse().unwrap_or(i128::MAX);
    Some(if text.starts_with('-') { -value } else { value })
}

/// A number.
#[allow(clippy::cast_precision_loss)]
pub(in super::super) fn number(datum: &Datum) -> Option<f64> {
    match &datum.shape {
        Shape::Int(n) => Some(*n as f64),
        Shape::Bool(b) => Some(f64::from(u8::from(*b))),
        Shape::Float(n) => Some(*n),
        Shape::Text(t) => number_text(t.value.trim()),
        _ => None,
    }
}

/// Underscores stand between digits only.
fn number_text(text: &str) -> Option<f64> {
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// A boolean.
pub(in super::super) fn boolean(datum: &Datum) -> Option<bool> {
    match &datum.shape {
        Shape::Bool(b) => Some(*b),
        Shape::Int(0) => Some(false),
        Shape::Int(1) => Some(true),
        Shape::Float(n) if *n == 0.0 => Some(false),
        Shape::Float(n) if (*n - 1.0).abs() < f64::EPSILON => Some(true),
        Shape::Text(t) => match t.value.to_ascii_lowercase().as_str() {
            "1" | "on" | "t" | "true" | "y" | "yes" => Some(true),
            "0" | "off" | "f" | "false" | "n" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::number_text;

    #[test]
    fn underscores_of_a_number_stand_between_its_digits() {
        for (text, read) in [
            ("1_0", Some(10.0)),
            ("1_0.5", Some(10.5)),
            ("_1", None),
            ("1_", None),
            ("1__0", None),
        ] {
            assert_eq!(number_text(text), read, "{text}");
        }
    }
}
