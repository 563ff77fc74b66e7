//! The rule on Archon's loops: one iteration only, where something is meant for the next one.

use fermata_workflow::loader::Loaded;
use fermata_workflow::{Edit, Severity, Workflow};

use super::RULE;
use crate::nodes::{self, Nodes};
use crate::rule::Report;
use crate::signals;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for found in signals::loops(loaded, &nodes) {
        if found.raw.get("max_iterations").and_then(|n| n.as_u64()) != Some(1) {
            continue;
        }
        let asks = nodes::is_set(&found.raw, &["interactive"]);
        let carries = found.texts.iter().any(|t| t.contains("$LOOP_PREV"));
        let why = if asks {
            "what a person answers after it can change nothing, and without the signal the node fails"
        } else if carries {
            "there is no iteration before it that `$LOOP_PREV` could speak of"
        } else {
            continue;
        };
        let Some(loc) = nodes.place(found.node, &[found.key, "max_iterations"]) else {
            continue;
        };
        let step = nodes.dag.nodes[found.node].step;
        let message = format!("One iteration is no loop: {why}; allow more");
        let edit = Edit {
            span: loc.span,
            text: "3".to_owned(),
        };
        report.add(
            nodes::finding(RULE.code, Severity::Warning, loc, step, message)
                .fix("Allow 3 iterations", vec![edit]),
        );
    }
}
