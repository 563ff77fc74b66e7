//! `feedback-not-carried`: every iteration of a loop starts in a fresh session and is not told what the last one came to.

use fermata_workflow::loader::Loaded;
use fermata_workflow::{Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};
use crate::signals;

pub(super) const RULE: Rule = Rule {
    code: "feedback-not-carried",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for found in signals::loops(loaded, &nodes) {
        let carried = found.texts.iter().any(|t| t.contains("$LOOP_PREV"));
        let once = found
            .raw
            .get("max_iterations")
            .and_then(serde_json::Value::as_u64)
            == Some(1);
        if !nodes::is_set(&found.raw, &["fresh_context"]) || carried || once || !found.whole {
            continue;
        }
        let by_files = found.texts.iter().any(|t| signals::names_files(t));
        let (severity, tail) = if by_files {
            (
                Severity::Information,
                "; what it needs must be in the files that its text names",
            )
        } else {
            (
                Severity::Warning,
                "; read `$LOOP_PREV_OUTPUT` in its text, or keep the session",
            )
        };
        let tail = if found.key == "loop_group" {
            tail.replace("$LOOP_PREV_OUTPUT", "$LOOP_PREV.<node>.output")
        } else {
            tail.to_owned()
        };
        let node = nodes.dag.nodes[found.node].step;
        let message = format!(
            "Each iteration starts blind: a fresh session, told nothing of the one before{tail}"
        );
        let Some(loc) = nodes.key(found.node, &[found.key, "fresh_context"]) else {
            continue;
        };
        let mut diagnostic = nodes::finding(RULE.code, severity, loc, node, message);
        let prompt = nodes
            .texts(found.node)
            .into_iter()
            .find(|t| t.field == "loop.prompt");
        let line = "What the iteration before came to: $LOOP_PREV_OUTPUT";
        if let Some(edit) = prompt.and_then(|t| nodes::add_line(nodes.tree, &t, line)) {
            diagnostic = diagnostic.fix("Hand the last output on", vec![edit]);
        }
        report.add(diagnostic);
    }
}
