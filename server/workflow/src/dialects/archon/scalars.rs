//! What a plain scalar means: YAML 1.2 core. `yes`, `on` and `1_000` are texts (specs/archon.md 1).

/// The meaning of a plain scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text,
}

/// Reads a plain scalar.
pub(super) fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Bool(true),
        "false" | "False" | "FALSE" => Plain::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Plain::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Plain::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Plain::Float(f64::NAN),
        _ => number(text),
    }
}

fn number(text: &str) -> Plain {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        let Some(rest) = body.strip_prefix(prefix) else {
            continue;
        };
        // Those that do not fit 64 bits are texts.
        let sign = if text.starts_with('-') { -1 } else { 1 };
        return match u64::from_str_radix(rest, radix) {
            Ok(n) if !rest.starts_with('+') => Plain::Int(sign * i128::from(n)),
            _ => Plain::Text,
        };
    }
    if digits(body) {
        return text.parse().map_or_else(
            |_| text.parse().map_or(Plain::Text, Plain::Float),
            Plain::Int,
        );
    }
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let (whole, fraction) = mantissa
        .split_once('.')
        .map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let mantissa_ok = match fraction {
        None => digits(whole),
        Some(fraction) => {
            (whole.is_empty() || digits(whole))
                && (fraction.is_empty() || digits(fraction))
                && !(whole.is_empty() && fraction.is_empty())
        }
    };
    let exponent_ok = exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)));
    if !mantissa_ok || !exponent_ok {
        return Plain::Text;
    }
    text.parse().map_or(Plain::Text, Plain::Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_yaml_words_and_separated_digits_are_texts() {
        for word in [
            "yes",
            "off",
            "1_000",
            "1:30",
            "2024-01-01",
            "1.2.3",
            "-",
            ".",
            "0b1",
            "1e",
            "0x",
            "0x+1",
            "0x1_0",
            "0x10000000000000000",
        ] {
            assert_eq!(plain(word), Plain::Text, "{word}");
        }
        assert_eq!(plain("0o17"), Plain::Int(15));
        assert_eq!(plain("-3"), Plain::Int(-3));
        assert_eq!(plain("-0x1F"), Plain::Int(-31));
        assert_eq!(plain("+0o7"), Plain::Int(7));
        assert_eq!(
            plain("0xFFFFFFFFFFFFFFFF"),
            Plain::Int(i128::from(u64::MAX))
        );
        assert_eq!(plain("1e3"), Plain::Float(1000.0));
        assert_eq!(plain(".5"), Plain::Float(0.5));
    }
}
