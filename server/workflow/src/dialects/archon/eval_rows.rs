//! The conformance door for `includes`: a project of files in, the expanded graph of one workflow and every refused file
//! out.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::project::{Project, Refused};
use crate::memory::MemoryWorld;

/// What of a node stands in a row.
const SHOWN: &[&str] = &[
    "id",
    "kind",
    "depends_on",
    "when",
    "trigger_rule",
    "provider",
    "model",
    "context",
    "persist_session",
    "systemPrompt",
    "source",
    "script",
    "runtime",
    "message",
    "reason",
    "loop",
    "loop_group",
    "with",
    "workflow",
    "input",
    "fan_out",
];

/// Answers a row: its `expect`.
#[must_use]
pub fn includes(row: &Value) -> Value {
    let base = Path::new("/project");
    let mut world = MemoryWorld::new();
    for (path, text) in row
        .get("files")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        world.add_file(base.join(path), text.as_str().unwrap_or_default());
    }
    let root = row.get("root").and_then(Value::as_str).unwrap_or_default();
    let project = Project::at(&world, Some(base));
    let found = project.discover();
    let errors: Vec<Value> = found.errors.iter().map(refused).collect();
    let graph = if found.workflows.iter().any(|w| w == root) {
        project.expanded(root)
    } else {
        None
    };
    let Some(graph) = graph else {
        return json!({"root_ok": false, "errors": errors});
    };
    let mut out = json!({"root_ok": true, "errors": errors, "nodes": graph.nodes.iter().map(shown).collect::<Vec<_>>()});
    if let Some(returns) = graph.returns {
        out["returns"] = json!(returns);
    }
    if !graph.requires.is_empty() {
        out["requires"] = json!(graph.requires);
    }
    out["warnings"] = json!(project.warnings(root));
    out
}

fn refused(error: &Refused) -> Value {
    let kind = if error.rule == "R1" {
        "parse_error"
    } else {
        "validation_error"
    };
    let mut out = json!({"file": error.file, "type": kind, "rule": error.rule, "name": error.name});
    if let Some(node) = &error.node {
        out["node"] = json!(node);
    }
    let mut mentions = error.mentions.clone();
    // A row has the parts of the way round as the tool's message has them: before the first the words that lead there.
    if let Some(first) = mentions
        .first_mut()
        .filter(|_| error.name == "include-cycle")
    {
        let inner: String = error
            .within
            .iter()
            .map(|id| format!("Node '{id}': "))
            .collect();
        *first = format!("{inner}include cycle detected: {first}");
    }
    if !mentions.is_empty() {
        out["mentions"] = json!(mentions);
    }
    out
}

fn shown(node: &Value) -> Value {
    let mut out = Map::new();
    for key in SHOWN {
        let Some(value) = node.get(*key) else {
            continue;
        };
        let value = match *key {
            "loop_group" => {
                let mut group = value.clone();
                let body = value
                    .get("nodes")
                    .and_then(Value::as_array)
                    .map(|n| n.iter().map(shown).collect::<Vec<_>>());
                group["nodes"] = json!(body);
                group
            }
            _ => value.clone(),
        };
        out.insert((*key).to_owned(), value);
    }
    Value::Object(out)
}
