//! `subworkflow-target`: a sub-run of a workflow that is not there. Archon looks for it when the node starts.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{FileId, Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};
use crate::suggest;

pub(super) const RULE: Rule = Rule {
    code: "subworkflow-target",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    let known = &loaded.surroundings.workflows;
    // A file outside of a project has no neighbours to compare with.
    let inside = loaded.sources.get(FileId::ROOT).is_some_and(|file| {
        file.path
            .ancestors()
            .any(|a| a.ends_with(".archon/workflows"))
    });
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let ArchonKind::Workflow {
            workflow: target, ..
        } = node.kind
        else {
            continue;
        };
        let name = target.trim();
        if !inside || known.contains_key(name) || name.contains('$') {
            continue;
        }
        let message = format!(
            "There is no sound workflow `{name}` in this project or of the user; unless it comes with Archon, the node fails"
        );
        let loc = nodes.place(at, &["workflow"]).unwrap_or(target.loc);
        let diagnostic = nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
        let names = known.keys().map(String::as_str);
        report.add(suggest::name(diagnostic, name, names, true));
    }
}
