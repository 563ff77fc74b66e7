//! The exported JSON Schema against the recorded verdicts: it takes what the schema stage takes, and refuses what a
//! rule about single objects refuses.

#[path = "conductor/corpus.rs"]
mod corpus;

use corpus::{Overlay, corpus, rows};
use fermata_workflow::dialects::conductor::{schema, values};
use serde_json::Value;

/// Rules about one object and its keys. The others are about names elsewhere, other files, or texts.
const STRUCTURAL: [&str; 10] = [
    "S1", "S2", "S3", "S4", "S5", "S8", "S9", "S12", "S17", "S20",
];

#[test]
fn the_schema_takes_and_refuses_as_the_rules_do() {
    let Some(corpus) = corpus() else { return };
    let validator = jsonschema::validator_for(&schema::json_schema()).expect("a schema");
    let mut worlds = std::collections::HashMap::new();
    let (mut taken, mut refused, mut wrong) = (0, 0, Vec::new());
    let mut all = rows(&corpus.join("files.jsonl"));
    all.extend(rows(&corpus.join("mutations.jsonl")));
    for row in all {
        let base = corpus.join(
            row["path"]
                .as_str()
                .or(row["base"].as_str())
                .expect("a file"),
        );
        let folder = base.parent().expect("folder").to_path_buf();
        let world = worlds.entry(folder.clone()).or_insert_with(|| {
            let mut world = Overlay::new(&corpus);
            world.lay(&corpus.join("mutation_aux"), &folder);
            world
        });
        let target = match row["yaml"].as_str() {
            Some(text) => {
                let target = folder.join("_m.yaml");
                world.files.insert(target.clone(), text.as_bytes().to_vec());
                target
            }
            None => base,
        };
        let rules: Vec<&str> = row["rules"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let stage = row["stage"].as_str().unwrap_or_default();
        let passes = stage == "ok" || stage == "semantic";
        let structural = stage == "schema" && rules.iter().all(|rule| STRUCTURAL.contains(rule));
        let Some(value) = values(world, &target).filter(|_| passes || structural) else {
            continue;
        };
        let id = row["id"]
            .as_str()
            .or(row["path"].as_str())
            .unwrap_or_default();
        match (passes, validator.iter_errors(&value).next()) {
            (true, None) => taken += 1,
            (false, Some(_)) => refused += 1,
            (true, Some(error)) => wrong.push(format!(
                "{id} is refused: {} at {}",
                error,
                error.instance_path()
            )),
            (false, None) => wrong.push(format!("{id} is taken: {rules:?} {}", row["errors"][0])),
        }
    }
    eprintln!(
        "{taken} taken, {refused} refused, {} otherwise",
        wrong.len()
    );
    let unexplained: Vec<&String> = wrong
        .iter()
        .filter(|line| !KNOWN.iter().any(|(id, _)| line.starts_with(id)))
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert!(taken > 0 && refused > 0);
}

/// Rows that the schema judges otherwise, with why.
const KNOWN: &[(&str, &str)] = &[
    (
        "dm00970",
        "a key that is no string, in a map of any names: JSON has no such keys",
    ),
    (
        "dm01845",
        "a key that is no string, in a map of any names: JSON has no such keys",
    ),
];
