//! Does this crate accept and reject what others do, and see the same tree?
//! Asked of another parser (`yaml-rust2`) and of the dialects' own verdicts.
//! The lists of differences are snapshots: names of cases and reasons only.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod corpus;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use fermata_syntax::{Kind, Node, ProblemKind, ScalarStyle, Tree, parse};
use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::Marker;

/// A row of a `mutations.jsonl`.
struct Row {
    id: String,
    yaml: String,
    /// Whether the dialect's own parser could read it, whatever it thought of
    /// the content.
    parses: bool,
    /// Where it says it stopped: line and column, from 1.
    position: Option<(u64, u64)>,
    /// The rules it names.
    rules: Vec<String>,
}

/// The rows of one dialect, `archon` or `conductor`.
fn rows(root: &Path, dialect: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(root.join(dialect).join("mutations.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let rules: Vec<String> = row["rules"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|rule| rule.as_str().map(str::to_owned))
                .collect();
            let unreadable = match dialect {
                "archon" => ["R1"].as_slice(),
                _ => ["L4", "L7"].as_slice(),
            };
            let position = &row["position"];
            Row {
                id: format!("{dialect}/{}", row["id"].as_str().unwrap()),
                yaml: row["yaml"].as_str().unwrap().to_owned(),
                parses: !rules.iter().any(|rule| unreadable.contains(&rule.as_str())),
                position: position["line"].as_u64().zip(position["column"].as_u64()),
                rules,
            }
        })
        .collect()
}

/// The first problem that makes a strict reader stop.
fn rejected(tree: &Tree) -> Option<ProblemKind> {
    tree.problems().iter().find(|p| p.primary).map(|p| p.kind)
}

/// The structure of the first document, as a string that both can write.
fn shape(node: Option<Node<'_>>, anchors: &mut Vec<String>, out: &mut String) {
    let Some(node) = node else { return };
    if let Some(anchor) = node.anchor() {
        anchors.push(anchor.to_owned());
        let _ = write!(out, "&{} ", anchors.len());
    }
    match node.kind() {
        Kind::Scalar(scalar) => {
            let null = scalar.style() == ScalarStyle::Plain && scalar.value() == "~";
            let _ = write!(out, "{:?} ", if null { "" } else { scalar.value() });
        }
        Kind::Alias(alias) => {
            let number = anchors.iter().rposition(|anchor| anchor == alias.name());
            let _ = write!(out, "*{} ", number.map_or(0, |number| number + 1));
        }
        Kind::Sequence(sequence) => {
            out.push_str("[ ");
            for item in sequence.items() {
                shape(Some(item), anchors, out);
            }
            out.push_str("] ");
        }
        Kind::Mapping(mapping) => {
            out.push_str("{ ");
            for entry in mapping.entries() {
                shape(Some(entry.key), anchors, out);
                shape(Some(entry.value), anchors, out);
            }
            out.push_str("} ");
        }
    }
}

#[derive(Default)]
struct Other {
    shape: String,
    documents: usize,
}

impl MarkedEventReceiver for Other {
    fn on_event(&mut self, event: Event, _: Marker) {
        if event == Event::DocumentStart {
            self.documents += 1;
        }
        if self.documents > 1 {
            return;
        }
        let out = &mut self.shape;
        let anchor = match &event {
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _) => *anchor,
            _ => 0,
        };
        if anchor > 0 {
            let _ = write!(out, "&{anchor} ");
        }
        let _ = match event {
            Event::Scalar(value, style, _, _) => {
                let plain = style == yaml_rust2::scanner::TScalarStyle::Plain;
                let value = if plain && value == "~" {
                    String::new()
                } else {
                    value
                };
                write!(out, "{value:?} ")
            }
            Event::Alias(number) => write!(out, "*{number} "),
            Event::SequenceStart(..) => write!(out, "[ "),
            Event::SequenceEnd => write!(out, "] "),
            Event::MappingStart(..) => write!(out, "{{ "),
            Event::MappingEnd => write!(out, "}} "),
            _ => Ok(()),
        };
    }
}

fn compare(text: &str) -> Option<String> {
    let tree = parse(text);
    let ours = rejected(&tree);
    let mut other = Other::default();
    let theirs = Parser::new_from_str(text).load(&mut other, true);
    match (ours, theirs) {
        (None, Ok(())) => {
            let mut mine = String::new();
            shape(tree.root(), &mut Vec::new(), &mut mine);
            (mine != other.shape).then(|| {
                let mark = text.starts_with('\u{feff}');
                let why = if mark {
                    "another tree: it keeps the byte-order mark"
                } else {
                    "another tree"
                };
                why.to_owned()
            })
        }
        (None, Err(error)) => Some(format!("only yaml-rust2 rejects: {}", error.info())),
        (Some(kind), Ok(())) => Some(format!("only we reject: {kind:?}")),
        (Some(_), Err(_)) => None,
    }
}

#[test]
fn differences_to_another_parser_are_known() {
    let Some(root) = corpus::root() else { return };
    let mut differences = BTreeMap::<String, Vec<String>>::new();
    let mut count = 0;
    let texts =
        corpus::files(&root)
            .into_iter()
            .chain(["archon", "conductor"].into_iter().flat_map(|dialect| {
                rows(&root, dialect)
                    .into_iter()
                    .map(|row| (row.id, row.yaml))
            }));
    for (id, text) in texts {
        count += 1;
        if let Some(difference) = compare(&text) {
            differences.entry(difference).or_default().push(id);
        }
    }
    println!(
        "{count} texts, differences: {}",
        differences.values().map(Vec::len).sum::<usize>()
    );
    insta::assert_snapshot!("yaml_rust2", list(&differences));
}

#[test]
fn differences_to_the_dialects_own_parsers_are_known() {
    let Some(root) = corpus::root() else { return };
    let mut differences = BTreeMap::<String, Vec<String>>::new();
    for dialect in ["archon", "conductor"] {
        for row in rows(&root, dialect) {
            let ours = rejected(&parse(&row.yaml));
            let difference = match (ours, row.parses) {
                (None, false) => format!("only {dialect} rejects"),
                (Some(kind), true) => format!("only we reject: {kind:?}"),
                (None, true) | (Some(_), false) => continue,
            };
            differences.entry(difference).or_default().push(row.id);
        }
    }
    insta::assert_snapshot!("dialects", list(&differences));
}

#[test]
fn problems_are_where_the_dialects_parser_sees_them() {
    let Some(root) = corpus::root() else { return };
    let (mut all, mut same, mut near) = (0, 0, 0);
    let verbose = std::env::var_os("FERMATA_VERBOSE").is_some();
    for row in rows(&root, "conductor") {
        let Some((line, column)) = row.position else {
            continue;
        };
        let tree = parse(&row.yaml);
        let wanted = match row.rules.first().map(String::as_str) {
            Some("L5") => Some(ProblemKind::DuplicateKey),
            Some("L6") => Some(ProblemKind::MultipleDocuments),
            _ => None,
        };
        let problem = tree
            .problems()
            .iter()
            .find(|p| wanted.map_or(p.primary, |kind| p.kind == kind));
        all += 1;
        let Some(problem) = problem else {
            println!(
                "{} has no problem of kind {wanted:?} ({:?})",
                row.id, row.rules
            );
            continue;
        };
        let at = tree.line_index().line_of(problem.span.start());
        let ours = u64::from(at) + 1;
        same += u32::from(ours == line);
        near += u32::from(ours.abs_diff(line) <= 1);
        if verbose && ours != line {
            let text = tree
                .text()
                .lines()
                .nth(at as usize)
                .unwrap_or("")
                .to_owned();
            println!(
                "{} {:?} ours {ours} theirs {line}:{column}: {} | {text}",
                row.id, row.rules, problem.message
            );
        }
    }
    println!("positions: {all}, same line: {same}, at most one line away: {near}");
    assert!(near * 10 >= all * 9, "{near} of {all}");
}

fn list(differences: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = String::new();
    for (reason, ids) in differences {
        let _ = writeln!(out, "{reason} ({})", ids.len());
        for id in ids {
            let _ = writeln!(out, "  {id}");
        }
    }
    out
}
