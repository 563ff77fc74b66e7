//! R61 and R62: what a fan-out or a binding reads must have run before.

use std::collections::BTreeSet;

use fermata_expr::archon::reference;
use serde_json::Value;

use super::{Problem, Scope, depends_on, id, references, text};

/// Everything a node waits for, directly or through others.
pub(super) fn of<'n>(nodes: &'n [Value], name: &str) -> BTreeSet<&'n str> {
    let mut found: BTreeSet<&'n str> = BTreeSet::new();
    let mut next: Vec<&'n str> = nodes
        .iter()
        .filter(|n| id(n) == name)
        .flat_map(depends_on)
        .collect();
    while let Some(name) = next.pop() {
        if found.insert(name) {
            next.extend(nodes.iter().filter(|n| id(n) == name).flat_map(depends_on));
        }
    }
    found
}

/// R61. The dialect looks at the first reference of a list, and at no list without one.
pub(super) fn items(scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    for node in scope.nodes {
        let items = node.get("fan_out").map_or("", |f| text(f, "items"));
        let Some(found) = reference::node_refs(items).into_iter().next() else {
            continue;
        };
        // A node that does not exist has been spoken of.
        let known = found.node == reference::INPUTS || scope.find(&found.node).is_some();
        if !known || of(scope.nodes, id(node)).contains(found.node.as_str()) {
            continue;
        }
        let problem = late(scope, node, "fan_out.items", &found.node);
        problems.push(problem("R61", "fan-out-items-not-upstream"));
    }
}

/// R62. What stands around a loop_group has its result before the group starts, or none at all.
pub(super) fn bindings(scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    for node in scope.nodes {
        let command = node
            .get("source")
            .is_some_and(|s| text(s, "kind") == "command");
        if !command && text(node, "kind") != "exec" {
            continue;
        }
        let mut before = None;
        for mention in references::mentions(node) {
            if !mention.field.starts_with("with.") {
                continue;
            }
            for found in reference::node_refs(mention.text) {
                let name = found.node.as_str();
                let before = before.get_or_insert_with(|| of(scope.nodes, id(node)));
                if scope.nodes.iter().any(|n| id(n) == name) && !before.contains(name) {
                    let problem = late(scope, node, &mention.field, name);
                    problems.push(problem("R62", "binding-not-upstream"));
                }
            }
        }
    }
}

fn late(
    scope: &Scope<'_>,
    node: &Value,
    field: &str,
    name: &str,
) -> impl FnOnce(&'static str, &'static str) -> Problem {
    let message = format!("'{name}' has not run before this node; depend on it");
    move |rule, code| scope.problem(rule, code, node, field, &[name], message)
}
