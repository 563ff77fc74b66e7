//! R60: `context.resume` must name an agent or loop that has run before.

use serde_json::Value;

use super::{Problem, Scope, id, suggest, text, upstream};

/// Checks one scope.
pub(super) fn check(scope: &Scope<'_>, problems: &mut Vec<Problem>) {
    const FIELD: &str = "context.resume";
    for node in scope.nodes {
        let Some(target) = node
            .get("context")
            .and_then(|c| c.get("resume"))
            .and_then(Value::as_str)
            .map(str::trim)
        else {
            continue;
        };
        if !scope.around.is_empty() {
            let message =
                "A node inside a loop_group cannot go on with another node's session".to_owned();
            problems.push(scope.problem(
                "R60",
                "context-resume-in-body",
                node,
                FIELD,
                &[],
                message,
            ));
            continue;
        }
        let Some(producer) = scope.nodes.iter().find(|n| id(n) == target) else {
            let message = suggest(
                format!("There is no node '{target}' whose session could go on"),
                target,
                scope.nodes.iter().map(id),
            );
            problems.push(scope.problem(
                "R60",
                "context-resume-unknown",
                node,
                FIELD,
                &[target],
                message,
            ));
            continue;
        };
        if !matches!(text(producer, "kind"), "agent" | "loop") {
            let message = format!("'{target}' has no session; only agents and loops do");
            problems.push(scope.problem(
                "R60",
                "context-resume-source-kind",
                node,
                FIELD,
                &[target],
                message,
            ));
        } else if !upstream::of(scope.nodes, id(node)).contains(target) {
            let message = format!("'{target}' has not run before this node; depend on it");
            problems.push(scope.problem(
                "R60",
                "context-resume-not-upstream",
                node,
                FIELD,
                &[target],
                message,
            ));
        }
    }
}
