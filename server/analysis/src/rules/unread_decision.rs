//! `unread-decision`: an approval offers decisions, and nothing reads which one was taken: all have the same effect.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{FileId, Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "unread-decision",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let (Some(nodes), Some(source)) = (
        Nodes::new(loaded, workflow),
        loaded.sources.get(FileId::ROOT),
    ) else {
        return;
    };
    let returned = workflow.archon.as_ref().and_then(|a| a.returns.as_ref());
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let ArchonKind::Approval { raw, .. } = node.kind else {
            continue;
        };
        let several = nodes::value(raw, &["decisions"])
            .and_then(|d| d.as_array())
            .is_some_and(|d| d.len() > 1);
        let name = node.step.name.trim();
        // Command files and programs may read it too.
        let read = source.tree.text().contains(&format!("${name}."))
            || loaded
                .surroundings
                .command_texts
                .values()
                .any(|t| t.contains(&format!("${name}.output")))
            || returned.is_some_and(|r| r.trim() == name);
        if !several || read {
            continue;
        }
        let Some(loc) = nodes.key(at, &["approval", "decisions"]) else {
            continue;
        };
        let message = format!(
            "Whatever is decided, the run goes on in the same way: nothing reads `${name}.output.decision`; give the nodes behind it a `when`"
        );
        report.add(nodes::finding(
            RULE.code,
            Severity::Warning,
            loc,
            node.step,
            message,
        ));
    }
}
