//! Patterns of output fields: Python's reading of `$` and `\Z`, with a bound on backtracking.

use crate::error::{EvalError, EvalErrorKind};
use fancy_regex::{Regex, RegexBuilder};

/// Steps back a match may take; about what a second allows.
const BACKTRACKS: usize = 200_000;
/// Memory a compiled pattern may take, in bytes.
const SIZE: usize = 1 << 20;
/// Longest pattern, in bytes.
const LENGTH: usize = 4096;

fn refused(field: &str, message: String) -> EvalError {
    EvalError::new(EvalErrorKind::Value, message).named(field)
}

/// `$` also stands before a last line break, and `\Z` is only the very end.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    let mut class = false;
    let multiline = pattern.starts_with("(?m")
        || pattern.contains("(?m)")
        || pattern.contains("(?im")
        || pattern.contains("(?sm");
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if chars.next_if_eq(&'Z').is_some() && !class {
                    out.push_str(r"\z");
                    continue;
                }
                out.push('\\');
                out.extend(chars.next());
            }
            '[' if !class => {
                class = true;
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if chars.next_if_eq(&']').is_some() {
                    out.push_str(r"\]");
                }
            }
            // An opening bracket inside a class is a plain character here.
            '[' => out.push_str(r"\["),
            ']' if class => {
                class = false;
                out.push(']');
            }
            '$' if !class && !multiline => out.push_str(r"(?=\n?\z)"),
            other => out.push(other),
        }
    }
    out
}

fn compile(pattern: &str) -> Result<Regex, fancy_regex::Error> {
    RegexBuilder::new(pattern)
        .backtrack_limit(BACKTRACKS)
        .delegate_size_limit(SIZE)
        .delegate_dfa_size_limit(SIZE)
        .build()
}

/// Whether `pattern` is found anywhere in `text`.
pub(super) fn matches(pattern: &str, text: &str, field: &str) -> Result<bool, EvalError> {
    if pattern.len() > LENGTH {
        return Err(refused(
            field,
            format!("the pattern of '{field}' is longer than {LENGTH} bytes"),
        ));
    }
    let regex =
        stacker::maybe_grow(1 << 20, 8 << 20, || compile(&translate(pattern))).map_err(|e| {
            refused(
                field,
                format!("the pattern of '{field}' cannot be read: {e}"),
            )
        })?;
    regex.is_match(text).map_err(|_| {
        let mut error = EvalError::limit(format!(
            "the pattern of '{field}' takes too long on this answer; make its repetitions unambiguous"
        ));
        error.names.push(field.to_owned());
        error
    })
}
