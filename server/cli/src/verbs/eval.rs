//! `fermata eval`: the conformance door. Reads JSON lines from standard input,
//! each a row of a function set with `dialect` and `set`; prints an answer each.

use std::io::BufRead as _;

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
        let answer = match serde_json::from_str::<Value>(&line) {
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
    match word("dialect") {
        "conductor" => fermata_expr::eval_rows::eval(word("set"), row),
        other => json!({
            "id": row.get("id"),
            "ok": false,
            "error": format!("expected dialect `conductor`, found `{other}`"),
        }),
    }
}
