//! V26: the workflow's output reads a step that some way through the routes leaves out.

use std::collections::{BTreeMap, HashMap};

use crate::diagnostic::{Diagnostic, Severity};
use crate::model::{END, Limits};
use crate::source::Loc;

use super::super::findings::Findings;
use super::super::references::{chains, output_names};
use super::super::schema::{lax_boolean, lax_integer};
use super::view::{StepView, View};

/// Attributes by which an output reads a step or a group.
const READS: &[&str] = &["output", "outputs", "errors"];
/// Ways that the dialect looks at.
const WAYS: usize = 100;
/// Steps of the search before we call it enough; the dialect has no such bound.
const EFFORT: usize = 200_000;

pub(super) fn check(view: &View<'_>, findings: &mut Findings) {
    let mut read: BTreeMap<&str, (Loc, String)> = BTreeMap::new();
    let Some(outputs) = view.root.map("output") else {
        return;
    };
    for (key, value) in outputs.iter() {
        let Some(text) = value.text() else { continue };
        let seen = chains(&text.value)
            .into_iter()
            .filter(|c| READS.contains(&c[1].name.as_str()))
            .filter_map(|c| c.into_iter().next());
        for name in output_names(&text.value).into_iter().chain(seen) {
            if let Some(known) = view.names().into_iter().find(|n| *n == name.name) {
                read.entry(known)
                    .or_insert_with(|| (view.part(text, name.range), key.value.clone()));
            }
        }
    }
    if read.is_empty() {
        return;
    }
    let ways = ways(view);
    for (name, (loc, key)) in read {
        let Some(without) = ways.iter().find(|way| !reaches(view, way, name)) else {
            continue;
        };
        let way = without
            .iter()
            .copied()
            .chain([END])
            .collect::<Vec<_>>()
            .join(" → ");
        let message = format!(
            "The output reads `{name}`, which does not run on the way {way}; wrap it in `{{% if {name} is defined %}}`"
        );
        let mut diagnostic =
            Diagnostic::new("output-step-may-not-run", Severity::Warning, loc, message)
                .upstream("V26");
        diagnostic.path = Some(format!("output.{key}"));
        findings.semantic(diagnostic);
    }
}

fn reaches(view: &View<'_>, way: &[&str], name: &str) -> bool {
    way.iter().any(|at| {
        *at == name
            || view
                .parallel
                .iter()
                .any(|g| g.name == *at && g.members().any(|m| m.value == name))
    })
}

/// Ways from the entry to an end that uses the workflow's output.
fn ways<'a>(view: &View<'a>) -> Vec<Vec<&'a str>> {
    let Some(entry) = view.workflow.text("entry_point").map(|t| t.value.as_str()) else {
        return Vec::new();
    };
    let Some(entry) = view.names().into_iter().find(|n| *n == entry) else {
        return Vec::new();
    };
    let mut edges: HashMap<&str, Vec<&str>> = HashMap::new();
    for step in &view.steps {
        edges.entry(step.name).or_insert_with(|| targets(step));
    }
    for group in view.parallel.iter().chain(&view.each) {
        edges.entry(group.name).or_insert_with(|| routes(group.map));
    }
    let limit = view
        .workflow
        .map("limits")
        .and_then(|l| l.some("max_iterations"))
        .and_then(lax_integer);
    let limit = limit
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(Limits::DEFAULT_MAX_ITERATIONS as usize);
    let mut search = Search {
        view,
        edges,
        depth: limit.max(view.names().len()),
        ways: Vec::new(),
        way: Vec::new(),
        effort: EFFORT,
    };
    search.visit(entry);
    search.ways
}

struct Search<'v, 'a> {
    view: &'v View<'a>,
    edges: HashMap<&'a str, Vec<&'a str>>,
    depth: usize,
    ways: Vec<Vec<&'a str>>,
    way: Vec<&'a str>,
    effort: usize,
}

impl<'a> Search<'_, 'a> {
    fn visit(&mut self, name: &'a str) {
        if self.ways.len() >= WAYS
            || self.way.len() >= self.depth
            || self.way.contains(&name)
            || self.effort == 0
        {
            return;
        }
        self.effort -= 1;
        self.way.push(name);
        match self
            .view
            .steps
            .iter()
            .find(|s| s.name == name)
            .filter(|s| s.kind == "terminate")
        {
            Some(step) => {
                if step.map.some("output_template").is_none() {
                    self.ways.push(self.way.clone());
                }
            }
            None => {
                for next in self.edges.get(name).cloned().unwrap_or_default() {
                    if next == END {
                        if self.ways.len() < WAYS {
                            self.ways.push(self.way.clone());
                        }
                    } else if let Some(next) = self.edges.get_key_value(next).map(|(k, _)| *k) {
                        self.visit(next);
                    }
                }
            }
        }
        self.way.pop();
    }
}

fn routes(map: &crate::data::Map) -> Vec<&str> {
    let mut targets: Vec<&str> = Vec::new();
    for to in map
        .list("routes")
        .iter()
        .filter_map(|r| r.map()?.text("to"))
    {
        if !targets.contains(&to.value.as_str()) {
            targets.push(&to.value);
        }
    }
    targets
}

fn targets<'a>(step: &StepView<'a>) -> Vec<&'a str> {
    let mut found = routes(step.map);
    if step.kind == "human_gate" && found.is_empty() {
        for route in step
            .map
            .list("options")
            .iter()
            .filter_map(|o| o.map()?.text("route"))
        {
            if !found.contains(&route.value.as_str()) {
                found.push(&route.value);
            }
        }
    }
    if step.kind == "questions" && step.map.some("allow_abort").and_then(lax_boolean) == Some(true)
    {
        let abort = step
            .map
            .text("abort_route")
            .map_or(END, |t| t.value.as_str());
        if !found.contains(&abort) {
            found.push(abort);
        }
    }
    found
}
