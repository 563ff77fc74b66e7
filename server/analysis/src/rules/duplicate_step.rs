//! `duplicate-step`: two steps or groups have the same name.

use std::collections::HashMap;

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::StepKind;
use fermata_workflow::{Diagnostic, Severity, Step, Workflow};

use crate::rule::{CONDUCTOR, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "duplicate-step",
    dialects: CONDUCTOR,
    check,
};

fn check(_: &Loaded, workflow: &Workflow, report: &mut Report) {
    let mut first: HashMap<&str, &Step> = HashMap::new();
    for step in &workflow.steps {
        let name = step.name.as_str();
        let Some(before) = first.get(name) else {
            first.insert(name, step);
            continue;
        };
        let group = |s: &Step| matches!(s.kind, StepKind::Parallel(_) | StepKind::ForEach(_));
        let what = if group(step) == group(before) {
            "only the first of them ever runs"
        } else {
            "the group runs first, and then the step of that name decides where to go"
        };
        let message =
            format!("There are two steps called `{name}`: {what}; give one of them another name");
        report.add(
            Diagnostic::new(RULE.code, Severity::Warning, step.name.loc, message)
                .step(name)
                .related(before.name.loc, format!("the first `{name}`")),
        );
    }
}
