//! Rules over the whole file (S30..S36): the dialect reports only the first,
//! and only when every field passed.

use std::collections::HashSet;

use crate::data::{Datum, Map};
use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::nearest::nearest;
use crate::source::Text;

use super::super::findings::Findings;

/// Names that routes can point to.
struct Names<'a> {
    steps: HashSet<&'a str>,
    parallel: HashSet<&'a str>,
    each: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    fn of(root: &'a Map) -> Self {
        let names = |key: &str| {
            root.list(key)
                .iter()
                .filter_map(|d| d.map()?.text("name").map(|t| t.value.as_str()))
                .collect()
        };
        Self {
            steps: names("agents"),
            parallel: names("parallel"),
            each: names("for_each"),
        }
    }

    fn knows(&self, name: &str) -> bool {
        name == crate::model::END || self.target(name)
    }

    fn target(&self, name: &str) -> bool {
        self.steps.contains(name) || self.parallel.contains(name) || self.each.contains(name)
    }

    fn all(&self) -> impl Iterator<Item = &'a str> {
        let mut all: Vec<&str> = self
            .steps
            .iter()
            .chain(&self.parallel)
            .chain(&self.each)
            .copied()
            .collect();
        all.sort_unstable();
        all.into_iter()
    }
}

/// A name that stands for nothing, with the nearest that exists.
fn unknown(
    code: &'static str,
    rule: &'static str,
    text: &Text,
    path: String,
    what: String,
    names: Vec<&str>,
) -> Diagnostic {
    let best = nearest(&text.value, names.iter().copied());
    let message = match best {
        Some(best) => format!("{what}; did you mean `{best}`?"),
        None => what,
    };
    let mut diagnostic = Diagnostic::new(code, Severity::Error, text.loc, message).upstream(rule);
    diagnostic.path = Some(path);
    if let Some(best) = best
        && text.node.is_some()
        && !text.substituted
    {
        diagnostic = diagnostic.fix(
            format!("Change to `{best}`"),
            vec![Edit {
                span: text.loc.span,
                text: best.to_owned(),
            }],
        );
    }
    diagnostic
}

/// Checks S30..S36 in the dialect's order.
pub(super) fn check(root: &Map, findings: &mut Findings) {
    let names = Names::of(root);
    // Where steps did not pass, a name may be missing only because of that.
    let broken = |key: &str| {
        root.list(key)
            .iter()
            .any(|d| d.map().is_none_or(|m| m.text("name").is_none()))
    };
    if !findings.fields_passed()
        && (broken("agents") || root.get("agents").is_none_or(|d| d.list().is_none()))
    {
        return;
    }
    entry_point(root, &names, findings);
    for (index, step) in objects(root, "agents") {
        let name = step.text("name").map_or("", |t| t.value.as_str());
        routes(
            step,
            "S31",
            &format!("agents.{index}"),
            &format!("The step `{name}`"),
            name,
            &names,
            findings,
        );
    }
    for (index, group) in objects(root, "parallel") {
        let name = group.text("name").map_or("", |t| t.value.as_str());
        members(group, index, name, &names, findings);
        routes(
            group,
            "S33",
            &format!("parallel.{index}"),
            &format!("The parallel group `{name}`"),
            name,
            &names,
            findings,
        );
    }
    for (index, group) in objects(root, "for_each") {
        let name = group.text("name").map_or("", |t| t.value.as_str());
        nested(group, index, name, &names, findings);
        routes(
            group,
            "S35",
            &format!("for_each.{index}"),
            &format!("The for_each group `{name}`"),
            name,
            &names,
            findings,
        );
    }
    for (index, step) in objects(root, "agents") {
        optional_root_fields(step, &format!("agents.{index}"), findings);
    }
    for (index, group) in objects(root, "for_each") {
        if let Some(step) = group.map("agent") {
            optional_root_fields(step, &format!("for_each.{index}.agent"), findings);
        }
    }
}

fn objects<'a>(root: &'a Map, key: &str) -> impl Iterator<Item = (usize, &'a Map)> {
    root.list(key)
        .iter()
        .enumerate()
        .filter_map(|(i, d)| d.map().map(|m| (i, m)))
}

/// S30.
fn entry_point(root: &Map, names: &Names<'_>, findings: &mut Findings) {
    let Some(entry) = root.map("workflow").and_then(|w| w.text("entry_point")) else {
        return;
    };
    if !names.target(&entry.value) {
        let what = format!(
            "`entry_point` names `{}`, and there is no such step or group",
            entry.value
        );
        findings.whole(unknown(
            "unknown-entry-point",
            "S30",
            entry,
            "workflow.entry_point".into(),
            what,
            names.all().collect(),
        ));
    }
}

/// S31, S33, S35.
fn routes(
    object: &Map,
    rule: &'static str,
    path: &str,
    who: &str,
    step: &str,
    names: &Names<'_>,
    findings: &mut Findings,
) {
    for (index, route) in object.list("routes").iter().enumerate() {
        let Some(to) = route.map().and_then(|m| m.text("to")) else {
            continue;
        };
        if to.value.is_empty() || names.knows(&to.value) {
            continue;
        }
        let what = format!(
            "{who} routes to `{}`, and there is no such step or group",
            to.value
        );
        let candidates = names.all().chain([crate::model::END]).collect();
        findings.whole(
            unknown(
                "unknown-route-target",
                rule,
                to,
                format!("{path}.routes.{index}.to"),
                what,
                candidates,
            )
            .step(step),
        );
    }
}

/// S32.
fn members(group: &Map, index: usize, name: &str, names: &Names<'_>, findings: &mut Findings) {
    for (position, member) in group.list("agents").iter().enumerate() {
        let Some(member) = member.text() else {
            continue;
        };
        if !names.steps.contains(member.value.as_str()) {
            let what = format!(
                "The parallel group `{name}` lists `{}`, and there is no such step",
                member.value
            );
            let mut candidates: Vec<&str> = names.steps.iter().copied().collect();
            candidates.sort_unstable();
            let path = format!("parallel.{index}.agents.{position}");
            findings
                .whole(unknown("unknown-member", "S32", member, path, what, candidates).step(name));
        }
    }
}

/// S34.
fn nested(group: &Map, index: usize, name: &str, names: &Names<'_>, findings: &mut Findings) {
    let Some(inner) = group.map("agent").and_then(|a| a.text("name")) else {
        return;
    };
    if names.each.contains(inner.value.as_str()) {
        let message = format!(
            "The inline step of the for_each group `{name}` has the name of a for_each group, `{}`; groups cannot be nested, use another name",
            inner.value
        );
        let mut diagnostic =
            Diagnostic::new("nested-for-each", Severity::Error, inner.loc, message)
                .upstream("S34")
                .step(name);
        diagnostic.path = Some(format!("for_each.{index}.agent.name"));
        findings.whole(diagnostic);
    }
}

/// S36.
fn optional_root_fields(step: &Map, path: &str, findings: &mut Findings) {
    let name = step.text("name").map_or("", |t| t.value.as_str());
    for (field, value) in step
        .map("output")
        .map(|m| m.iter().collect::<Vec<_>>())
        .unwrap_or_default()
    {
        let required: Option<&Datum> = value.map().and_then(|m| m.some("required"));
        if required.and_then(super::lax::boolean) == Some(false) {
            let loc = required.map_or(field.loc, |d| d.loc);
            let message = format!(
                "The output field `{}` of `{name}` cannot be optional; `required: false` is for fields inside an object's `properties`",
                field.value
            );
            let mut diagnostic =
                Diagnostic::new("optional-root-field", Severity::Error, loc, message)
                    .upstream("S36")
                    .step(name);
            diagnostic.path = Some(format!("{path}.output.{}", field.value));
            findings.whole(diagnostic);
        }
    }
}
