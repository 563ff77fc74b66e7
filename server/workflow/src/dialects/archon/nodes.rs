//! The shape of every node (R18 to R46), at its place, and problems of the graph at theirs.

use std::collections::BTreeMap;

use fermata_expr::archon::js;
use fermata_expr::archon::schema::{self, Path, PathPart};
use serde_json::Value;

use super::authors::Author;
use super::findings::Findings;
use super::structure::Problem;
use super::{document, place};
use crate::data::{Datum, Field};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Loc;

/// Checks all nodes; the sound ones come back as the engine sees them.
pub(super) fn check(raw: &[Datum], findings: &mut Findings) -> Vec<Value> {
    let mut sound = Vec::new();
    for (index, datum) in raw.iter().enumerate() {
        match schema::check(&datum.to_json()) {
            Ok(node) => {
                if let Some(field) = own_checkout(datum, &node) {
                    let (label, _) = owner(datum, index, &Path::new());
                    let message = "`mutates_checkout` belongs to the workflow; an included block works in the checkout of the run";
                    let mut diagnostic = Diagnostic::new(
                        "launch-option-on-include",
                        Severity::Error,
                        field.key.loc,
                        message,
                    )
                    .upstream("R32");
                    diagnostic.step = Some(label);
                    diagnostic.path = Some("mutates_checkout".to_owned());
                    findings.node(diagnostic);
                }
                sound.push(node);
            }
            Err(issues) => {
                for issue in issues {
                    let loc = place::of(datum, &issue.path);
                    let mut diagnostic =
                        Diagnostic::new(issue.name, Severity::Error, loc, issue.message)
                            .upstream(issue.rule);
                    let (label, field) = owner(datum, index, &issue.path);
                    diagnostic.step = Some(label);
                    diagnostic.path = Some(field);
                    findings.node(diagnostic);
                }
            }
        }
    }
    sound
}

/// An include that says whether it changes the checkout; only looked at on nodes of the workflow itself.
fn own_checkout<'d>(datum: &'d Datum, node: &Value) -> Option<&'d Field> {
    node.get("include")?;
    datum.map()?.field("mutates_checkout")
}

/// The id of the node that a path inside `datum` belongs to, and the rest of the path.
fn owner(datum: &Datum, index: usize, path: &Path) -> (String, String) {
    let label = |d: &Datum, i: usize| {
        let written = d.map().and_then(|m| m.get("id")).map(as_text);
        written
            .filter(|t| !t.is_empty())
            .unwrap_or_else(|| format!("#{}", i + 1))
    };
    let mut name = label(datum, index);
    let mut at = datum;
    let mut rest = path.as_slice();
    while let [
        PathPart::Key(group),
        PathPart::Key(nodes),
        PathPart::Index(i),
        tail @ ..,
    ] = rest
    {
        let inner = at
            .map()
            .and_then(|m| m.map("loop_group"))
            .map(|g| g.list("nodes"));
        let Some(node) = inner
            .and_then(|n| n.get(*i))
            .filter(|_| group == "loop_group" && nodes == "nodes")
        else {
            break;
        };
        name = label(node, *i);
        at = node;
        rest = tail;
    }
    let dots: Vec<String> = rest
        .iter()
        .map(|p| match p {
            PathPart::Key(k) => k.clone(),
            PathPart::Index(i) => i.to_string(),
        })
        .collect();
    (name, dots.join("."))
}

/// An id as the dialect would print it, whatever it is.
fn as_text(datum: &Datum) -> String {
    js::trim(&document::key_text(datum)).to_owned()
}

/// Nodes as they are written, by their chain of ids.
pub(super) fn written(raw: &[Datum]) -> BTreeMap<String, Datum> {
    let mut all = BTreeMap::new();
    collect(raw, "", &mut all);
    all
}

fn collect(raw: &[Datum], prefix: &str, all: &mut BTreeMap<String, Datum>) {
    for datum in raw {
        let Some(map) = datum.map() else { continue };
        let Some(id) = map.text("id").map(|t| t.value.trim()) else {
            continue;
        };
        let chain = format!("{prefix}{id}");
        if let Some(group) = map.map("loop_group") {
            collect(group.list("nodes"), &format!("{chain}/"), all);
        }
        // Of two nodes with one id the later one is the wrong one.
        all.insert(chain, datum.clone());
    }
}

/// A problem of the graph as a diagnostic, in the file of the node's author.
pub(super) fn problem(problem: &Problem, author: Option<&Author<'_>>, fallback: Loc) -> Diagnostic {
    let loc = match (author, &problem.part) {
        (Some(author), Some(part)) => part_place(author, &problem.field, part),
        (Some(author), None) => author.place(&problem.field),
        (None, _) => fallback,
    };
    let mut diagnostic =
        Diagnostic::new(problem.name, Severity::Error, loc, problem.message.clone())
            .upstream(problem.rule);
    if let Some(author) = author {
        diagnostic = author.included(diagnostic);
    }
    diagnostic.step.clone_from(&problem.node);
    diagnostic.path = (!problem.field.is_empty()).then(|| problem.field.clone());
    diagnostic
}

/// The stretch of a text, or the item of a list, that is meant.
fn part_place(author: &Author<'_>, field: &str, part: &str) -> Loc {
    let item = place::value(author.datum, &place::dotted(field))
        .and_then(Datum::list)
        .and_then(|l| l.iter().find(|i| i.text().is_some_and(|t| t.value == part)));
    item.map(|item| author.here(item.loc))
        .or_else(|| author.stretch(field, part, 0..part.len()))
        .unwrap_or_else(|| author.place(field))
}
