//! The rule on Archon's nodes: keys that load on every kind of node and do nothing on this one. What Archon's own log
//! calls ignored (R50, R52) is not said again.

use fermata_workflow::dag;
use fermata_workflow::edits;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Severity, Workflow};

use super::RULE;
use crate::nodes::{self, Nodes};
use crate::rule::Report;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let said: Vec<&str> = node.step.ignored.iter().map(|i| i.value).collect();
        let Some(mapping) = dag::mapping(nodes.tree, node.step) else {
            continue;
        };
        for entry in mapping.entries() {
            let Some(key) = entry.key_text().filter(|k| !said.contains(k)) else {
                continue;
            };
            let Some(instead) = without_effect(node.kind, key) else {
                continue;
            };
            let message = format!(
                "`{key}` does nothing on a `{}` node{instead}",
                node.kind.word()
            );
            let loc = nodes::at(entry.key.span());
            let mut diagnostic =
                nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
            if let Some(edit) = edits::remove_entry(nodes.tree, entry.key.span()) {
                diagnostic = diagnostic.fix(format!("Remove `{key}`"), vec![edit]);
            }
            report.add(diagnostic);
        }
        let raw = &node.settings.raw;
        for key in ["loop", "loop_group"] {
            let asks = nodes::is_set(raw, &[key, "interactive"]);
            let message = "`gate_message` is never shown: the loop is not interactive";
            let found = nodes.key(at, &[key, "gate_message"]).filter(|_| !asks);
            report.extend(
                found.map(|loc| {
                    nodes::finding(RULE.code, Severity::Warning, loc, node.step, message)
                }),
            );
        }
    }
}

/// What to do instead, for a key without effect on this kind.
fn without_effect(kind: &ArchonKind, key: &str) -> Option<&'static str> {
    let exec = matches!(kind, ArchonKind::Bash { .. } | ArchonKind::Script { .. });
    let script = matches!(kind, ArchonKind::Script { .. });
    match (key, kind) {
        ("timeout", ArchonKind::Prompt { .. } | ArchonKind::Command { .. }) => {
            Some("; an agent that falls silent is given up after `idle_timeout`")
        }
        ("timeout", _) if !exec => Some("; only `bash` and `script` nodes have a time limit"),
        ("runtime" | "deps", _) if !script => Some("; only `script` nodes have a runtime"),
        ("input", kind) if !matches!(kind, ArchonKind::Workflow { .. }) => {
            Some("; only a sub-run gets an invocation text")
        }
        ("provider" | "model", ArchonKind::Loop(_)) => {
            Some("; its agent runs with what the workflow says at its top")
        }
        ("model", ArchonKind::LoopGroup { .. }) => Some("; write it on the nodes of its body"),
        ("idle_timeout", _) if exec => Some("; programs are bounded by `timeout`"),
        _ => None,
    }
}
