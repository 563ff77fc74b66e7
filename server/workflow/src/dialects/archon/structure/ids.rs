//! R53 and R54: ids that repeat in a scope, or shadow one around it.

use std::collections::BTreeSet;

use super::{Problem, Scope, id};

/// Checks one scope.
pub(super) fn check(scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    let around = |name: &str| {
        let mut scopes = scope.around.iter();
        scopes.any(|(nodes, _)| nodes.iter().any(|n| id(n) == name))
    };
    for node in scope.nodes {
        let (rule, name, message) = if !seen.insert(id(node)) {
            let message = format!(
                "The id '{}' is taken by an earlier node; give this one another",
                id(node)
            );
            ("R53", "duplicate-id", message)
        } else if around(id(node)) {
            let message = format!(
                "The id '{}' is taken outside of the loop_group; give this node another",
                id(node)
            );
            ("R54", "body-id-shadows", message)
        } else {
            continue;
        };
        problems.push(scope.problem(rule, name, node, "id", &[id(node)], message));
    }
}
