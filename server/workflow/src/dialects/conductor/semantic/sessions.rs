//! V48: one session key used by steps that run at the same time.

use super::super::findings::Findings;
use super::super::references::chains;
use super::super::schema::lax_integer;
use super::view::{StepView, View};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let key = |step: &StepView<'_>| {
        step.map
            .text("session_key")
            .map(|t| t.value.trim().to_owned())
    };
    let folder = |step: &StepView<'_>| {
        step.map
            .text("working_dir")
            .or_else(|| view.runtime.text("working_dir"))
            .map(|t| t.value.clone())
    };
    for group in &view.parallel {
        let members: Vec<&StepView<'_>> = view
            .steps
            .iter()
            .filter(|s| s.is_agent() && group.members().any(|m| m.value == s.name))
            .collect();
        for (index, second) in members.iter().enumerate() {
            let clash = members[..index].iter().find(|first| {
                key(first).is_some() && key(first) == key(second) && folder(first) == folder(second)
            });
            if let Some(first) = clash {
                let message = format!(
                    "`{}` and `{}` run at the same time in `{}` with the same `session_key` and working folder; give them different keys",
                    first.name, second.name, group.name
                );
                let loc = second.value_loc("session_key");
                let mut diagnostic = second.diagnostic("shared-session", "V48", loc, message);
                diagnostic.path = Some(group.path.clone());
                findings
                    .semantic(diagnostic.related(first.value_loc("session_key"), "the same key"));
            }
        }
    }
    for (group, step) in view.each.iter().filter_map(|g| {
        Some((
            g,
            view.inline
                .iter()
                .find(|s| s.path == format!("{}.agent", g.path))?,
        ))
    }) {
        let many = group
            .map
            .some("max_concurrent")
            .and_then(lax_integer)
            .unwrap_or(10);
        if many <= 1 || !step.is_agent() || key(step).is_none() {
            continue;
        }
        let variable = group.map.text("as").map_or("", |t| t.value.as_str());
        let own = step
            .map
            .text("working_dir")
            .or_else(|| view.runtime.text("working_dir"));
        let per_item = own.is_some_and(|text| {
            mentions(&text.value, variable)
                || chains(&text.value)
                    .iter()
                    .any(|c| c.first().is_some_and(|n| n.name == variable))
        });
        if !per_item {
            let message = format!(
                "`{}` runs up to {many} items at the same time with one `session_key`; write `max_concurrent: 1`, or a `working_dir` that differs by item",
                group.name
            );
            let mut diagnostic = step.diagnostic(
                "shared-session",
                "V48",
                step.value_loc("session_key"),
                message,
            );
            diagnostic.path = Some(group.path.clone());
            findings.semantic(diagnostic);
        }
    }
}

/// Whether an expression of a template uses the loop variable or its companions.
fn mentions(template: &str, variable: &str) -> bool {
    let mut rest = template;
    while let Some(open) = rest.find("{{") {
        let inner = &rest[open + 2..];
        let end = inner.find("}}").unwrap_or(inner.len());
        let mut words = inner[..end].split(|c: char| !(c.is_alphanumeric() || c == '_'));
        if words.any(|w| !w.is_empty() && (w == variable || w == "_index" || w == "_key")) {
            return true;
        }
        rest = &inner[end..];
    }
    false
}
