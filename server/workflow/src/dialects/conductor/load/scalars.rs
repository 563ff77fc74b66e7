//! What a plain scalar means: YAML 1.2 core as the dialect's parser reads it,
//! or YAML 1.1 after a `%YAML 1.1` directive (specs/conductor.md 2).

/// The meaning of a plain scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Date,
    Text,
}

/// Reads a plain scalar. `old` is YAML 1.1.
pub(super) fn plain(text: &str, old: bool) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if old => return Plain::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if old => return Plain::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Plain::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Plain::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Plain::Float(f64::NAN),
        _ => {}
    }
    let first = text.as_bytes().first().copied().unwrap_or_default();
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return Plain::Text;
    }
    integer(text, old)
        .map(Plain::Int)
        .or_else(|| float(text, old).map(Plain::Float))
        .unwrap_or_else(|| {
            if is_date(text) {
                Plain::Date
            } else {
                Plain::Text
            }
        })
}

fn integer(text: &str, old: bool) -> Option<i128> {
    let (negative, body) = sign(text);
    let digits: String = body.chars().filter(|c| *c != '_').collect();
    let radix = |prefix: &str, base: u32| {
        let rest = digits.strip_prefix(prefix)?;
        (!rest.is_empty() && rest.chars().all(|c| c.is_digit(base)))
            .then(|| i128::from_str_radix(rest, base).unwrap_or(i128::MAX))
    };
    let value = radix("0b", 2)
        .or_else(|| radix("0x", 16))
        .or_else(|| if old { None } else { radix("0o", 8) })
        .or_else(|| {
            if old && body.contains(':') {
                return sexagesimal(&digits);
            }
            let plain = body.starts_with(|c: char| c.is_ascii_digit())
                && !digits.is_empty()
                && digits.bytes().all(|b| b.is_ascii_digit());
            if !plain {
                return None;
            }
            if old && digits.len() > 1 && digits.starts_with('0') {
                return digits
                    .bytes()
                    .all(|b| b < b'8')
                    .then(|| i128::from_str_radix(&digits, 8).unwrap_or(i128::MAX));
            }
            Some(digits.parse().unwrap_or(i128::MAX))
        })?;
    Some(if negative { -value } else { value })
}

fn sexagesimal(digits: &str) -> Option<i128> {
    let mut parts = digits.split(':');
    let mut total: i128 = parts
        .next()
        .filter(|p| !p.is_empty() && !p.starts_with('0'))?
        .parse()
        .ok()?;
    for part in parts {
        let n: i128 = part.parse().ok().filter(|n| *n < 60 && part.len() <= 2)?;
        total = total.checked_mul(60)?.checked_add(n)?;
    }
    Some(total)
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

/// `1.5`, `.5`, `1.`, `1e3`, `1.5e-3`, underscores allowed; YAML 1.1 wants a point and a signed exponent.
fn float(text: &str, old: bool) -> Option<f64> {
    let (_, body) = sign(text);
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let number = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let shape = number(whole)
        && !whole.starts_with('_')
        && fraction.is_none_or(number)
        && (!whole.is_empty() || fraction.is_some_and(|f| f.bytes().any(|b| b.is_ascii_digit())))
        && (fraction.is_some() || (exponent.is_some() && !old));
    let exponent_ok = exponent.is_none_or(|e| {
        let (_, digits) = sign(e);
        let signed = digits.len() < e.len();
        (signed || (!old && !whole.is_empty()))
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
    });
    if !shape || !exponent_ok {
        return None;
    }
    text.replace('_', "").parse().ok()
}

/// `2024-01-01`, or a date and a time with an optional fraction and zone.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |at: usize, least: usize, most: usize| {
        let n = bytes[at.min(bytes.len())..]
            .iter()
            .take(most)
            .take_while(|b| b.is_ascii_digit())
            .count();
        (n >= least).then_some(at + n)
    };
    let eat = |at: usize, b: u8| (bytes.get(at) == Some(&b)).then_some(at + 1);
    let day = || {
        let at = eat(digits(0, 4, 4)?, b'-')?;
        let at = eat(digits(at, 1, 2)?, b'-')?;
        digits(at, 1, 2)
    };
    let Some(after) = day() else { return false };
    if after == bytes.len() {
        return bytes.len() == 10;
    }
    let time = || {
        let mut at = match bytes[after] {
            b'T' | b't' => after + 1,
            b' ' | b'\t' => {
                after
                    + bytes[after..]
                        .iter()
                        .take_while(|b| matches!(b, b' ' | b'\t'))
                        .count()
            }
            _ => return None,
        };
        at = eat(digits(at, 1, 2)?, b':')?;
        at = eat(digits(at, 2, 2)?, b':')?;
        at = digits(at, 2, 2)?;
        if let Some(fraction) = eat(at, b'.') {
            at = digits(fraction, 0, usize::MAX)?;
        }
        at += bytes[at..]
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        match bytes.get(at) {
            None => Some(at),
            Some(b'Z') => Some(at + 1),
            Some(b'+' | b'-') => {
                let at = digits(at + 1, 1, 2)?;
                eat(at, b':').map_or(Some(at), |minutes| digits(minutes, 2, 2))
            }
            Some(_) => None,
        }
    };
    time() == Some(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_1_2_words_are_text_and_its_numbers_are_numbers() {
        for word in [
            "yes", "no", "on", "off", "12:30:45", "-", ".", "1h", "e3", "0o9", "1.2.3", "+", "0x",
            "_1",
        ] {
            assert_eq!(plain(word, false), Plain::Text, "{word}");
        }
        assert_eq!(plain("0o17", false), Plain::Int(15));
        assert_eq!(plain("017", false), Plain::Int(17));
        assert_eq!(plain("1_000", false), Plain::Int(1000));
        assert_eq!(plain("0x1F", false), Plain::Int(31));
        assert_eq!(plain("-3", false), Plain::Int(-3));
        assert_eq!(plain("1e3", false), Plain::Float(1000.0));
        assert_eq!(plain(".5", false), Plain::Float(0.5));
        assert_eq!(plain("1.", false), Plain::Float(1.0));
        assert_eq!(plain("~", false), Plain::Null);
    }

    #[test]
    fn yaml_1_1_reads_words_and_octals() {
        assert_eq!(plain("yes", true), Plain::Bool(true));
        assert_eq!(plain("off", true), Plain::Bool(false));
        assert_eq!(plain("017", true), Plain::Int(15));
        assert_eq!(plain("0o17", true), Plain::Text);
        assert_eq!(plain("1:30", true), Plain::Int(90));
        assert_eq!(plain("1e3", true), Plain::Text);
    }

    #[test]
    fn dates_are_no_strings() {
        for word in [
            "2024-01-01",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-14 21:59:43",
            "2001-12-15T02:59:43.1Z",
        ] {
            assert_eq!(plain(word, false), Plain::Date, "{word}");
        }
        for word in ["2024-1-1", "2024-01", "2024-01-01x", "20240-01-01"] {
            assert_eq!(plain(word, false), Plain::Text, "{word}");
        }
    }
}
