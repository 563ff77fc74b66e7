//! R55 and R56: dependencies that do not exist, and cycles. Also the layers in which nodes run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Problem, Scope, depends_on, id, suggest};

/// The nodes that are left when no more can run; in file order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these nodes wait for each other: {}", .left.join(", "))]
pub struct Cycle {
    /// Their ids.
    pub left: Vec<String>,
}

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
    if let Err(cycle) = layers(scope.nodes) {
        let mentions = cycle.left.clone();
        let message = format!(
            "These nodes wait for each other and never run: {}",
            cycle.left.join(", ")
        );
        let within = scope.within();
        problems.push(Problem {
            rule: "R56",
            name: "cycle",
            node: None,
            within,
            field: String::new(),
            part: None,
            mentions,
            message,
        });
    }
}

/// The layers of a graph: in each the nodes whose dependencies are all in earlier ones, in file order. A dependency that
/// does not exist is never met.
///
/// # Errors
/// When nodes are left over.
pub fn layers(nodes: &[Value]) -> Result<Vec<Vec<String>>, Cycle> {
    let mut layer_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut layers: Vec<Vec<String>> = Vec::new();
    let mut left: Vec<&Value> = nodes.iter().collect();
    while !left.is_empty() {
        let (ready, rest): (Vec<&Value>, Vec<&Value>) = left
            .iter()
            .partition(|n| depends_on(n).all(|d| layer_of.contains_key(d)));
        if ready.is_empty() {
            return Err(Cycle {
                left: rest.iter().map(|n| id(n).to_owned()).collect(),
            });
        }
        for node in &ready {
            layer_of.insert(id(node), layers.len());
        }
        layers.push(ready.iter().map(|n| id(n).to_owned()).collect());
        left = rest;
    }
    Ok(layers)
}
