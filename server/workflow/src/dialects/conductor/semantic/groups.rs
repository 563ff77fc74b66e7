//! Groups: members of parallel groups (V13, V14, V15, V17, V18, V19) and the
//! inline step of for_each groups (V20).

use super::super::findings::Findings;
use super::super::references::{InputReference, chains, input_reference};
use super::view::{GroupView, StepView, View};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    for group in &view.parallel {
        let members: Vec<&str> = group.members().map(|t| t.value.as_str()).collect();
        for (index, name) in members.iter().enumerate() {
            if members[..index].contains(name) {
                continue;
            }
            match view.steps.iter().find(|s| s.name == *name) {
                Some(step) => member(view, group, step, &members, findings),
                None => unknown_member(view, group, name, findings),
            }
        }
        nested(view, group, findings);
    }
    for (group, inline) in view.each.iter().filter_map(|g| {
        Some((
            g,
            view.inline
                .iter()
                .find(|s| s.path == format!("{}.agent", g.path))?,
        ))
    }) {
        inline_kind(group, inline, findings);
    }
}

/// V13 repeats S32, so it is reached only where the schema did not look.
fn unknown_member(view: &View<'_>, group: &GroupView<'_>, name: &str, findings: &mut Findings) {
    if findings.schema_passed()
        && let Some(diagnostic) = unknown_member_finding(view, group, name)
    {
        findings.semantic(diagnostic);
    }
}

fn unknown_member_finding(
    view: &View<'_>,
    group: &GroupView<'_>,
    name: &str,
) -> Option<crate::diagnostic::Diagnostic> {
    let text = group.members().find(|t| t.value == name)?;
    let message = format!(
        "The parallel group `{}` lists `{name}`, and there is no such step",
        group.name
    );
    (!view.is_step(name)).then(|| group.diagnostic("unknown-member", "V13", text.loc, message))
}

fn member(
    view: &View<'_>,
    group: &GroupView<'_>,
    step: &StepView<'_>,
    members: &[&str],
    findings: &mut Findings,
) {
    if let Some(routes) = step.map.field("routes").filter(|f| f.value.truthy()) {
        let message = format!(
            "`{}` runs inside the parallel group `{}` and cannot have `routes`; put them on the group",
            step.name, group.name
        );
        findings.semantic(
            step.diagnostic("member-with-routes", "V14", routes.key.loc, message)
                .related(group.loc, "the group"),
        );
    }
    let refused = match step.kind {
        "human_gate" => Some("human gate"),
        "questions" => Some("questions step"),
        "script" => Some("script step"),
        "wait" => Some("wait step"),
        "workflow" => Some("workflow step"),
        "terminate" => Some("terminate step"),
        _ => None,
    };
    if let Some(kind) = refused {
        let loc = step.value_loc("type");
        let message = format!(
            "`{}` is a {kind} and cannot run inside the parallel group `{}`; members are agents and `set` steps",
            step.name, group.name
        );
        findings.semantic(
            step.diagnostic("member-kind", "V15", loc, message)
                .related(group.loc, "the group"),
        );
    }
    let other = |name: &str| name != step.name && members.contains(&name);
    for entry in step.map.list("input").iter().filter_map(|d| d.text()) {
        if let Some((
            InputReference::Step {
                step: on,
                explicit: true,
                ..
            },
            _,
        )) = input_reference(&entry.value)
            && other(&on.name)
        {
            let message = format!(
                "`{}` and `{}` run at the same time in `{}`; one cannot read the other's output",
                step.name, on.name, group.name
            );
            findings.semantic(step.diagnostic(
                "member-reads-member",
                "V17",
                view.part(entry, on.range),
                message,
            ));
        }
    }
    if step.kind == "set" {
        set_member(view, group, step, &other, findings);
    }
}

/// V18.
fn set_member(
    view: &View<'_>,
    group: &GroupView<'_>,
    step: &StepView<'_>,
    other: &dyn Fn(&str) -> bool,
    findings: &mut Findings,
) {
    for (key, text) in step.templates() {
        for chain in chains(&text.value) {
            let (Some(on), Some(part)) = (chain.first(), chain.get(1)) else {
                continue;
            };
            if part.name == "output" && other(&on.name) {
                let message = format!(
                    "`{key}` of `{}` reads `{}`, which runs at the same time in `{}`",
                    step.name, on.name, group.name
                );
                let mut diagnostic = step.diagnostic(
                    "member-reads-member",
                    "V18",
                    view.part(text, on.range.clone()),
                    message,
                );
                diagnostic.path = Some(format!("{}.{key}", step.path));
                findings.semantic(diagnostic);
            }
        }
    }
}

/// V19.
fn nested(view: &View<'_>, group: &GroupView<'_>, findings: &mut Findings) {
    for member in group.members().filter(|t| view.is_parallel(&t.value)) {
        let message = format!(
            "The parallel group `{}` lists the parallel group `{}`; groups cannot be nested",
            group.name, member.value
        );
        findings.semantic(group.diagnostic("nested-parallel", "V19", member.loc, message));
    }
}

/// V20.
fn inline_kind(group: &GroupView<'_>, inline: &StepView<'_>, findings: &mut Findings) {
    if matches!(inline.kind, "script" | "wait" | "terminate" | "questions") {
        let message = format!(
            "A step of type `{}` cannot run inside the for_each group `{}`; agents, `set` and `workflow` steps can",
            inline.kind, group.name
        );
        findings.semantic(group.diagnostic(
            "for-each-kind",
            "V20",
            inline.value_loc("type"),
            message,
        ));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::load::document_of_text;
    use super::super::view::View;
    use super::unknown_member_finding;

    #[test]
    fn a_parallel_group_that_lists_no_step_is_found_without_the_schema_too() {
        let (sources, root) = document_of_text(
            "workflow: {name: n, entry_point: p}\nagents: [{name: a}]\nparallel: [{name: p, agents: [a, ghost]}]\n",
        );
        let view = View::new(
            root.map().expect("a mapping"),
            &sources,
            Path::new("/w/w.yaml"),
        );
        let group = &view.parallel[0];
        assert_eq!(
            unknown_member_finding(&view, group, "ghost").and_then(|d| d.upstream),
            Some("V13")
        );
        assert!(unknown_member_finding(&view, group, "a").is_none());
    }
}
