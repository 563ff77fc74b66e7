//! One workflow file by itself: values, settings, nodes, graph.

use std::collections::BTreeMap;

use fermata_syntax::{Offset, Span, Tree};
use indexmap::IndexMap;
use serde_json::Value;

use super::authors::Author;
use super::findings::Findings;
use super::{document, node_warnings, nodes, outcome, place, structure, top, top_warnings};
use crate::data::{Datum, Map};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Loc};

/// A file as it was read.
#[derive(Debug, Clone)]
pub struct File {
    /// Its root value.
    pub root: Option<Datum>,
    /// What it says, when it is a map with nodes.
    pub parsed: Option<Parsed>,
}

/// What a file says.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// `name`.
    pub name: String,
    /// Nodes as the engine sees them; only sound ones.
    pub nodes: Vec<Value>,
    /// The nodes as they are written, by the id chain of groups (`cycle/inner/probe`).
    pub written: BTreeMap<String, Datum>,
    /// `returns`.
    pub returns: Option<String>,
    /// `requires`.
    pub requires: Vec<String>,
    /// Declared inputs: required, and the default.
    pub inputs: Option<IndexMap<String, (bool, Option<Value>)>>,
    /// Settings that go down into nodes.
    pub pushed: IndexMap<String, Value>,
    /// `outcome_field`.
    pub outcome_field: Option<String>,
    /// How many warnings the dialect shows for the file.
    pub warnings: usize,
}

/// Reads one file and says what is wrong with it by itself.
pub(super) fn read(tree: &Tree, file: FileId, findings: &mut Findings) -> File {
    let root = document::read(tree, file, findings);
    let start = Loc {
        file,
        span: Span::empty(Offset::new(0)),
    };
    let Some(datum) = &root else {
        // Bytes that are no text have been spoken of.
        if tree.problems().iter().any(|p| p.primary) {
            return File { root, parsed: None };
        }
        findings.file(top::not_a_mapping("an empty file", start));
        return File { root, parsed: None };
    };
    if tree.document_count() > 1 || datum.list().is_some() {
        let what = if tree.document_count() > 1 {
            "several documents"
        } else {
            "a list"
        };
        let message = format!("A workflow is one map with a `name`, this file holds {what}");
        findings.file(
            Diagnostic::new(
                "missing-name",
                Severity::Error,
                place::narrow(datum),
                message,
            )
            .upstream("R3"),
        );
        return File { root, parsed: None };
    }
    let Some(map) = datum
        .map()
        .filter(|m| !m.entries.is_empty() || datum.is_null())
    else {
        if datum.map().is_some() {
            top::check(&Map::default(), start, findings);
        } else {
            findings.file(top::not_a_mapping(datum.word(), datum.loc));
        }
        return File { root, parsed: None };
    };
    top::check(map, place::narrow(datum), findings);
    let parsed = parsed(map, tree, findings);
    File { root, parsed }
}

fn parsed(map: &Map, tree: &Tree, findings: &mut Findings) -> Option<Parsed> {
    let raw = map.list("nodes");
    if raw.is_empty() {
        // What is wrong beside the missing nodes is wrong all the same.
        top::providers(map, &[], &BTreeMap::new(), findings);
        top::late(map, findings);
        top_warnings::check(map, &[], &BTreeMap::new(), findings);
        return None;
    }
    let checked = nodes::check(raw, findings);
    let written = nodes::written(raw);
    let settings = top::settings(map);
    if findings.nodes_passed() {
        for problem in structure::check(&checked) {
            let author = written.get(&problem.chain()).map(|datum| Author {
                datum,
                tree,
                file: FileId::ROOT,
                through: Vec::new(),
            });
            // A circle is shown at its first node.
            let first = || problem.mentions.first().and_then(|id| written.get(id));
            let fallback = first().map_or_else(|| place_of_nodes(map), place::narrow);
            let diagnostic = nodes::problem(&problem, author.as_ref(), fallback);
            findings.graph_about(diagnostic, &problem.mentions);
        }
    }
    top::providers(map, &checked, &written, findings);
    top::late(map, findings);
    if findings.nodes_passed() {
        outcome::returns(map, &checked, findings);
        if let Some(problem) = outcome::outcome_field(
            map.get("outcome_field").map(Datum::to_json).as_ref(),
            settings.returns.as_deref(),
            &checked,
        ) {
            findings.graph(outcome::diagnostic(&problem, map));
        }
    }
    let warnings = top_warnings::check(map, &checked, &written, findings)
        + node_warnings::check(&written, findings);
    Some(Parsed {
        nodes: checked,
        written,
        warnings,
        ..settings
    })
}

fn place_of_nodes(map: &Map) -> Loc {
    map.field("nodes").map_or(
        Loc {
            file: FileId::ROOT,
            span: Span::empty(Offset::new(0)),
        },
        |f| f.key.loc,
    )
}
