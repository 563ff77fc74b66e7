//! Whether a `pattern` compiles under Python's regular expressions, as far as
//! that can be told from its structure. What is only unusual passes: a wrong
//! refusal would be worse than a missed one.

/// Says why a pattern does not compile.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    // Whether something stands before that a quantifier can repeat.
    let mut repeatable = false;
    while at < chars.len() {
        match chars[at] {
            '\\' => {
                if at + 1 == chars.len() {
                    return Err(format!("bad escape (end of pattern) at position {at}"));
                }
                at += 2;
                repeatable = true;
                continue;
            }
            '[' => {
                at = class(&chars, at)?;
                repeatable = true;
                continue;
            }
            '(' => {
                open.push(at);
                at = group_header(&chars, at);
                repeatable = false;
                continue;
            }
            ')' => {
                if open.pop().is_none() {
                    return Err(format!("unbalanced parenthesis at position {at}"));
                }
                repeatable = true;
            }
            '*' | '+' | '?' => {
                if !repeatable {
                    return Err(format!("nothing to repeat at position {at}"));
                }
                if matches!(chars.get(at + 1), Some('?' | '+')) {
                    at += 1;
                }
                repeatable = false;
            }
            '{' if quantifier(&chars, at).is_some() => {
                if !repeatable {
                    return Err(format!("nothing to repeat at position {at}"));
                }
                let (end, least, most) = quantifier(&chars, at).unwrap_or((at, 0, None));
                if most.is_some_and(|m| m < least) {
                    return Err(format!(
                        "min repeat greater than max repeat at position {at}"
                    ));
                }
                at = end;
                repeatable = true;
                continue;
            }
            '|' => repeatable = false,
            _ => repeatable = true,
        }
        at += 1;
    }
    match open.first() {
        Some(position) => Err(format!(
            "missing ), unterminated subpattern at position {position}"
        )),
        None => Ok(()),
    }
}

/// The position after a character class that opens at `start`.
fn class(chars: &[char], start: usize) -> Result<usize, String> {
    let mut at = start + 1;
    if chars.get(at) == Some(&'^') {
        at += 1;
    }
    let first = at;
    while let Some(c) = chars.get(at) {
        match c {
            ']' if at > first => return Ok(at + 1),
            '\\' => at += 1,
            '-' if at > first => {
                let (low, high) = (chars[at - 1], chars.get(at + 1).copied().unwrap_or(']'));
                let plain = chars.get(at.wrapping_sub(2)) != Some(&'\\')
                    && !matches!(high, ']' | '\\' | '[');
                if plain && low > high {
                    return Err(format!(
                        "bad character range {low}-{high} at position {}",
                        at - 1
                    ));
                }
            }
            _ => {}
        }
        at += 1;
    }
    Err(format!("unterminated character set at position {start}"))
}

/// The position after `(`, `(?:`, `(?P<name>`, `(?=` and their kin.
fn group_header(chars: &[char], start: usize) -> usize {
    if chars.get(start + 1) != Some(&'?') {
        return start + 1;
    }
    let mut at = start + 2;
    while let Some(c) = chars.get(at) {
        match c {
            ':' | '=' | '!' | '>' => return at + 1,
            ')' | '(' => return at,
            _ => at += 1,
        }
    }
    at
}

/// `{n}`, `{n,}`, `{,m}`, `{n,m}`: end, least, most.
fn quantifier(chars: &[char], start: usize) -> Option<(usize, u64, Option<u64>)> {
    let length = chars[start..].iter().position(|c| *c == '}')?;
    let body: String = chars[start + 1..start + length].iter().collect();
    let number = |s: &str| {
        s.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| s.parse::<u64>().ok())
    };
    let end = start + length + 1;
    match body.split_once(',') {
        Some((low, high)) if !(low.is_empty() && high.is_empty()) => {
            Some((end, number(low)?.unwrap_or(0), number(high)?))
        }
        None if !body.is_empty() => number(&body)?.map(|n| (end, n, Some(n))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn patterns_that_python_refuses_are_refused() {
        for wrong in [
            "[", "a[", "(", "(a", "a)", "*", "a|*", "(*a)", "a{2,1}", "\\", "[z-a]",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn patterns_that_python_takes_pass() {
        for right in [
            "",
            "a*?",
            "[]a]",
            "[^]a]",
            "(?P<n>a)+",
            "a{2,3}",
            "a{",
            "{",
            "x{,3}",
            "\\(",
            "[\\]-z]",
            "(?i)a",
            "^v\\d+$",
            "[a-z]+(?=x)",
        ] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
    }
}
