//! Names of steps and routes: V1, V2, V3, V4, V5, V11, V12, V16. V1, V2, V3,
//! V13 and V16 repeat schema rules (S30, S31, S20, S32, S33), so they can only
//! be reached where the schema did not look.

use crate::data::Map;
use crate::diagnostic::{Diagnostic, Severity};
use crate::model::END;
use crate::source::{Loc, Text};

use super::super::findings::Findings;
use super::view::{StepView, View, suggest};

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    repeated_schema_rules(view, findings);
    for step in &view.steps {
        gate_options(view, step, findings);
        abort_route(view, step, findings);
        blank_prompt(step, findings);
    }
    clashes(view, findings);
}

/// V1, V2, V3, V16: the same questions as S30, S31, S20 and S33, asked again of what passed the schema.
fn repeated_schema_rules(view: &View<'_>, findings: &mut Findings) {
    if !findings.schema_passed() {
        return;
    }
    for (rule, diagnostic) in repeated(view) {
        let mut diagnostic = diagnostic;
        diagnostic.upstream = Some(rule);
        findings.semantic(diagnostic);
    }
}

/// The findings of V1, V2, V3 and V16 on any document.
pub(super) fn repeated(view: &View<'_>) -> Vec<(&'static str, Diagnostic)> {
    let mut found = Vec::new();
    if let Some(entry) = view.workflow.text("entry_point")
        && !view.is_known(&entry.value)
    {
        let message = format!(
            "`entry_point` names `{}`, and there is no such step or group",
            entry.value
        );
        let mut diagnostic =
            Diagnostic::new("unknown-entry-point", Severity::Error, entry.loc, message);
        diagnostic.path = Some("workflow.entry_point".into());
        found.push((
            "V1",
            suggest(diagnostic, &entry.value, view.names(), plain(entry)),
        ));
    }
    for step in &view.steps {
        for to in routes(step.map) {
            let words = format!("`{}` routes to", step.name);
            let lost = lost(view, to, &words, |loc, message| {
                step.diagnostic("unknown-route-target", "V2", loc, message)
            });
            found.extend(lost.map(|diagnostic| ("V2", diagnostic)));
        }
        if step.kind == "human_gate" && step.map.list("options").is_empty() {
            let message = format!("The human gate `{}` needs `options`", step.name);
            found.push((
                "V3",
                step.diagnostic("step-needs-key", "V3", step.name_loc(), message),
            ));
        }
    }
    for group in &view.parallel {
        for to in routes(group.map) {
            let words = format!("The parallel group `{}` routes to", group.name);
            let lost = lost(view, to, &words, |loc, message| {
                group.diagnostic("unknown-route-target", "V16", loc, message)
            });
            found.extend(lost.map(|diagnostic| ("V16", diagnostic)));
        }
    }
    found
}

/// Whether the text stands in the file as it is, so that replacing it is safe.
fn plain(text: &Text) -> bool {
    text.node.is_some() && !text.substituted
}

/// The texts under `routes` that name where to go.
fn routes(map: &Map) -> impl Iterator<Item = &Text> {
    let routes = map.list("routes").iter();
    routes.filter_map(|route| route.map()?.text("to"))
}

/// What is wrong with a target that is neither the end nor a step or group: `words` and what stands there.
fn lost(
    view: &View<'_>,
    to: &Text,
    words: &str,
    diagnostic: impl FnOnce(Loc, String) -> Diagnostic,
) -> Option<Diagnostic> {
    if to.value == END || view.is_known(&to.value) {
        return None;
    }
    let message = format!("{words} `{}`, and there is no such step or group", to.value);
    Some(suggest(
        diagnostic(to.loc, message),
        &to.value,
        view.names(),
        plain(to),
    ))
}

/// V4.
fn gate_options(view: &View<'_>, step: &StepView<'_>, findings: &mut Findings) {
    if step.kind != "human_gate" {
        return;
    }
    for (index, option) in step.map.list("options").iter().enumerate() {
        let Some((map, route)) = option.map().and_then(|map| Some((map, map.text("route")?)))
        else {
            continue;
        };
        let label = map.text("label").map_or("", |t| t.value.as_str());
        let words = format!("The option `{label}` of `{}` routes to", step.name);
        let lost = lost(view, route, &words, |loc, message| {
            step.diagnostic("unknown-route-target", "V4", loc, message)
                .path(format!("{}.options.{index}.route", step.path))
        });
        lost.into_iter().for_each(|d| findings.semantic(d));
    }
}

/// V5.
fn abort_route(view: &View<'_>, step: &StepView<'_>, findings: &mut Findings) {
    let Some(route) = step.map.text("abort_route") else {
        return;
    };
    let words = format!("`abort_route` of `{}` names", step.name);
    let lost = lost(view, route, &words, |loc, message| {
        step.diagnostic("unknown-route-target", "V5", loc, message)
            .path(format!("{}.abort_route", step.path))
    });
    lost.into_iter().for_each(|d| findings.semantic(d));
}

/// V11.
fn blank_prompt(step: &StepView<'_>, findings: &mut Findings) {
    let blank = |key: &str| step.map.text(key).is_none_or(|t| t.value.trim().is_empty());
    if step.is_agent() && !blank("system_prompt") && blank("prompt") {
        let loc = step.map.field("prompt").map_or_else(
            || {
                step.map
                    .field("system_prompt")
                    .map_or(step.name_loc(), |f| f.key.loc)
            },
            |f| f.place(),
        );
        let message = format!(
            "`{}` has a `system_prompt` and no `prompt`: move the task into `prompt`, keep the persona in `system_prompt`",
            step.name
        );
        let mut diagnostic = step.diagnostic("blank-prompt", "V11", loc, message);
        diagnostic.severity = Severity::Warning;
        diagnostic.path = Some(format!("{}.prompt", step.path));
        findings.semantic(diagnostic);
    }
}

/// V12: only step names against names of parallel groups; the dialect looks at no other clash.
fn clashes(view: &View<'_>, findings: &mut Findings) {
    for group in &view.parallel {
        if let Some(step) = view.steps.iter().find(|s| s.name == group.name) {
            let message = format!(
                "`{}` names a step and a parallel group; give the group another name",
                group.name
            );
            findings.semantic(
                group
                    .diagnostic("name-clash", "V12", group.loc, message)
                    .related(step.name_loc(), "the step of that name"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::load::document_of_text;
    use super::super::view::View;
    use super::repeated;

    #[test]
    fn rules_that_repeat_the_schema_ask_the_same_questions() {
        let (sources, root) = document_of_text(
            "workflow: {name: n, entry_point: nobody}\nagents:\n  - {name: a, routes: [{to: ghost}]}\n  - {name: g, type: human_gate, prompt: p}\nparallel:\n  - {name: p, agents: [a, a], routes: [{to: lost}]}\n",
        );
        let map = root.map().expect("a mapping");
        let view = View::new(map, &sources, Path::new("/w/w.yaml"));
        let rules: Vec<&str> = repeated(&view).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(rules, ["V1", "V2", "V3", "V16"]);
    }

    #[test]
    fn rules_that_repeat_the_schema_are_silent_on_names_that_exist() {
        let (sources, root) = document_of_text(
            "workflow: {name: n, entry_point: a}\nagents:\n  - {name: a, routes: [{to: p}]}\n  - {name: g, type: human_gate, prompt: p, options: [{label: l, value: v, route: $end}]}\nparallel:\n  - {name: p, agents: [a, g], routes: [{to: $end}]}\n",
        );
        let map = root.map().expect("a mapping");
        let view = View::new(map, &sources, Path::new("/w/w.yaml"));
        assert!(repeated(&view).is_empty());
    }
}
