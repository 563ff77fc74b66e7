//! What the dialect says of one node by itself, at the edges: each line is a node and the places and kinds of its
//! faults, in the order in which they are told.

use fermata_expr::archon::schema::check;
use serde_json::{Value, json};

#[track_caller]
fn faults(node: &Value, wanted: &[&str]) {
    let found: Vec<String> = match check(node) {
        Ok(_) => Vec::new(),
        Err(issues) => issues
            .iter()
            .map(|i| format!("{} {} {}", i.rule, i.dotted(), i.code))
            .collect(),
    };
    assert_eq!(found, wanted, "{node}");
}

#[track_caller]
fn becomes(node: &Value, key: &str, wanted: &Value) {
    let sound = check(node).expect("a sound node");
    assert_eq!(&sound[key], wanted, "{node}");
}

#[test]
fn a_blank_text_is_enough_where_only_an_empty_one_is_refused() {
    let with = |key: &str, value: &str| json!({"id": "a", "prompt": "p", key: value});
    faults(&with("model", ""), &[]);
    for key in ["mcp", "systemPrompt", "fallbackModel", "output_type"] {
        faults(&with(key, ""), &[&format!("R46 {key} too_small")]);
        faults(&with(key, " "), &[]);
    }
    faults(&with("provider", " "), &["R46 provider too_small"]);
    faults(&with("workflow", ""), &["R46 workflow too_small"]);
    faults(&with("include", " "), &[]);
    faults(&json!({"id": "a", "include": " "}), &["R21  custom"]);
}

#[test]
fn a_length_of_zero_is_said_beside_a_wrong_type() {
    faults(
        &json!({"id": "a", "prompt": "p", "mcp": [], "betas": ""}),
        &[
            "R46 mcp invalid_type",
            "R46 mcp too_small",
            "R46 betas invalid_type",
            "R46 betas too_small",
        ],
    );
}

#[test]
fn decisions_are_weighed_together_when_the_node_has_its_types() {
    let gate = |approval: Value| json!({"id": "a", "approval": approval});
    let ids = |ids: &[&str]| -> Value { ids.iter().map(|id| json!({"id": id})).collect() };
    let at = "approval.decisions custom";
    faults(
        &gate(
            json!({"message": "m", "decisions": ids(&["no", "no", "no"]), "on_reject": {"prompt": "p"}}),
        ),
        &[&format!("R22 {at}")],
    );
    faults(
        &gate(json!({"message": "m", "decisions": ids(&["no", "no", "no"])})),
        &[&format!("R23 {at}"), &format!("R24 {at}")],
    );
    faults(
        &gate(json!({"message": "m", "decisions": []})),
        &["R25 approval.decisions too_small", &format!("R24 {at}")],
    );
    faults(
        &gate(json!({"message": "m", "decisions": ids(&[" approve "])})),
        &[],
    );
    faults(
        &gate(json!({"message": 1, "decisions": ids(&["no"])})),
        &["R26 approval.message invalid_type"],
    );
}

#[test]
fn what_a_node_says_as_a_whole_is_told_in_order_and_ends_at_a_blank_id_or_two_modes() {
    faults(&json!({"id": " ", "idle_timeout": 0}), &["R18 id custom"]);
    faults(
        &json!({"id": "a", "include": "x", "workflow": "y", "input": "z", "fan_out": {"items": "x"}}),
        &["R20  custom"],
    );
    faults(&json!({"id": "a", "idle_timeout": 0}), &["R21  custom"]);
    faults(
        &json!({"id": "INPUTS", "isolation": "inherit", "bash": "ls", "timeout": 0, "idle_timeout": -1}),
        &[
            "R19 id custom",
            "R31 isolation custom",
            "R37 timeout custom",
            "R39 idle_timeout custom",
        ],
    );
}

#[test]
fn a_field_that_ends_a_loop_may_leave_its_type_to_the_schema() {
    let node = |property: Value, required: Value| {
        json!({"id": "a", "loop": {"prompt": "p", "until_field": "done", "max_iterations": 2},
            "output_format": {"type": "object", "properties": {"done": property}, "required": required}})
    };
    faults(
        &node(json!({"type": ["boolean", "null"]}), json!(["done"])),
        &[],
    );
    faults(&node(json!({}), json!(["done"])), &[]);
    let at = "R41 loop.until_field custom";
    faults(&node(json!({"type": "string"}), json!([])), &[at, at]);
}

#[test]
fn names_of_agents_are_looked_at_when_each_agent_is_sound() {
    let node = |agents: Value| json!({"id": "a", "prompt": "p", "agents": agents});
    faults(
        &node(json!({"Bad_Name": 1})),
        &["R43 agents.Bad_Name invalid_type"],
    );
    faults(
        &node(json!({"Bad_Name": {"description": "d", "prompt": "p", "tools": [""]}})),
        &[
            "R43 agents.Bad_Name.tools.0 too_small",
            "R43 agents.Bad_Name custom",
        ],
    );
}

#[test]
fn thinking_and_sandbox_are_faulty_at_the_part_that_is() {
    let node = |key: &str, value: Value| json!({"id": "a", "prompt": "p", key: value});
    faults(
        &node("thinking", json!({"type": "deep"})),
        &["R46 thinking.type invalid_union"],
    );
    faults(
        &node("thinking", json!({"type": "enabled", "budgetTokens": 0})),
        &["R46 thinking.budgetTokens too_small"],
    );
    faults(
        &node("sandbox", json!({"ignoreViolations": {"git": ["x", 1]}})),
        &["R46 sandbox.ignoreViolations.git.1 invalid_type"],
    );
}

#[test]
fn whole_numbers_end_where_they_are_no_longer_exact() {
    let node =
        |n: f64| json!({"id": "a", "workflow": "w", "fan_out": {"items": "x", "max_parallel": n}});
    faults(&node(9_007_199_254_740_991.0), &[]);
    faults(
        &node(9_007_199_254_740_992.0),
        &["R35 fan_out.max_parallel too_big"],
    );
}

#[test]
fn the_engine_sees_texts_without_spaces_around_and_maps_without_unknown_keys() {
    let prompt = |key: &str, value: Value| json!({"id": "a", "prompt": "p", key: value});
    becomes(
        &prompt("provider", json!(" claude ")),
        "provider",
        &json!("claude"),
    );
    becomes(&prompt("mcp", json!(" m.json ")), "mcp", &json!("m.json"));
    becomes(&prompt("skills", json!([" s "])), "skills", &json!(["s"]));
    becomes(
        &prompt("context", json!({"resume": " b ", "more": 1})),
        "context",
        &json!({"resume": "b"}),
    );
    becomes(
        &prompt("thinking", json!({"type": "adaptive", "budgetTokens": 3})),
        "thinking",
        &json!({"type": "adaptive"}),
    );
    becomes(
        &prompt("sandbox", json!({"more": 1, "network": {"more": 1}})),
        "sandbox",
        &json!({"more": 1, "network": {}}),
    );
    becomes(
        &prompt("hooks", json!({"Stop": [{"response": {}, "more": 1}]})),
        "hooks",
        &json!({"Stop": [{"response": {}}]}),
    );
    let sub_run = json!({"id": "a", "workflow": "w", "always_run": true, "idle_timeout": 5, "output_type": "t"});
    let sound = check(&sub_run).expect("a sound node");
    assert_eq!(
        sound,
        json!({"id": "a", "kind": "workflow", "workflow": "w", "output_type": "t"})
    );
}
