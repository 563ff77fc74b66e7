//! `unused-input`: a declared input of the workflow is never read.

mod archon;

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::StepKind;
use fermata_workflow::{Diagnostic, Dialect, Severity, Workflow};

use crate::rule::{BOTH, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "unused-input",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    let texts = report.texts();
    // A sub-workflow without a mapping gets every input.
    let hands_on = workflow.steps.iter().any(|step| {
        let own = if let StepKind::ForEach(each) = &step.kind {
            &each.agent
        } else {
            step
        };
        matches!(&own.kind, StepKind::SubWorkflow(sub) if sub.input_mapping.is_none())
    });
    let unread = texts.all.iter().any(|r| r.error.is_some());
    let whole = texts.read_paths().any(|(_, path)| {
        path[0] == "workflow" && (path.len() == 1 || (path.len() == 2 && path[1] == "input"))
    });
    let method = texts.all.iter().flat_map(|r| &r.uses).any(|u| {
        u.written.called
            && u.path.starts_with(&["workflow".into(), "input".into()])
            && u.path.len() == 3
    });
    if hands_on || unread || whole || method || texts.includes {
        return;
    }
    for input in workflow.inputs.values() {
        let name = input.name.as_str();
        let read = texts.read_paths().any(|(_, path)| matches!(path, [root, part, input, ..] if root == "workflow" && part == "input" && input == name));
        // Read by its bare name, which is another rule's to say.
        let bare = texts.read_paths().any(|(_, path)| path[0] == name);
        if !read && !bare && !named(loaded, name) {
            let message = format!(
                "The input `{name}` is never read; a template reads it as `{{{{ workflow.input.{name} }}}}`"
            );
            report.add(Diagnostic::new(
                RULE.code,
                Severity::Warning,
                input.name.loc,
                message,
            ));
        }
    }
}

/// Whether some text speaks of the input in a place that no rule follows: what
/// a provider renders, an included prompt, a comment.
fn named(loaded: &Loaded, name: &str) -> bool {
    let forms = [
        format!("input.{name}"),
        format!("input[\"{name}\"]"),
        format!("input['{name}']"),
        format!("input_{name}"),
    ];
    loaded.sources.iter().any(|(_, source)| {
        forms
            .iter()
            .any(|form| source.tree.text().contains(form.as_str()))
    })
}
