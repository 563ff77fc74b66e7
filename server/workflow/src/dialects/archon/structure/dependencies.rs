//! R55 and R56: dependencies that do not exist, and cycles.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Problem, Scope, depends_on, id, suggest};

/// Checks one scope.
pub(super) fn check(scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    let mut unknown = false;
    for node in scope.nodes {
        for name in depends_on(node).filter(|d| !scope.nodes.iter().any(|n| id(n) == *d)) {
            unknown = true;
            let outside = scope.find(name).is_some();
            let message = if outside {
                format!("'{name}' is outside of the loop_group; let the group depend on it")
            } else {
                suggest(
                    format!("There is no node '{name}' to depend on"),
                    name,
                    scope.nodes.iter().map(id),
                )
            };
            let mut problem = scope.problem(
                "R55",
                "unknown-dependency",
                node,
                "depends_on",
                &[name],
                message,
            );
            problem.part = Some(name.to_owned());
            problems.push(problem);
        }
    }
    if unknown {
        return;
    }
    let left = left_over(scope.nodes);
    if !left.is_empty() {
        let message = format!(
            "These nodes wait for each other and never run: {}",
            left.join(", ")
        );
        problems.push(Problem {
            rule: "R56",
            name: "cycle",
            node: None,
            within: scope.within(),
            field: String::new(),
            part: None,
            mentions: left,
            message,
        });
    }
}

/// The nodes that are left when every node that can run has run, in file order.
fn left_over(nodes: &[Value]) -> Vec<String> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut left: Vec<&Value> = nodes.iter().collect();
    loop {
        let (ready, waiting): (Vec<&Value>, Vec<&Value>) = left
            .into_iter()
            .partition(|n| depends_on(n).all(|d| done.contains(d)));
        if ready.is_empty() {
            return waiting.iter().map(|n| id(n).to_owned()).collect();
        }
        done.extend(ready.iter().map(|n| id(n)));
        left = waiting;
    }
}
