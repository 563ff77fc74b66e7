//! R53 and R54: ids that repeat in a scope, or shadow one around it.

use std::collections::BTreeSet;

use super::{Problem, Scope, id};

/// Checks one scope.
pub(super) fn check(scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for node in scope.nodes {
        if !seen.insert(id(node)) {
            let message = format!(
                "The id '{}' is taken by an earlier node; give this one another",
                id(node)
            );
            problems.push(scope.problem("R53", "duplicate-id", node, "id", &[id(node)], message));
        }
    }
    for node in scope.nodes {
        let taken = scope
            .around
            .iter()
            .any(|(nodes, _)| nodes.iter().any(|n| id(n) == id(node)));
        if taken {
            let message = format!(
                "The id '{}' is taken outside of the loop_group; give this node another",
                id(node)
            );
            problems.push(scope.problem(
                "R54",
                "body-id-shadows",
                node,
                "id",
                &[id(node)],
                message,
            ));
        }
    }
}
