//! `not-upstream`: a reference to a node that need not have run: its text is empty, its fields fail the reader.

use std::cell::LazyCell;

use fermata_workflow::dag::Reading;
use fermata_workflow::edits;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Severity, Workflow};

use crate::nodes::{self, Nodes};
use crate::rule::{ARCHON, Report, Rule};

pub(super) const RULE: Rule = Rule {
    code: "not-upstream",
    dialects: ARCHON,
    check,
};

fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        // A long way back through a long graph: only for nodes that read others.
        let before = LazyCell::new(|| nodes.dag.before(at));
        let around = around(&nodes, at);
        for text in nodes.texts(at) {
            for found in text.references() {
                let Some(target) = nodes.dag.find(at, &found.node) else {
                    continue;
                };
                if before.contains(&target) || around.contains(&target) {
                    continue;
                }
                let (name, word) = (&found.node, nodes::word(&text, &found));
                let effect = match (&found.field, text.reading) {
                    (Some(_), _) => "reading a field of it fails this node",
                    (None, Reading::When) => "the comparison sees an empty text",
                    (None, _) => "the text is empty",
                };
                let message = if target == at {
                    format!("`{word}` reads the node itself, which has no output yet: {effect}")
                } else {
                    format!(
                        "`{name}` need not have run before `{}`: {effect}; depend on it",
                        node.step.name.trim()
                    )
                };
                let loc = nodes::at(text.span(found.span.clone()));
                let mut diagnostic =
                    nodes::finding(RULE.code, Severity::Warning, loc, node.step, message);
                if let Some(edit) = depend(&nodes, at, target) {
                    diagnostic = diagnostic.fix(format!("Depend on `{name}`"), vec![edit]);
                }
                report.add(diagnostic);
            }
        }
    }
    commands(loaded, &nodes, report);
}

/// The groups around a node: their own output is not there while they run, but other rules speak of that.
fn around(nodes: &Nodes<'_>, at: usize) -> Vec<usize> {
    let group = |n: &usize| nodes.dag.nodes[*n].group;
    std::iter::successors(group(&at), group).collect()
}

/// Lets the node, or the group around it that stands beside the target, wait for the target.
fn depend(nodes: &Nodes<'_>, at: usize, target: usize) -> Option<fermata_workflow::Edit> {
    let list = nodes.dag.nodes[target].group;
    let waits = std::iter::successors(Some(at), |n| nodes.dag.nodes[*n].group)
        .find(|n| nodes.dag.nodes[*n].group == list)?;
    let circle = waits == target || nodes.dag.before(target).contains(&waits);
    (!circle).then(|| {
        edits::depend_on(
            nodes.tree,
            nodes.dag.nodes[waits].step.loc.span,
            nodes.dag.nodes[target].step.name.trim(),
        )
    })?
}

/// What command files read, shown where the command is named.
fn commands(loaded: &Loaded, nodes: &Nodes<'_>, report: &mut Report) {
    for (at, node) in nodes.dag.nodes.iter().enumerate() {
        let (name, path): (&str, &[&str]) = match node.kind {
            ArchonKind::Command { name, .. } => (name.trim(), &["command"]),
            ArchonKind::Loop(inner) => match nodes::text(&inner.raw, &["command"]) {
                Some(name) => (name, &["loop", "command"]),
                None => continue,
            },
            _ => continue,
        };
        let Some(text) = loaded.surroundings.command_texts.get(name) else {
            continue;
        };
        let before = LazyCell::new(|| nodes.dag.before(at));
        for found in fermata_expr::archon::reference::node_refs(text) {
            let word = &text[found.span.clone()];
            let message = match nodes.dag.find(at, &found.node) {
                _ if found.node == fermata_expr::archon::reference::INPUTS => continue,
                Some(target) if before.contains(&target) => continue,
                Some(_) => format!(
                    "The command `{name}` reads `{word}`, and `{}` need not have run before; depend on it",
                    found.node
                ),
                None => format!(
                    "The command `{name}` reads `{word}`, which is no node that this one sees"
                ),
            };
            let Some(loc) = nodes.place(at, path) else {
                continue;
            };
            report.add(nodes::finding(
                RULE.code,
                Severity::Warning,
                loc,
                node.step,
                message,
            ));
        }
    }
}
