//! Agreement with the recorded answers of the real Archon engine on layers and trigger rules.

use std::path::PathBuf;

use fermata_engine::archon::eval_rows::eval;
use serde_json::Value;

fn check(set: &str) {
    let root = std::env::var_os("FERMATA_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let path = root.join("archon").join(format!("{set}.jsonl"));
    if !path.is_file() {
        eprintln!(
            "SKIPPED: no conformance data at {}; set FERMATA_CORPUS",
            path.display()
        );
        return;
    }
    let text = std::fs::read_to_string(path).expect("the set is readable");
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a row is JSON");
        assert_eq!(eval(set, &row)["value"], row["expect"], "{row}");
    }
    eprintln!("{set}: all {} rows agree", text.lines().count());
}

#[test]
fn layers_are_built_as_recorded() {
    check("layers");
}

#[test]
fn trigger_rules_decide_as_recorded() {
    check("triggers");
}
