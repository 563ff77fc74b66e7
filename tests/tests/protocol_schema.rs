//! `fermata schema protocol` is true: what the binary really prints, and what
//! surfaces really send, fits the definitions.

use fermata_tests::Lab;
use fermata_tests::workflows::held_with;
use serde_json::{Value, json};

struct Schema(Value);

impl Schema {
    fn of(lab: &Lab) -> Self {
        Self(lab.call(&["schema", "protocol"]).json())
    }

    fn problems(&self, name: &str, document: &Value) -> Vec<String> {
        assert!(self.0["$defs"][name].is_object(), "no definition {name}");
        let mut schema = self.0.clone();
        schema["$ref"] = json!(format!("#/$defs/{name}"));
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        validator
            .iter_errors(document)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect()
    }

    #[track_caller]
    fn fits(&self, name: &str, document: &Value) {
        let problems = self.problems(name, document);
        assert!(problems.is_empty(), "{name}: {problems:#?} in {document:#}");
    }
}

#[test]
fn what_the_binary_prints_fits_its_schema() {
    let lab = Lab::new();
    let schema = Schema::of(&lab);
    lab.write("held.yaml", &held_with("{topic: {type: string}}"));
    lab.write(
        "wrong.yaml",
        &held_with("{topic: {type: string}}").replace("entry_point: again", "entry_point: agian"),
    );
    schema.fits("Check", &lab.call(&["check", "--json"]).json());
    let graph = lab.call(&["graph", "held.yaml", "--format", "json"]).json();
    schema.fits("Graph", &graph);
    let refused = lab.call(&["run", "wrong.yaml", "--json", "x"]).json();
    schema.fits("StartRefused", &refused);
    let held = lab.call(&["run", "held.yaml", "--json", "x"]).json();
    schema.fits("RunResult", &held);
    let asked = lab.call(&["run", "held.yaml", "--json", "y"]).json();
    schema.fits("StartRefused", &asked);
    schema.fits("Choice", &asked["choice"]);
    let runs = lab.call(&["runs", "--json"]).json();
    assert_eq!(runs["starts"].as_array().map(Vec::len), Some(1));
    schema.fits("Runs", &runs);
    schema.fits("Show", &lab.show("@last"));
    schema.fits("Gate", &held["gates"][0]);
    for spec in held["gates"][0]["answers"].as_array().into_iter().flatten() {
        schema.fits("Answer", &spec["answer"]);
    }
    let small = lab
        .call(&["answer", "@last", "--json", "continue", "0"])
        .json();
    schema.fits("AnswerRefused", &small);
    let taken = lab.call(&["answer", "@last", "--json", "stop"]).json();
    schema.fits("AnswerTaken", &taken);
    let late = lab
        .call(&["answer", "@last", "--gate", "g1", "--json", "stop"])
        .json();
    assert_eq!(late["answered"]["by"], "ada");
    schema.fits("AnswerRefused", &late);
}

#[test]
fn the_schema_refuses_what_is_not_meant() {
    let lab = Lab::new();
    let schema = Schema::of(&lab);
    for (name, document) in [
        ("Runs", json!({"version": 1, "runs": []})),
        ("Runs", json!({"version": 2, "runs": [], "starts": []})),
        (
            "Answer",
            json!({"kind": "iteration_limit", "do": "perhaps"}),
        ),
        ("ChooseParams", json!({"start": "s1", "answer": "yes"})),
        ("RunParams", json!({"message": "x"})),
        ("AnswerParams", json!({"run": "r", "answer": 5})),
    ] {
        assert!(
            !schema.problems(name, &document).is_empty(),
            "{name}: {document}"
        );
    }
    schema.fits("RunParams", &json!({"uri": "file:///x", "inputs": null}));
    schema.fits("AnswerParams", &json!({"run": "r", "answer": "stop"}));
}
