//! The exported JSON Schema against the checks that it comes from: it takes whatever the dialect takes, and refuses
//! whatever breaks a rule about one key.

#[path = "archon/corpus.rs"]
#[allow(dead_code)]
mod corpus;

use std::path::Path;

use corpus::{corpus, rows};
use fermata_expr::archon::schema;
use fermata_workflow::{Dialect, MemoryWorld, load_as};
use serde_json::{Value, json};

/// Whether a node breaks a rule about one key, as against one about several.
fn field_rule(node: &Value) -> bool {
    schema::check(node)
        .err()
        .is_some_and(|issues| issues.iter().any(|i| i.code != "custom"))
}

#[test]
fn the_schema_takes_sound_nodes_and_refuses_those_that_break_a_rule_about_one_key() {
    let Some(corpus) = corpus() else { return };
    let mut exported = schema::json_schema();
    exported["$ref"] = json!("#/$defs/node");
    let validator = jsonschema::validator_for(&exported).expect("the schema is one");
    let (mut wrong, mut refused, mut whole, mut whole_refused) = (Vec::new(), 0, 0, 0);
    let all = rows(&corpus.join("schema.jsonl"));
    for row in &all {
        let node = row.get("raw").or_else(|| row.get("node")).expect("a node");
        let takes = validator.is_valid(node);
        let sound = schema::check(node).is_ok();
        if sound && !takes {
            let why: Vec<String> = validator.iter_errors(node).map(|e| e.to_string()).collect();
            wrong.push(format!("refused: {node}\n  {}", why.join("; ")));
        } else if field_rule(node) {
            refused += 1;
            if takes {
                wrong.push(format!("taken: {node}"));
            }
        } else if !sound {
            whole += 1;
            whole_refused += usize::from(!takes);
        }
    }
    eprintln!(
        "schema: {} nodes, {refused} refused by field rules, of {whole} others {whole_refused} refused too, {} wrong",
        all.len(),
        wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(refused > 100, "only {refused} rows break a field rule");
}

#[test]
fn the_schema_agrees_on_every_mutated_file() {
    let Some(corpus) = corpus() else { return };
    let validator = jsonschema::validator_for(&schema::json_schema()).expect("the schema is one");
    let path = Path::new("/repo/.archon/workflows/subject.yaml");
    let (mut wrong, mut taken, mut refused) = (Vec::new(), 0, 0);
    for row in rows(&corpus.join("mutations.jsonl")) {
        let mut world = MemoryWorld::new();
        world.add_file(path, row["yaml"].as_str().expect("yaml"));
        let loaded = load_as(&world, path, Dialect::Archon);
        // What several documents mean is no question to a schema, which sees the first.
        let root = loaded.sources.iter().next().expect("the file");
        if root.1.tree.document_count() > 1 {
            continue;
        }
        let Some(raw) = loaded.workflow.and_then(|w| w.archon).map(|a| a.raw) else {
            continue;
        };
        let rules: Vec<&str> = loaded
            .diagnostics
            .iter()
            .filter(|d| d.rejects())
            .filter_map(|d| d.upstream)
            .collect();
        let nodes = raw["nodes"].as_array().cloned().unwrap_or_default();
        // Rules of the file and rules about one key of a node; several documents are one thing to a schema.
        let structural = nodes.iter().any(field_rule)
            || rules
                .iter()
                .any(|r| matches!(*r, "R3" | "R4" | "R6" | "R11"));
        let takes = validator.is_valid(&raw);
        let sound = nodes.iter().all(|n| schema::check(n).is_ok())
            && !rules
                .iter()
                .any(|r| matches!(*r, "R1" | "R2" | "R3" | "R4" | "R6" | "R11" | "R13"));
        if sound {
            taken += 1;
        } else if structural {
            refused += 1;
        }
        if (sound && !takes) || (structural && takes) {
            let why: Vec<String> = validator.iter_errors(&raw).map(|e| e.to_string()).collect();
            wrong.push(format!(
                "{} sound {sound} taken {takes} {rules:?} {why:?}",
                row["id"]
            ));
        }
    }
    eprintln!(
        "schema: {taken} files taken, {refused} refused, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(taken > 500 && refused > 100, "{taken} {refused}");
}
