//! Agreement with the recorded answers of the real engine. Every row that differs is listed in a snapshot with its reason.

use fermata_expr::eval_rows::eval;
use serde_json::Value;
use std::path::PathBuf;

fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("FERMATA_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let folder = root.join("conductor");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: no conformance data at {}; set FERMATA_CORPUS",
        folder.display()
    );
    None
}

/// Lone surrogates have no place in a JSON reader of Unicode text.
fn readable(line: &str) -> String {
    line.replace("\\ud800\"", "\\ufffd\"")
        .replace("\\ud800\\\"", "\\ufffd\\\"")
        .replace("\\\\ud800", "\\\\ufffd")
}

fn rows(name: &str) -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(corpus()?.join(name)).expect("the set is readable");
    Some(
        text.lines()
            .map(|l| serde_json::from_str(&readable(l)).expect("a row is JSON"))
            .collect(),
    )
}

/// 1 and 1.0 are different, as in Python.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y && x.is_f64() == y.is_f64(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|((k, v), (l, w))| k == l && same(v, w))
        }
        _ => a == b,
    }
}

/// Checks that at least 99 of 100 rows agree and returns the ids of the others.
fn compare(set: &str, rows: Vec<Value>, wanted: impl Fn(&Value) -> Option<Value>) -> Vec<String> {
    let total = rows.len();
    let mut differing = Vec::new();
    for (position, row) in rows.into_iter().enumerate() {
        let wanted = wanted(&row);
        let answer = eval(set, &row);
        let agrees = match &wanted {
            Some(value) => answer["ok"] == true && same(&answer["value"], value),
            None => answer["ok"] == false,
        };
        if !agrees {
            let id = row["id"]
                .as_str()
                .map_or_else(|| format!("row {position}"), str::to_owned);
            eprintln!("{id}: {row}\n   wanted {wanted:?}\n   answer {answer}");
            differing.push(id);
        }
    }
    eprintln!("{set}: {} of {total} rows agree", total - differing.len());
    assert!(
        differing.len() * 100 <= total,
        "{} of {total} rows of {set} differ",
        differing.len()
    );
    differing
}

fn result_unless_error(row: &Value) -> Option<Value> {
    if row["error"].is_null() {
        Some(row["result"].clone())
    } else {
        None
    }
}

#[test]
fn conditions_and_routes_decide_as_recorded() {
    let Some(rows) = rows("expressions.jsonl") else {
        return;
    };
    insta::assert_debug_snapshot!(compare("expressions", rows, result_unless_error));
}

#[test]
fn templates_render_as_recorded() {
    let Some(mut rows) = rows("templates.jsonl") else {
        return;
    };
    let folder = corpus().expect("found above");
    let shared = std::fs::read_to_string(folder.join("templates_context.json"))
        .expect("the shared context is readable");
    let shared: Value = serde_json::from_str(&shared).expect("the shared context is JSON");
    for row in &mut rows {
        if row["context"] == "shared" {
            row["context"] = shared.clone();
        }
    }
    let wanted = |row: &Value| {
        if row["error"].is_null() {
            Some(row["text"].clone())
        } else {
            None
        }
    };
    insta::assert_debug_snapshot!(compare("templates", rows, wanted));
}

#[test]
fn texts_become_the_recorded_values() {
    let Some(rows) = rows("coercions.jsonl") else {
        return;
    };
    let wanted = |row: &Value| {
        if row["ok"] == true {
            Some(row["result"].clone())
        } else {
            None
        }
    };
    insta::assert_debug_snapshot!(compare("coercions", rows, wanted));
}

#[test]
fn agent_answers_are_read_as_recorded() {
    let Some(mut rows) = rows("agents_extraction.jsonl") else {
        return;
    };
    let mut differing = Vec::new();
    let total = rows.len();
    for (position, row) in rows.iter_mut().enumerate() {
        let answer = eval("agents_extraction", row);
        for reader in ["copilot", "helper", "checked"] {
            let (wanted, found) = (&row[reader], &answer["value"][reader]);
            if wanted.is_null() {
                continue;
            }
            if wanted["ok"] != found["ok"]
                || (wanted["ok"] == true && !same(&wanted["result"], &found["result"]))
            {
                eprintln!(
                    "row {position} {reader}: {}\n   wanted {wanted}\n   found {found}",
                    row["text"]
                );
                differing.push(format!("row {position} {reader}"));
            }
        }
    }
    eprintln!(
        "agents_extraction: {} differences in {total} rows",
        differing.len()
    );
    assert!(
        differing.len() * 100 <= total,
        "{} readings of {total} rows differ",
        differing.len()
    );
    insta::assert_debug_snapshot!(differing);
}
