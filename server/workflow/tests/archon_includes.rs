//! Includes of Archon beyond the recorded rows: order of errors, bodies of groups, texts that are no templates, settings
//! that do not hold everywhere.

use fermata_workflow::dialects::archon::eval_rows;
use serde_json::{Value, json};

/// What becomes of the workflow `top` among files by name.
fn expanded(files: &[(&str, &str)]) -> Value {
    let files: serde_json::Map<String, Value> = files
        .iter()
        .map(|(name, text)| {
            let path = match name.strip_suffix(".md") {
                Some(_) => format!(".archon/commands/{name}"),
                None => format!(".archon/workflows/{name}.yaml"),
            };
            let head = format!("name: {name}\ndescription: d\n");
            let text = if name.ends_with(".md") {
                (*text).to_owned()
            } else {
                format!("{head}{text}")
            };
            (path, json!(text))
        })
        .collect();
    eval_rows::includes(&json!({"root": "top", "files": files}))
}

fn node<'v>(answer: &'v Value, id: &str) -> &'v Value {
    let nodes = answer["nodes"].as_array();
    let nodes = nodes.unwrap_or_else(|| panic!("no graph: {answer:#}"));
    let found = nodes.iter().find(|n| n["id"] == id);
    found.unwrap_or_else(|| panic!("no node {id}: {answer:#}"))
}

/// Names of the errors of one file.
fn errors<'v>(answer: &'v Value, file: &str) -> Vec<&'v str> {
    let all = answer["errors"].as_array().expect("errors").iter();
    all.filter(|e| e["file"] == file)
        .filter_map(|e| e["name"].as_str())
        .collect()
}

const PART: &str = "nodes:\n  - {id: a, bash: echo}\n";

#[test]
fn the_script_that_ends_a_group_reads_the_result_of_an_include_in_its_body() {
    let top = "nodes:\n  - id: g\n    loop_group:\n      until_bash: test $i.output = 1\n      max_iterations: 2\n      nodes:\n        - {id: i, include: part}\n";
    let answer = expanded(&[("top", top), ("part", PART)]);
    assert_eq!(
        node(&answer, "g")["loop_group"]["until_bash"],
        "test $i__a.output = 1"
    );
}

#[test]
fn what_an_include_said_in_the_iteration_before_has_no_name() {
    let top = "nodes:\n  - id: g\n    loop_group:\n      until: D\n      max_iterations: 2\n      nodes:\n        - {id: i, include: part}\n        - {id: n, prompt: was $LOOP_PREV.i.output is $i.output, depends_on: [i]}\n";
    let answer = expanded(&[("top", top), ("part", PART)]);
    let body = &node(&answer, "g")["loop_group"]["nodes"];
    assert_eq!(
        body[1]["source"]["prompt"],
        "was $LOOP_PREV.i.output is $i__a.output"
    );
}

#[test]
fn the_model_of_a_workflow_does_not_reach_a_node_on_another_provider() {
    let top = "provider: claude\nmodel: opus\nnodes:\n  - {id: own, prompt: x}\n  - {id: same, prompt: x, provider: claude}\n  - {id: other, prompt: x, provider: codex}\n";
    let answer = expanded(&[("top", top)]);
    assert_eq!(node(&answer, "own")["model"], "opus");
    assert_eq!(node(&answer, "same")["model"], "opus");
    assert_eq!(node(&answer, "other")["model"], Value::Null);
    let silent = top.replace("provider: claude\nmodel", "model");
    let answer = expanded(&[("top", &silent)]);
    assert_eq!(
        node(&answer, "same")["model"],
        Value::Null,
        "nobody knows yet on which provider the workflow runs"
    );
}

#[test]
fn only_agents_outside_of_bodies_keep_their_session_because_the_workflow_says_so() {
    let top = "persist_sessions: true\nnodes:\n  - {id: a, prompt: x}\n  - {id: b, bash: x}\n  - id: g\n    loop_group: {until: D, max_iterations: 2, nodes: [{id: c, prompt: x}]}\n";
    let answer = expanded(&[("top", top)]);
    assert_eq!(node(&answer, "a")["persist_session"], true);
    assert_eq!(node(&answer, "b")["persist_session"], Value::Null);
    let group = node(&answer, "g");
    assert_eq!(group["persist_session"], Value::Null);
    assert_eq!(
        group["loop_group"]["nodes"][0]["persist_session"],
        Value::Null
    );
}

#[test]
fn texts_that_are_no_templates_read_no_inputs() {
    let part = "nodes:\n  - {id: a, prompt: x, description: about $INPUTS.q, mcp: $INPUTS.q}\n  - {id: b, depends_on: [a], loop: {prompt: x, until: $INPUTS.q, max_iterations: 1, interactive: true, gate_message: $INPUTS.q}}\n";
    let top = "interactive: true\nnodes:\n  - {id: i, include: part}\n";
    let answer = expanded(&[("top", top), ("part", part)]);
    assert_eq!(answer["root_ok"], true, "{answer:#}");
    assert_eq!(node(&answer, "i__b")["loop"]["until"], "$INPUTS.q");
}

#[test]
fn maps_and_lists_that_are_handed_over_are_data() {
    let part = "nodes:\n  - {id: a, bash: x}\n  - {id: w, workflow: other, depends_on: [a], with: {list: [$a.output, $INPUTS.q], whole: $INPUTS.q}}\n";
    let top = "nodes:\n  - {id: i, include: part, with: {q: 3}}\n";
    let answer = expanded(&[("top", top), ("part", part)]);
    assert_eq!(
        node(&answer, "i__w")["with"],
        json!({"list": ["$a.output", "$INPUTS.q"], "whole": 3})
    );
}

#[test]
fn a_directives_fallback_takes_an_input_and_names_no_node() {
    let part = "nodes:\n  - {id: a, bash: x}\n  - {id: b, script: work, runtime: bun, depends_on: [a], with: {v: {from: $a.output, if_skipped: $INPUTS.q}, t: {from: $a.output, if_skipped: $a.output}}}\n";
    let top = "nodes:\n  - {id: i, include: part, with: {q: [1]}}\n";
    let answer = expanded(&[("top", top), ("part", part)]);
    assert_eq!(
        node(&answer, "i__b")["with"],
        json!({
            "v": {"from": "$i__a.output", "if_skipped": [1]},
            "t": {"from": "$i__a.output", "if_skipped": "$a.output"},
        })
    );
}

#[test]
fn of_several_errors_the_first_as_written_is_named() {
    let part = "inputs: {q: {required: true}}\nnodes:\n  - {id: a, prompt: $INPUTS.q}\n";
    let group = "  - id: g\n    loop_group: {until: D, max_iterations: 1, nodes: [{id: k, include: nowhere}]}\n";
    let include = "  - {id: i, include: part}\n";
    let first = |nodes: String| {
        let answer = expanded(&[("top", &format!("nodes:\n{nodes}")), ("part", part)]);
        errors(&answer, "top.yaml").join(" ")
    };
    assert_eq!(first(format!("{include}{group}")), "include-input-missing");
    assert_eq!(first(format!("{group}{include}")), "include-target-unknown");
}

#[test]
fn a_missing_command_is_named_before_inputs_without_a_value() {
    let part = "nodes:\n  - {id: a, prompt: $INPUTS.q}\n  - {id: b, command: gone}\n";
    let top = "nodes:\n  - {id: i, include: part}\n";
    let answer = expanded(&[("top", top), ("part", part)]);
    assert_eq!(errors(&answer, "top.yaml"), ["include-command-missing"]);
}

#[test]
fn a_workflow_that_does_not_load_with_its_includes_cannot_be_included() {
    // What `low` reads by default is a node of `top`, and none of `mid`: it would only work by accident.
    let low = "inputs: {q: {default: $far.output}}\nnodes:\n  - {id: a, prompt: $INPUTS.q}\n";
    let mid = "nodes:\n  - {id: m, include: low}\n";
    let top = "nodes:\n  - {id: far, bash: x}\n  - {id: i, include: mid, depends_on: [far]}\n";
    let answer = expanded(&[("top", top), ("mid", mid), ("low", low)]);
    assert_eq!(answer["root_ok"], false);
    assert_eq!(errors(&answer, "mid.yaml"), ["ref-unknown-node"]);
    assert_eq!(errors(&answer, "top.yaml"), ["include-other"]);
    let direct = "nodes:\n  - {id: far, bash: x}\n  - {id: i, include: low, depends_on: [far]}\n";
    assert_eq!(
        expanded(&[("top", direct), ("low", low)])["root_ok"],
        true,
        "handed over by the workflow that has the node"
    );
}

#[test]
fn a_command_that_reads_a_field_of_the_caller_is_named_by_its_reference() {
    let part = "nodes:\n  - id: g\n    loop_group: {until: D, max_iterations: 1, nodes: [{id: b, command: look}]}\n";
    let top = "nodes:\n  - {id: far, bash: x}\n  - {id: i, include: part, depends_on: [far]}\n";
    let answer = expanded(&[
        ("top", top),
        ("part", part),
        ("look.md", "see $far.output.title"),
    ]);
    let error = &answer["errors"][0];
    assert_eq!(error["name"], "include-command-escapes");
    assert_eq!(
        error["mentions"],
        json!(["i", "part", "g → b", "look", "$far.output"])
    );
}

#[test]
fn an_input_that_is_handed_on_must_have_a_value_though_nobody_uses_it() {
    let low = "nodes:\n  - {id: a, prompt: x}\n";
    let mid = "nodes:\n  - {id: m, include: low, with: {q: about $INPUTS.q}}\n";
    let top = "nodes:\n  - {id: i, include: mid}\n";
    let files = [("top", top), ("mid", mid), ("low", low)];
    let answer = expanded(&files);
    assert_eq!(errors(&answer, "top.yaml"), ["include-input-missing"]);
    assert_eq!(errors(&answer, "mid.yaml"), [] as [&str; 0]);
    let given = top.replace("mid}", "mid, with: {q: 1}}");
    let answer = expanded(&[("top", &given), ("mid", mid), ("low", low)]);
    assert_eq!(answer["root_ok"], true, "{answer:#}");
}
