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

/// Checks one scope.
pub(super) fn check(scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    for node in scope.nodes {
        let command = node
            .get("source")
            .is_some_and(|s| text(s, "kind") == "command");
        let script = text(node, "kind") == "exec";
        let reads: Vec<_> = references::mentions(node)
            .into_iter()
            .filter(|m| {
                m.field == "fan_out.items" || ((command || script) && m.field.starts_with("with."))
            })
            .flat_map(|m| {
                reference::node_refs(m.text)
                    .into_iter()
                    .map(move |r| (m.field.clone(), r.node))
            })
            .collect();
        if reads.is_empty() {
            continue;
        }
        let before = reachable(scope, id(node));
        for (field, name) in reads
            .into_iter()
            .filter(|(_, n)| scope.find(n).is_some() && !before.contains(n.as_str()))
        {
            let (rule, code) = if field == "fan_out.items" {
                ("R61", "fan-out-items-not-upstream")
            } else {
                ("R62", "binding-not-upstream")
            };
            let message = format!("'{name}' has not run before this node; depend on it");
            problems.push(scope.problem(rule, code, node, &field, &[&name], message));
        }
    }
}

/// What has run before a node of a scope: its own upstream, and that of every group around it.
fn reachable<'n>(scope: &Scope<'n>, name: &str) -> BTreeSet<&'n str> {
    let mut all = of(scope.nodes, name);
    for (nodes, group) in &scope.around {
        all.extend(of(nodes, group));
    }
    all
}
