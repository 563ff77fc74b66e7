//! `missing-workflow-input`: a text reads a workflow input that is not declared, where the dialect's own check does not look.

use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Severity, Workflow};

use super::unknown_template_name::{exact, of_step};
use crate::rule::{CONDUCTOR, Report, Rule};
use crate::suggest;
use crate::texts::Form;

pub(super) const RULE: Rule = Rule {
    code: "missing-workflow-input",
    dialects: CONDUCTOR,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    // A workflow that declares nothing may be meant to take what it is given.
    let severity = if workflow.inputs.is_empty() {
        Severity::Information
    } else {
        Severity::Warning
    };
    let mut found: Vec<(String, Diagnostic)> = Vec::new();
    for read in report.texts().everywhere() {
        for used in &read.uses {
            let [root, part, name, ..] = used.path.as_slice() else {
                continue;
            };
            let method = used.written.called && used.path.len() == 3;
            let guarded =
                used.written.defined_test || used.written.default || read.asks_for(&used.path);
            let input = root == "workflow" && part == "input" && used.form != Form::Dotted;
            if !input || method || guarded || workflow.inputs.contains_key(name) {
                continue;
            }
            let loc = loaded.sources.locate(&read.text, used.spans[2].clone());
            if let Some((_, first)) = found.iter_mut().find(|(n, _)| n == name) {
                *first = first
                    .clone()
                    .related(loc, format!("`{name}` is read here too"));
                continue;
            }
            let message = format!(
                "The workflow input `{name}` is read here and not declared under `workflow.input`, so nobody is asked for it"
            );
            let diagnostic = of_step(
                Diagnostic::new(RULE.code, severity, loc, message),
                workflow,
                read,
            );
            found.push((
                name.clone(),
                suggest::name(
                    diagnostic,
                    name,
                    workflow.inputs.keys().map(String::as_str),
                    exact(read),
                ),
            ));
        }
    }
    found
        .into_iter()
        .for_each(|(_, diagnostic)| report.add(diagnostic));
}
