//! Agreement with the recorded answers of the real Archon engine. Rows that differ are listed in a snapshot. They are:
//! a producer without any output text, which the engine renders as the word `undefined` (ours is empty), and a user
//! message with `$&`, `$$` or `` $` `` in it, which the engine mangles because it hands the message to a replacement
//! function as a pattern (ours arrives as it was written).

use std::path::PathBuf;

use fermata_expr::archon::eval_rows::expected;
use serde_json::Value;

fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("FERMATA_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let folder = root.join("archon");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "SKIPPED: no conformance data at {}; set FERMATA_CORPUS",
        folder.display()
    );
    None
}

/// Numbers are JavaScript's: 1 and 1.0 are the same.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

fn check(set: &str) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(corpus()?.join(format!("{set}.jsonl")))
        .expect("the set is readable");
    let mut total = 0_usize;
    let mut differing = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a row is JSON");
        total += 1;
        let answer = expected(set, &row).expect("the set is known");
        if !same(&answer, &row["expect"]) {
            eprintln!("{row}\n   answer {answer}");
            differing.push(row["id"].as_str().unwrap_or_default().to_owned());
        }
    }
    eprintln!("{set}: {} of {total} rows agree", total - differing.len());
    assert!(
        differing.len() * 100 <= total,
        "{} of {total} rows of {set} differ",
        differing.len()
    );
    Some(differing)
}

macro_rules! set {
    ($name:ident, $set:literal) => {
        #[test]
        fn $name() {
            if let Some(differing) = check($set) {
                insta::assert_debug_snapshot!(differing);
            }
        }
    };
}

set!(conditions_decide_as_recorded, "conditions");
set!(texts_are_substituted_as_recorded, "substitutions");
set!(signals_and_failures_are_read_as_recorded, "signals");
set!(nodes_have_the_recorded_shape_and_faults, "schema");
set!(inputs_are_taken_as_recorded, "inputs");
set!(names_resolve_as_recorded, "names");
