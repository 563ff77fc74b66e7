//! How the dialect's engine, a JavaScript program, writes and reads values: canonical text of JSON, numbers, blanks.

use serde_json::Value;

use crate::value::json::quote;

/// The text of a value where a text is needed: strings as they are, everything else as compact JSON.
#[must_use]
pub fn canonical(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => stringify(other),
    }
}

/// Compact JSON as `JSON.stringify` writes it.
#[must_use]
pub fn stringify(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(&number(n.as_f64().unwrap_or(f64::NAN))),
        Value::String(text) => quote(text, out, |c| c >= ' '),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            // Keys that are array indices come first, by number: JavaScript orders an object's keys so.
            let mut indices: Vec<(u32, &String)> =
                map.keys().filter_map(|k| Some((index(k)?, k))).collect();
            indices.sort_unstable();
            let rest = map.keys().filter(|k| index(k).is_none());
            for (i, key) in indices.iter().map(|(_, k)| *k).chain(rest).enumerate() {
                if i > 0 {
                    out.push(',');
                }
                quote(key, out, |c| c >= ' ');
                out.push(':');
                write(&map[key], out);
            }
            out.push('}');
        }
    }
}

fn index(key: &str) -> Option<u32> {
    let canonical =
        key == "0" || (!key.starts_with('0') && key.bytes().all(|b| b.is_ascii_digit()));
    canonical
        .then(|| key.parse().ok())
        .flatten()
        .filter(|n| *n < u32::MAX)
}

/// A number as JavaScript writes it: shortest digits, exponents only from 1e21 up and below 1e-6.
#[must_use]
pub fn number(n: f64) -> String {
    if !n.is_finite() {
        return "null".to_owned();
    }
    if n == 0.0 {
        return "0".to_owned();
    }
    let sign = if n < 0.0 { "-" } else { "" };
    let scientific = format!("{:e}", n.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let point = exponent.parse::<i32>().unwrap_or_default() + 1;
    let at = |i: i32| usize::try_from(i).unwrap_or_default();
    let body = if (count..=21).contains(&point) {
        format!("{digits}{}", "0".repeat(at(point - count)))
    } else if (1..=21).contains(&point) {
        format!("{}.{}", &digits[..at(point)], &digits[at(point)..])
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", "0".repeat(at(-point)))
    } else {
        let exponent = point - 1;
        let plus = if exponent > 0 { "+" } else { "-" };
        let fraction = if count > 1 {
            format!(".{}", &digits[1..])
        } else {
            String::new()
        };
        format!("{}{fraction}e{plus}{}", &digits[..1], exponent.abs())
    };
    format!("{sign}{body}")
}

/// The number a text starts with, as `parseFloat` reads it; `None` when that is no finite number.
#[must_use]
pub fn leading_number(text: &str) -> Option<f64> {
    let text = trim(text);
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        from + bytes[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let start = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(start);
    let mut end = whole;
    if bytes.get(whole) == Some(&b'.') {
        let fraction = digits(whole + 1);
        if fraction > whole + 1 || whole > start {
            end = fraction;
        }
    }
    let has_digits = bytes[start..end].iter().any(u8::is_ascii_digit);
    if !has_digits {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let from = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = if from <= bytes.len() {
            digits(from)
        } else {
            from
        };
        if exponent > from {
            end = exponent;
        }
    }
    text[..end].parse().ok().filter(|n: &f64| n.is_finite())
}

/// Whether JavaScript counts the character as a blank.
#[must_use]
pub fn is_blank(c: char) -> bool {
    c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
}

/// The text without blanks at its ends.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (n, text) in [
            (1.0, "1"),
            (2.5, "2.5"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1e-7, "1e-7"),
            (-0.000_001, "-0.000001"),
            (1.5e300, "1.5e+300"),
        ] {
            assert_eq!(number(n), text);
        }
    }

    #[test]
    fn keys_that_are_numbers_come_first() {
        assert_eq!(
            stringify(&json!({"b": 1, "10": 2, "2": 3, "01": 4})),
            r#"{"2":3,"10":2,"b":1,"01":4}"#
        );
    }

    #[test]
    fn a_number_is_read_from_the_start_of_a_text() {
        assert_eq!(leading_number(" 12abc"), Some(12.0));
        assert_eq!(leading_number("-.5e2x"), Some(-50.0));
        assert_eq!(leading_number("1e"), Some(1.0));
        assert_eq!(leading_number("."), None);
        assert_eq!(leading_number("true"), None);
        assert_eq!(leading_number("1e999"), None);
    }
}
