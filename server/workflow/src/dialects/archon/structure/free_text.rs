//! R59: a condition that compares the whole free text of an agent with a literal; it is never equal in practice.

use fermata_expr::archon::atom::AtomRef;
use fermata_expr::archon::condition;
use serde_json::Value;

use super::{Problem, Scope, text};

/// Checks one node.
pub(super) fn check(scope: &Scope<'_>, node: &Value, problems: &mut Vec<Problem>) {
    let pieces = condition::parse(text(node, "when")).into_iter().flatten();
    for atom in pieces.filter_map(|p| p.atom) {
        let AtomRef::Node {
            node: name,
            field: None,
        } = &atom.reference
        else {
            continue;
        };
        if scope.find(name).is_some_and(is_free_text) {
            let message = format!(
                "'{name}' answers in free text, which equals no literal; give it an `output_format` and compare a field"
            );
            let mut problem =
                scope.problem("R59", "when-free-text", node, "when", &[name], message);
            let whole = atom.reference_span.start..atom.expected_span.end;
            problem.part = Some(text(node, "when")[whole].to_owned());
            problems.push(problem);
        }
    }
}

fn is_free_text(producer: &Value) -> bool {
    let declared = producer.get("output_format").is_some();
    match text(producer, "kind") {
        "agent" | "loop" => !declared,
        "loop_group" => true,
        _ => false,
    }
}
