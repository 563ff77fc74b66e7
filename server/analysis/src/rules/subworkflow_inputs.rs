//! `subworkflow-inputs`: a sub-workflow does not get an input that it requires, or gets one that it does not have.

mod archon;

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{StepKind, SubWorkflowStep};
use fermata_workflow::{Diagnostic, Dialect, Loc, Severity, Step, Workflow};

use crate::rule::{BOTH, Report, Rule};
use crate::{places, suggest};

pub(super) const RULE: Rule = Rule {
    code: "subworkflow-inputs",
    dialects: BOTH,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    if workflow.dialect == Dialect::Archon {
        return archon::check(loaded, workflow, report);
    }
    for step in &workflow.steps {
        let own = match &step.kind {
            StepKind::ForEach(each) => &each.agent,
            _ => step,
        };
        if let StepKind::SubWorkflow(sub) = &own.kind {
            let child = loaded.children.iter().find(|c| c.step == own.name.as_str());
            if let Some(child) = child.and_then(|c| c.loaded.workflow.as_ref()) {
                compare(loaded, workflow, own, sub, child, report);
            }
        }
    }
}

fn compare(
    loaded: &Loaded,
    workflow: &Workflow,
    step: &Step,
    sub: &SubWorkflowStep,
    child: &Workflow,
    report: &mut Report,
) {
    let name = step.name.as_str();
    let given: Vec<&str> = match &sub.input_mapping {
        Some(mapping) => mapping.keys().map(String::as_str).collect(),
        None => workflow.inputs.keys().map(String::as_str).collect(),
    };
    let missing: Vec<&str> = child
        .inputs
        .values()
        .filter(|i| i.required && i.default.is_none() && !given.contains(&i.name.as_str()))
        .map(|i| i.name.as_str())
        .collect();
    if !missing.is_empty() {
        let list = missing
            .iter()
            .map(|m| format!("`{m}`"))
            .collect::<Vec<_>>()
            .join(", ");
        let (loc, how) = match &sub.input_mapping {
            Some(_) => (
                places::key(&loaded.sources, step.loc, "input_mapping"),
                "`input_mapping` does not give",
            ),
            None => (
                sub.workflow.loc,
                "without `input_mapping` it gets this workflow's own inputs, which do not have",
            ),
        };
        let message = format!(
            "The sub-workflow of `{name}` requires {list}; {how} {}",
            if missing.len() == 1 { "it" } else { "them" }
        );
        report.add(Diagnostic::new(RULE.code, Severity::Warning, loc, message).step(name));
    }
    // A workflow that declares nothing may read whatever it is given.
    if child.inputs.is_empty() {
        return;
    }
    let keys = places::entry(&loaded.sources, step.loc, "input_mapping")
        .and_then(|e| e.value.as_mapping());
    for entry in keys.iter().flat_map(|m| m.entries()) {
        let Some(key) = entry
            .key_text()
            .filter(|k| *k != "<<" && !child.inputs.contains_key(*k))
        else {
            continue;
        };
        let loc = Loc {
            file: step.loc.file,
            span: entry.key.span(),
        };
        let message = format!("The sub-workflow of `{name}` has no input `{key}`");
        let free = child
            .inputs
            .keys()
            .map(String::as_str)
            .filter(|i| !given.contains(i));
        report.add(suggest::name(
            Diagnostic::new(RULE.code, Severity::Warning, loc, message).step(name),
            key,
            free,
            true,
        ));
    }
}
