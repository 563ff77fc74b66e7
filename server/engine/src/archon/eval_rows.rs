//! The conformance door of the whole dialect: a row of any Archon function set in, its expected answer out. Sets about
//! strings and nodes are answered in `fermata_expr`, includes in `fermata_workflow`.

use fermata_expr::archon::output::State;
use serde_json::{Value, json};

use super::{TriggerRule, layers, runs};

/// Answers one row: `{id, ok: true, value}` with the row's whole `expect`, or `{id, ok: false, error}` for a set that
/// does not exist. `set` is the file's stem.
#[must_use]
pub fn eval(set: &str, row: &Value) -> Value {
    let id = row.get("id").cloned().unwrap_or_default();
    let value = match set {
        "triggers" => Some(trigger(row)),
        "layers" => Some(layer(row)),
        "includes" => Some(fermata_workflow::dialects::archon::eval_rows::includes(row)),
        other => fermata_expr::archon::eval_rows::expected(other, row),
    };
    match value {
        Some(value) => json!({"id": id, "ok": true, "value": value}),
        None => {
            json!({"id": id, "ok": false, "error": {"kind": "value", "message": format!("there is no set '{set}'"), "names": [set]}})
        }
    }
}

fn words(value: Option<&Value>) -> Vec<&str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn trigger(row: &Value) -> Value {
    let rule = row
        .get("trigger_rule")
        .and_then(Value::as_str)
        .and_then(TriggerRule::from_word)
        .unwrap_or_default();
    let state = |name: &str| {
        row.get("states")?
            .get(name)?
            .as_str()
            .and_then(State::from_word)
    };
    let run = runs(rule, words(row.get("depends_on")).into_iter().map(state));
    json!({"decision": if run { "run" } else { "skip" }})
}

fn layer(row: &Value) -> Value {
    let nodes: Vec<(&str, Vec<&str>)> = row
        .get("nodes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|n| Some((n.get("id")?.as_str()?, words(n.get("depends_on")))))
        .collect();
    match layers(&nodes) {
        Ok(layers) => json!({"layers": layers}),
        Err(_) => json!({"error": "cycle"}),
    }
}
