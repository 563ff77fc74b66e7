//! `fermata eval`: the conformance door. Reads JSON lines from standard input,
//! each a row of a function set with `dialect` and `set`; prints an answer each.

use std::borrow::Cow;
use std::io::BufRead as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::console::Console;
use crate::exit::Exit;

/// Runs the verb.
///
/// # Errors
/// When standard input cannot be read. A line that is not JSON is answered, not an error.
pub(crate) fn run(console: &Console) -> Result<Exit> {
    for line in std::io::stdin().lock().lines() {
        let line = line.context("standard input cannot be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = match serde_json::from_str::<Value>(&paired(&line)) {
            Ok(row) => evaluate(&row),
            Err(error) => {
                json!({ "id": null, "ok": false, "error": format!("expected a JSON object a line: {error}") })
            }
        };
        console.json(&answer);
    }
    Ok(Exit::Fine)
}

fn evaluate(row: &Value) -> Value {
    let word = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut whole = row.clone();
    // A row may name the context that all rows of its set share instead of carrying it.
    if row.get("context").is_some_and(Value::is_string) {
        match shared_context() {
            Some(context) => whole["context"] = context,
            None => {
                return json!({
                    "id": row.get("id"),
                    "ok": false,
                    "error": format!(
                        "expected `context` to be an object, found the text `{}`, and no templates_context.json where FERMATA_CORPUS points",
                        word("context")
                    ),
                });
            }
        }
    }
    let row = &whole;
    match word("dialect") {
        "conductor" => fermata_expr::eval_rows::eval(word("set"), row),
        "archon" => fermata_engine::archon::eval_rows::eval(word("set"), row),
        other => json!({
            "id": row.get("id"),
            "ok": false,
            "error": format!("expected dialect `conductor` or `archon`, found `{other}`"),
        }),
    }
}

/// The context that template rows share, from the conformance data.
fn shared_context() -> Option<Value> {
    static READ: OnceLock<Option<Value>> = OnceLock::new();
    READ.get_or_init(|| {
        let named = std::env::var_os("FERMATA_CORPUS").map(PathBuf::from);
        let folders = named.into_iter().chain([PathBuf::from("../shared/corpus")]);
        let files = folders.map(|folder| folder.join("conductor/templates_context.json"));
        let text = files
            .filter_map(|file| std::fs::read_to_string(file).ok())
            .next()?;
        serde_json::from_str(&text).ok()
    })
    .clone()
}

/// A line in which half a surrogate pair, which no text of ours can hold, is written as the replacement character.
fn paired(line: &str) -> Cow<'_, str> {
    let half = |at: usize| {
        let digits = line.get(at + 2..at + 6)?;
        line.get(at..at + 2).filter(|start| *start == "\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    let bytes = line.as_bytes();
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        match (half(at), half(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 12,
            (Some(0xD800..=0xDFFF), _) => {
                out.push_str(&line[copied..at]);
                out.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            (Some(_), _) => at += 6,
            (None, _) => at += 2,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(line);
    }
    out.push_str(&line[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_does_not_make_a_row_unreadable() {
        assert_eq!(
            paired(r#""\ud800 \ud83d\ude00""#),
            r#""\ufffd \ud83d\ude00""#
        );
        assert_eq!(
            paired(r#""a\\ud800""#),
            r#""a\\ud800""#,
            "an escaped backslash is none"
        );
        assert_eq!(paired(r#""\udc00""#), r#""\ufffd""#);
        assert_eq!(paired("ü\\"), "ü\\");
    }
}
