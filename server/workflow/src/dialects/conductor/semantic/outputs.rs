//! The workflow's `output` templates: V25 (by regular expression) and V30 (by
//! syntax tree). The dialect reports an unknown step under both numbers; so do
//! we, word for word, so that whoever shows them to people can show one.

use crate::source::Text;

use super::super::findings::Findings;
use super::super::references::{chains, output_names};
use super::templates::{Problem, problem};
use super::view::{View, suggest};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let Some(outputs) = view.root.map("output") else {
        return;
    };
    for (key, value) in outputs.iter() {
        let Some(text) = value.text() else { continue };
        let path = format!("output.{}", key.value);
        let unknown: Vec<_> = output_names(&text.value)
            .into_iter()
            .filter(|n| !view.is_known(&n.name))
            .collect();
        for name in &unknown {
            let what = format!(
                "The output `{}` reads `{}`, and there is no such step or group",
                key.value, name.name
            );
            report(
                view,
                text,
                name.range.clone(),
                &path,
                "V25",
                "unknown-output-step",
                what,
                Some(&name.name),
                findings,
            );
        }
        for chain in chains(&text.value) {
            let Some((found, at)) = problem(view, &chain, &[]) else {
                continue;
            };
            let range = at.range.clone();
            match found {
                Problem::Step => {
                    // Where the regular expression saw nothing, the dialect's first message is this one.
                    let rule = if unknown.iter().any(|n| n.range == range) {
                        "V30"
                    } else {
                        "V25"
                    };
                    let what = format!(
                        "The output `{}` reads `{}`, and there is no such step or group",
                        key.value, at.name
                    );
                    report(
                        view,
                        text,
                        range,
                        &path,
                        rule,
                        "unknown-output-step",
                        what,
                        Some(&at.name),
                        findings,
                    );
                }
                Problem::Input => {
                    let what = format!(
                        "The output `{}` reads the workflow input `{}`, which is not declared",
                        key.value, at.name
                    );
                    report(
                        view,
                        text,
                        range,
                        &path,
                        "V30",
                        "undeclared-input",
                        what,
                        None,
                        findings,
                    );
                }
            }
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn report(
    view: &View<'_>,
    text: &Text,
    range: std::ops::Range<usize>,
    path: &str,
    rule: &'static str,
    code: &'static str,
    what: String,
    step: Option<&str>,
    findings: &mut Findings,
) {
    let mut diagnostic = crate::diagnostic::Diagnostic::new(
        code,
        crate::diagnostic::Severity::Error,
        view.part(text, range),
        what,
    )
    .upstream(rule);
    diagnostic.path = Some(path.to_owned());
    let exact = text.node.is_some() && !text.substituted;
    if let Some(wrong) = step {
        diagnostic = suggest(diagnostic, wrong, view.names(), exact);
    }
    findings.semantic(diagnostic);
}
