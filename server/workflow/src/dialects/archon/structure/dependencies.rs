//! R55 and R56: dependencies that do not exist, and cycles.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Problem, Scope, depends_on, id, suggest};

/// Checks one scope.
pub(super) fn check(scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    let mut unknown = false;
    let known: HashSet<&str> = scope.nodes.iter().map(id).collect();
    for node in scope.nodes {
        for name in depends_on(node).filter(|name| !known.contains(name)) {
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
    let mut open: Vec<usize> = nodes.iter().map(|n| depends_on(n).count()).collect();
    let mut waiting: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for name in depends_on(node) {
            waiting.entry(name).or_default().push(at);
        }
    }
    let mut ready: Vec<usize> = (0..nodes.len()).filter(|at| open[*at] == 0).collect();
    while let Some(done) = ready.pop() {
        // Of two nodes with one id, the first to end sets free who waits for it.
        for at in waiting.remove(id(&nodes[done])).unwrap_or_default() {
            open[at] -= 1;
            if open[at] == 0 {
                ready.push(at);
            }
        }
    }
    let left = nodes.iter().zip(&open).filter(|(_, open)| **open > 0);
    left.map(|(node, _)| id(node).to_owned()).collect()
}
