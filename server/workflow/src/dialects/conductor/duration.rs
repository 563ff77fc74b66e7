//! Durations as literals: `250ms`, `2s`, `1.5m`, `1h`, plain seconds. No sign,
//! no exponent, nothing compound (specs/conductor.md 1.4).

/// The longest wait in seconds.
pub const LONGEST: f64 = 86_400.0;

/// Seconds of a literal, or `None` when it is no duration.
#[must_use]
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number
        .split_once('.')
        .map_or((number, None), |(w, f)| (w, Some(f)));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || fraction.is_some_and(|f| !digits(f)) {
        return None;
    }
    let factor = match unit.trim_start() {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|n| n * factor)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations_are_a_number_and_one_unit() {
        assert_eq!(parse("250ms"), Some(0.25));
        assert_eq!(parse(" 2 s "), Some(2.0));
        assert_eq!(parse("1.5m"), Some(90.0));
        assert_eq!(parse("3"), Some(3.0));
        for wrong in ["", "1h30m", "-1", "1e3", "1.", ".5", "s", "1d", "1 2"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
