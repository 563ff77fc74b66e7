//! Reading and writing numbers the way Python does. No arithmetic here.

use num_bigint::BigInt;
use num_traits::Num;

/// `repr` of a float: shortest digits, exponent from 1e16 and below 1e-4.
pub(crate) fn float_repr(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{number}");
        if plain.contains('.') {
            plain
        } else {
            format!("{plain}.0")
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    }
}

/// Removes single underscores between digits; `None` where one stands elsewhere.
fn without_underscores(text: &str) -> Option<String> {
    if !text.contains('_') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    for (position, byte) in bytes.iter().enumerate() {
        if *byte == b'_' {
            let before = position.checked_sub(1).and_then(|p| bytes.get(p));
            let after = bytes.get(position + 1);
            if !before.is_some_and(u8::is_ascii_alphanumeric)
                || !after.is_some_and(u8::is_ascii_alphanumeric)
            {
                return None;
            }
        }
    }
    Some(text.replace('_', ""))
}

/// Turns decimal digits of every script into ASCII ones.
fn ascii_digits(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{0660}'..='\u{0669}' => char::from(b'0' + (c as u32 - 0x0660) as u8),
            '\u{06F0}'..='\u{06F9}' => char::from(b'0' + (c as u32 - 0x06F0) as u8),
            '\u{FF10}'..='\u{FF19}' => char::from(b'0' + (c as u32 - 0xFF10) as u8),
            other => other,
        })
        .collect()
}

/// Longest digit string that is turned into an integer, as in Python.
pub(crate) const INT_DIGITS: usize = 4300;

/// `int(text)`: blanks around, one sign, single underscores between digits.
pub(crate) fn parse_int(text: &str) -> Option<BigInt> {
    parse_int_radix(text, 10)
}

/// `int(text, base)` for bases 2 to 36, and 0 for a base told by the prefix.
pub(crate) fn parse_int_radix(text: &str, base: u32) -> Option<BigInt> {
    let trimmed = ascii_digits(text.trim_matches(is_space));
    let (negative, digits) = match trimmed.as_bytes().first()? {
        b'-' => (true, &trimmed[1..]),
        b'+' => (false, &trimmed[1..]),
        _ => (false, trimmed.as_str()),
    };
    let lower = digits.to_ascii_lowercase();
    let prefix = match lower.get(..2) {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        Some("0b") => Some(2),
        _ => None,
    };
    let (radix, body) = match (base, prefix) {
        (0, Some(found)) => (found, lower.get(2..)?.trim_start_matches('_')),
        (0, None) => {
            if lower.starts_with('0') && lower.bytes().any(|b| b != b'0' && b != b'_') {
                return None;
            }
            (10, lower.as_str())
        }
        (wanted, Some(found)) if wanted == found => {
            (wanted, lower.get(2..)?.trim_start_matches('_'))
        }
        (wanted, _) if (2..=36).contains(&wanted) => (wanted, lower.as_str()),
        _ => return None,
    };
    let clean = without_underscores(body)?;
    if clean.is_empty() || clean.len() > INT_DIGITS || !clean.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = BigInt::from_str_radix(&clean, radix).ok()?;
    Some(if negative { -value } else { value })
}

/// `float(text)`: also `inf`, `nan` and underscores between digits.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let trimmed = ascii_digits(text.trim_matches(is_space));
    let clean = without_underscores(&trimmed)?;
    let lower = clean.to_ascii_lowercase();
    let unsigned = lower.strip_prefix(['+', '-']).unwrap_or(&lower);
    match unsigned {
        "inf" | "infinity" => Some(if lower.starts_with('-') {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        }),
        "nan" => Some(f64::NAN),
        _ if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') => clean.parse().ok(),
        _ => None,
    }
}

/// Python's `str.isspace` for one character.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}
