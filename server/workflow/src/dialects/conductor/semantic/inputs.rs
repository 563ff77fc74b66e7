//! Entries of `input` lists: V6 (form), V7 (steps), V8 (groups), V9 (workflow inputs).

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Text;

use super::super::findings::Findings;
use super::super::references::{InputReference, Name, input_reference};
use super::view::{StepView, View, suggest};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    for step in &view.steps {
        for (index, entry) in step.map.list("input").iter().enumerate() {
            if let Some(text) = entry.text() {
                self::entry(view, step, index, text, findings);
            }
        }
    }
}

fn entry(view: &View<'_>, step: &StepView<'_>, index: usize, text: &Text, findings: &mut Findings) {
    let path = format!("{}.input.{index}", step.path);
    let Some((reference, optional)) = input_reference(&text.value) else {
        let mut message = format!(
            "`{}` in the `input` of `{}` is no reference; write `step.output`, `step.output.field`, `group.outputs` or `workflow.input.name`, with `?` at the end when it may be missing",
            text.value, step.name
        );
        if text.value.contains('-') {
            message.push_str("; names with `-` cannot be referenced here");
        }
        let mut diagnostic = step.diagnostic("input-reference", "V6", text.loc, message);
        diagnostic.path = Some(path);
        return findings.semantic(diagnostic);
    };
    let mut report = |code, rule, name: &Name, what: String, names: Vec<&str>| {
        let loc = view.part(text, name.range.clone());
        let mut diagnostic: Diagnostic = step.diagnostic(code, rule, loc, what);
        if optional {
            diagnostic.severity = Severity::Warning;
        }
        diagnostic.path = Some(path.clone());
        let exact = text.node.is_some() && !text.substituted;
        findings.semantic(suggest(diagnostic, &name.name, names, exact));
    };
    match &reference {
        InputReference::Step { step: name, .. } if !view.is_step(&name.name) => {
            let what = if view.is_group(&name.name) {
                format!(
                    "`{}` in the `input` of `{}` is a group; write `{}.outputs`",
                    name.name, step.name, name.name
                )
            } else {
                format!(
                    "The `input` of `{}` refers to `{}`, and there is no such step",
                    step.name, name.name
                )
            };
            report(
                "unknown-input-step",
                "V7",
                name,
                what,
                view.steps.iter().map(|s| s.name).collect(),
            );
        }
        InputReference::Group { group, .. } if !view.is_group(&group.name) => {
            let what = format!(
                "The `input` of `{}` refers to `{}`, and there is no such group",
                step.name, group.name
            );
            let names = view
                .parallel
                .iter()
                .chain(&view.each)
                .map(|g| g.name)
                .collect();
            report("unknown-input-group", "V8", group, what, names);
        }
        InputReference::Input { input } if !view.inputs().contains(&input.name.as_str()) => {
            let what = format!(
                "The `input` of `{}` refers to the workflow input `{}`, which is not declared under `workflow.input`",
                step.name, input.name
            );
            report("undeclared-input", "V9", input, what, view.inputs());
        }
        _ => {}
    }
}
