//! Ids of an included workflow get the include's id in front, and everything that names them follows.

use fermata_expr::archon::reference::{self, NodeRef};
use serde_json::{Value, json};

use super::super::structure::id;
use super::Graph;

/// Puts `include__` in front of the ids of a graph.
pub(super) fn prefix(child: &mut Graph, include: &str) {
    let ids: Vec<String> = child.nodes.iter().map(|n| id(n).to_owned()).collect();
    let new = |name: &str| {
        ids.iter()
            .any(|i| i == name)
            .then(|| format!("{include}__{name}"))
    };
    for node in &mut child.nodes {
        names(node, &|name| new(name).map(|n| vec![n]), &new);
        let own = format!("{include}__{}", id(node));
        node["id"] = json!(own);
        for mark in node
            .get_mut("composed")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            mark["id"] = json!(format!("{include}__{}", id(mark)));
        }
    }
    child.returns = child.returns.take().map(|r| new(&r).unwrap_or(r));
}

/// Uses of an include node by its neighbours: dependencies go to all its ends, references to its result.
pub(super) fn include_uses(node: &mut Value, include: &str, sinks: &[String], result: &str) {
    let dependency = |name: &str| (name == include).then(|| sinks.to_vec());
    let reference = |name: &str| (name == include).then(|| result.to_owned());
    names(node, &dependency, &reference);
}

/// Replaces names in a node and in its body.
fn names(
    node: &mut Value,
    dependency: &dyn Fn(&str) -> Option<Vec<String>>,
    new: &dyn Fn(&str) -> Option<String>,
) {
    let Some(map) = node.as_object_mut() else {
        return;
    };
    for (key, value) in map.iter_mut() {
        match key.as_str() {
            "id" | "kind" | "output_format" | "trigger_rule" | "include" => {}
            "depends_on" => *value = dependencies(value, dependency),
            "when" => {
                if let Value::String(text) = value {
                    *text = replaced(text, reference::dotted_refs(text), new);
                }
            }
            "context" => {
                if let Some(Value::String(target)) = value.get_mut("resume")
                    && let Some(name) = new(target)
                {
                    *target = name;
                }
            }
            "composed" => marks(value, dependency, new),
            "loop_group" => {
                if let Some(Value::Array(body)) = value.get_mut("nodes") {
                    for node in body.iter_mut() {
                        names(node, &|_| None, new);
                    }
                }
                for (key, value) in value.as_object_mut().into_iter().flatten() {
                    if key != "nodes" {
                        texts(value, new);
                    }
                }
            }
            _ => texts(value, new),
        }
    }
}

fn dependencies(value: &Value, dependency: &dyn Fn(&str) -> Option<Vec<String>>) -> Value {
    let mut all: Vec<String> = Vec::new();
    for name in value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        for name in dependency(name).unwrap_or_else(|| vec![name.to_owned()]) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    json!(all)
}

fn marks(
    value: &mut Value,
    dependency: &dyn Fn(&str) -> Option<Vec<String>>,
    new: &dyn Fn(&str) -> Option<String>,
) {
    for mark in value.as_array_mut().into_iter().flatten() {
        mark["depends_on"] = dependencies(&mark["depends_on"], dependency);
        if let Some(when) = mark.get("when").and_then(Value::as_str) {
            let when = replaced(when, reference::dotted_refs(when), new);
            mark["when"] = json!(when);
        }
    }
}

fn texts(value: &mut Value, new: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            let plain = replaced(text, reference::node_refs(text), new);
            *text = replaced(&plain, reference::loop_prev_refs(&plain), new);
        }
        Value::Array(items) => items.iter_mut().for_each(|v| texts(v, new)),
        Value::Object(map) => map.iter_mut().for_each(|(_, v)| texts(v, new)),
        _ => {}
    }
}

fn replaced(text: &str, refs: Vec<NodeRef>, new: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for found in refs {
        if let Some(name) = new(&found.node) {
            out.push_str(&text[from..found.node_span.start]);
            out.push_str(&name);
            from = found.node_span.end;
        }
    }
    out.push_str(&text[from..]);
    out
}
