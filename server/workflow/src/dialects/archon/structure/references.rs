//! R57 and R58: references to nodes that do not exist, in every text of a node. Also which texts a node has.

use fermata_expr::archon::reference;
use serde_json::Value;

use super::{Problem, Scope, body, id, suggest, text};

/// A text of a node that may hold references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention<'v> {
    /// Where it is written, with dots.
    pub field: String,
    /// The text.
    pub text: &'v str,
}

/// Checks one node.
pub(super) fn check(scope: &Scope<'_>, node: &Value, problems: &mut Vec<Problem>) {
    for mention in mentions(node) {
        let inside = if mention.field == "loop_group.until_bash" {
            body(node).unwrap_or_default()
        } else {
            &[]
        };
        for found in reference::node_refs(mention.text) {
            let name = found.node.as_str();
            let known = name == reference::INPUTS
                || scope.find(name).is_some()
                || inside.iter().any(|n| id(n) == name);
            if !known {
                let message = suggest(
                    format!("'{}' names no node", &mention.text[found.span.clone()]),
                    name,
                    scope.visible(),
                );
                let mut problem = scope.problem(
                    "R57",
                    "ref-unknown-node",
                    node,
                    &mention.field,
                    &[name],
                    message,
                );
                problem.part = Some(mention.text[found.span.clone()].to_owned());
                problems.push(problem);
            }
        }
    }
    for found in reference::dotted_refs(text(node, "when")) {
        let name = found.node.as_str();
        if name != reference::INPUTS && scope.find(name).is_none() {
            let message = suggest(
                format!("The condition names '{name}', which is no node"),
                name,
                scope.visible(),
            );
            let mut problem =
                scope.problem("R58", "when-unknown-node", node, "when", &[name], message);
            problem.part = Some(text(node, "when")[found.span.clone()].to_owned());
            problems.push(problem);
        }
    }
}

/// Every text of a node that may hold references, `when` not among them.
#[must_use]
pub fn mentions(node: &Value) -> Vec<Mention<'_>> {
    let mut all: Vec<Mention<'_>> = Vec::new();
    let source = node.get("source");
    let at = |path: &[&str]| {
        path.iter()
            .try_fold(node, |v, key| v.get(*key))
            .and_then(Value::as_str)
    };
    let script = if at(&["runtime"]) == Some("sh") {
        "bash"
    } else {
        "script"
    };
    let plain: &[(&str, &[&str])] = &[
        ("prompt", &["source", "prompt"]),
        ("systemPrompt", &["systemPrompt"]),
        (script, &["script"]),
        ("input", &["input"]),
        ("fan_out.items", &["fan_out", "items"]),
        ("cancel", &["reason"]),
        ("approval.message", &["message"]),
        ("loop.prompt", &["loop", "prompt"]),
        ("loop.until_bash", &["loop", "until_bash"]),
        ("loop_group.until_bash", &["loop_group", "until_bash"]),
    ];
    all.extend(plain.iter().filter_map(|(field, path)| {
        Some(Mention {
            field: (*field).to_owned(),
            text: at(path)?,
        })
    }));
    for (name, agent) in node
        .get("agents")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        for key in ["description", "prompt"] {
            if let Some(text) = agent.get(key).and_then(Value::as_str) {
                all.push(Mention {
                    field: format!("agents.{name}.{key}"),
                    text,
                });
            }
        }
    }
    // What an include hands over is looked at where it arrives, in the included nodes.
    let with = node
        .get("with")
        .filter(|_| node.get("include").is_none())
        .or_else(|| source?.get("with"));
    let binds = source.is_some() || node.get("script").is_some();
    for (name, value) in with.and_then(Value::as_object).into_iter().flatten() {
        // Of other values only a binding's directive is a reference; maps and lists are data.
        let text = value
            .as_str()
            .or_else(|| value.get("from").filter(|_| binds)?.as_str());
        if let Some(text) = text {
            all.push(Mention {
                field: format!("with.{name}"),
                text,
            });
        }
    }
    for decision in node
        .get("decisions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(text) = decision
            .get("rework")
            .and_then(|r| r.get("prompt"))
            .and_then(Value::as_str)
        {
            all.push(Mention {
                field: "approval.on_reject.prompt".to_owned(),
                text,
            });
        }
    }
    all
}
