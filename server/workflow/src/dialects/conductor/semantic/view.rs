//! What the semantic rules read: steps, groups and names of a document.

use std::collections::HashSet;
use std::path::Path;

use crate::data::{Datum, Map};
use crate::diagnostic::{Diagnostic, Severity};
use crate::nearest::writes_plainly;
use crate::source::{Loc, Sources, Text};

use super::super::providers::{Capabilities, capabilities};

/// A document as the semantic rules see it.
pub(super) struct View<'a> {
    pub(super) root: &'a Map,
    pub(super) workflow: &'a Map,
    pub(super) runtime: &'a Map,
    pub(super) sources: &'a Sources,
    pub(super) path: &'a Path,
    /// Entries of `agents`.
    pub(super) steps: Vec<StepView<'a>>,
    /// Entries of `parallel`.
    pub(super) parallel: Vec<GroupView<'a>>,
    /// Entries of `for_each`.
    pub(super) each: Vec<GroupView<'a>>,
    /// Inline steps of `for_each`, in the same order.
    pub(super) inline: Vec<StepView<'a>>,
    /// The provider of steps that name none.
    pub(super) provider: &'a str,
    step_names: HashSet<&'a str>,
    parallel_names: HashSet<&'a str>,
    each_names: HashSet<&'a str>,
    /// Names of steps and groups, sorted, each once.
    names: Vec<&'a str>,
    inputs: Vec<&'a str>,
}

/// A step.
pub(super) struct StepView<'a> {
    pub(super) map: &'a Map,
    pub(super) datum: &'a Datum,
    /// `agents.3` or `for_each.0.agent`.
    pub(super) path: String,
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
}

/// A group.
pub(super) struct GroupView<'a> {
    pub(super) map: &'a Map,
    pub(super) path: String,
    pub(super) name: &'a str,
    pub(super) loc: Loc,
}

/// Names among which the nearest is looked for.
const SUGGESTED: usize = 2_000;

static EMPTY: Map = Map {
    entries: Vec::new(),
};

impl<'a> View<'a> {
    pub(super) fn new(root: &'a Map, sources: &'a Sources, path: &'a Path) -> Self {
        let workflow = root.map("workflow").unwrap_or(&EMPTY);
        let runtime = workflow.map("runtime").unwrap_or(&EMPTY);
        let steps = root
            .list("agents")
            .iter()
            .enumerate()
            .filter_map(|(i, d)| StepView::new(d, format!("agents.{i}")))
            .collect();
        let groups = |key: &'static str| -> Vec<GroupView<'a>> {
            root.list(key)
                .iter()
                .enumerate()
                .filter_map(|(i, d)| GroupView::new(d, format!("{key}.{i}")))
                .collect()
        };
        let each = groups("for_each");
        let inline = each
            .iter()
            .filter_map(|g: &GroupView<'a>| {
                StepView::new(g.map.get("agent")?, format!("{}.agent", g.path))
            })
            .collect();
        let provider = runtime
            .get("provider")
            .and_then(|d| d.text().or_else(|| d.map()?.text("name")))
            .map_or("copilot", |t| t.value.as_str());
        let steps: Vec<StepView<'a>> = steps;
        let parallel = groups("parallel");
        let step_names: HashSet<&str> = steps.iter().map(|s| s.name).collect();
        let parallel_names: HashSet<&str> = parallel.iter().map(|g| g.name).collect();
        let each_names: HashSet<&str> = each.iter().map(|g| g.name).collect();
        let mut names: Vec<&str> = step_names
            .iter()
            .chain(&parallel_names)
            .chain(&each_names)
            .copied()
            .collect();
        names.sort_unstable();
        names.dedup();
        let inputs = workflow
            .map("input")
            .map(|m| m.iter().map(|(k, _)| k.value.as_str()).collect())
            .unwrap_or_default();
        Self {
            root,
            workflow,
            runtime,
            sources,
            path,
            steps,
            parallel,
            each,
            inline,
            provider,
            step_names,
            parallel_names,
            each_names,
            names,
            inputs,
        }
    }

    /// The folder that relative paths start from.
    pub(super) fn folder(&self) -> &'a Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Steps and inline steps.
    pub(super) fn all_steps(&self) -> impl Iterator<Item = &StepView<'a>> {
        self.steps.iter().chain(&self.inline)
    }

    /// Steps that ask a model, inline ones included.
    pub(super) fn agents(&self) -> impl Iterator<Item = &StepView<'a>> {
        self.all_steps().filter(|s| s.is_agent())
    }

    pub(super) fn is_step(&self, name: &str) -> bool {
        self.step_names.contains(name)
    }

    pub(super) fn is_parallel(&self, name: &str) -> bool {
        self.parallel_names.contains(name)
    }

    pub(super) fn is_each(&self, name: &str) -> bool {
        self.each_names.contains(name)
    }

    pub(super) fn is_group(&self, name: &str) -> bool {
        self.is_parallel(name) || self.is_each(name)
    }

    pub(super) fn is_known(&self, name: &str) -> bool {
        self.is_step(name) || self.is_group(name)
    }

    /// Names of steps and groups for suggestions, sorted.
    pub(super) fn names(&self) -> Vec<&'a str> {
        // Only for suggestions; among too many names the nearest means little and costs much.
        if self.names.len() > SUGGESTED {
            Vec::new()
        } else {
            self.names.clone()
        }
    }

    /// The name of a step or group as the document holds it.
    pub(super) fn known(&self, name: &str) -> Option<&'a str> {
        self.names
            .binary_search(&name)
            .ok()
            .map(|at| self.names[at])
    }

    /// How many names of steps and groups there are.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Declared inputs in file order.
    pub(super) fn inputs(&self) -> &[&'a str] {
        &self.inputs
    }

    /// Whether the context mode is `explicit`.
    pub(super) fn explicit(&self) -> bool {
        self.workflow
            .map("context")
            .and_then(|c| c.text("mode"))
            .is_some_and(|t| t.value == "explicit")
    }

    /// The provider of a step.
    pub(super) fn provider_of(&self, step: &StepView<'a>) -> &'a str {
        step.map
            .text("provider")
            .map_or(self.provider, |t| t.value.as_str())
    }

    /// What the provider of a step can do; copilot's where there is no such provider (V31 says so).
    pub(super) fn capabilities(&self, step: &StepView<'a>) -> Option<&'static Capabilities> {
        capabilities(self.provider_of(step))
    }

    /// The place of a part of a text.
    pub(super) fn part(&self, text: &Text, range: std::ops::Range<usize>) -> Loc {
        self.sources.locate(text, range)
    }
}

impl<'a> StepView<'a> {
    fn new(datum: &'a Datum, path: String) -> Option<Self> {
        let map = datum.map()?;
        let name = map.text("name").map_or("", |t| t.value.as_str());
        let kind = map.text("type").map_or("agent", |t| t.value.as_str());
        Some(Self {
            map,
            datum,
            path,
            name,
            kind,
        })
    }

    /// Whether it asks a model by the dialect's own count: no `type`, or `agent`.
    pub(super) fn is_agent(&self) -> bool {
        self.kind == "agent"
    }

    /// Where its name stands.
    pub(super) fn name_loc(&self) -> Loc {
        self.map.get("name").map_or(self.datum.loc, |d| d.loc)
    }

    /// The place of a key's value, else of its name.
    pub(super) fn value_loc(&self, key: &str) -> Loc {
        self.map
            .get(key)
            .filter(|d| !d.loc.span.is_empty())
            .map_or_else(|| self.name_loc(), |d| d.loc)
    }

    /// A diagnostic about this step.
    pub(super) fn diagnostic(
        &self,
        code: &'static str,
        rule: &'static str,
        loc: Loc,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(code, Severity::Error, loc, message)
            .upstream(rule)
            .step(self.name)
            .path(&self.path)
    }

    /// The templates that the dialect scans (specs/conductor.md 3, Template scan), with the path below the step.
    pub(super) fn templates(&self) -> Vec<(String, &'a Text)> {
        let mut found = Vec::new();
        let map = self.map;
        for key in ["prompt", "system_prompt", "command"] {
            found.extend(map.text(key).map(|t| (key.to_owned(), t)));
        }
        for (index, argument) in map.list("args").iter().enumerate() {
            found.extend(argument.text().map(|t| (format!("args.{index}"), t)));
        }
        for key in ["working_dir", "value"] {
            found.extend(map.text(key).map(|t| (key.to_owned(), t)));
        }
        let mut below = |key: &str| {
            for (name, value) in map
                .map(key)
                .map(|m| m.iter().collect::<Vec<_>>())
                .unwrap_or_default()
            {
                found.extend(value.text().map(|t| (format!("{key}.{}", name.value), t)));
            }
        };
        below("values");
        below("input_mapping");
        if self.kind == "terminate" {
            below("output_template");
            found.extend(map.text("reason").map(|t| ("reason".to_owned(), t)));
        }
        for (index, question) in map.list("questions").iter().enumerate() {
            let Some(question) = question.map() else {
                continue;
            };
            for key in ["text", "hint"] {
                found.extend(
                    question
                        .text(key)
                        .map(|t| (format!("questions.{index}.{key}"), t)),
                );
            }
            for (at, choice) in question.list("choices").iter().enumerate() {
                found.extend(
                    choice
                        .text()
                        .map(|t| (format!("questions.{index}.choices.{at}"), t)),
                );
            }
        }
        found
    }
}

impl<'a> GroupView<'a> {
    fn new(datum: &'a Datum, path: String) -> Option<Self> {
        let map = datum.map()?;
        let name = map.text("name").map_or("", |t| t.value.as_str());
        let loc = map.get("name").map_or(datum.loc, |d| d.loc);
        Some(Self {
            map,
            path,
            name,
            loc,
        })
    }

    /// Names of the members of a parallel group.
    pub(super) fn members(&self) -> impl Iterator<Item = &'a Text> {
        self.map.list("agents").iter().filter_map(Datum::text)
    }

    /// A diagnostic about this group.
    pub(super) fn diagnostic(
        &self,
        code: &'static str,
        rule: &'static str,
        loc: Loc,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(code, Severity::Error, loc, message)
            .upstream(rule)
            .step(self.name)
            .path(&self.path)
    }
}

/// Adds "did you mean" and a fix where a name is near.
pub(super) fn suggest<'n>(
    mut diagnostic: Diagnostic,
    wrong: &str,
    names: impl IntoIterator<Item = &'n str>,
    exact: bool,
) -> Diagnostic {
    if let Some(best) = crate::nearest::nearest(wrong, names) {
        diagnostic
            .message
            .push_str(&format!("; did you mean `{best}`?"));
        let inside = matches!(
            diagnostic.code,
            "unknown-template-step"
                | "unknown-output-step"
                | "undeclared-input"
                | "unknown-input-step"
                | "unknown-input-group"
        );
        if exact && writes_plainly(best) && !(inside && best.contains(['-', '.', '$'])) {
            let edit = crate::diagnostic::Edit {
                span: diagnostic.loc.span,
                text: best.to_owned(),
            };
            diagnostic = diagnostic.fix(format!("Change to `{best}`"), vec![edit]);
        }
    }
    diagnostic
}
