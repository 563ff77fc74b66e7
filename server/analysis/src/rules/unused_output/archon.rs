//! The rule on Archon's agents: an `output_format` that nothing reads.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Severity, Workflow};

use super::RULE;
use crate::judged;
use crate::nodes::{self, Nodes};
use crate::rule::Report;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    let returned = workflow.archon.as_ref().and_then(|a| a.returns.as_ref());
    let commands = loaded.surroundings.command_texts.values();
    let texts: Vec<&str> = commands
        .map(String::as_str)
        .chain([nodes.tree.text()])
        .collect();
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let name = node.step.name.trim();
        let waits = |n: &fermata_workflow::dag::DagNode<'_>| {
            n.settings.depends_on.iter().any(|d| d.as_str() == name)
        };
        // What nobody waits for is the result, and may be wanted for the record; so may what is written to a file.
        let last = !nodes.dag.list(node.group).any(|(_, n)| waits(n));
        let kept = node.settings.raw.get("output_type").is_some();
        let ends = match node.kind {
            ArchonKind::Loop(inner) => inner.raw.get("until_field").is_some(),
            _ => false,
        };
        let returns = returned.is_some_and(|r| r.trim() == name);
        let forms = [format!("${name}."), format!("$LOOP_PREV.{name}.")];
        let read = texts
            .iter()
            .any(|t| forms.iter().any(|form| t.contains(form.as_str())));
        if !judged::is_agent(&nodes, at) || last || kept || ends || returns || read {
            continue;
        }
        let Some(loc) = nodes.key(at, &["output_format"]) else {
            continue;
        };
        let message =
            format!("`{name}` must answer in this form, and nothing reads `${name}.output`");
        report.add(nodes::finding(
            RULE.code,
            Severity::Information,
            loc,
            node.step,
            message,
        ));
    }
}
