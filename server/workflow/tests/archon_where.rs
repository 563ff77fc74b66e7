//! Where Archon's own tool names a node and a field, the diagnostic stands there: measured over every recorded error,
//! warning and note.

#[path = "archon/corpus.rs"]
#[allow(dead_code)]
mod corpus;

use std::path::Path;

use corpus::{corpus, rows, world};
use fermata_syntax::{Node, Offset, Span, Tree};
use fermata_workflow::{Dialect, FileId, load_as};
use serde_json::Value;

/// Of a hundred recorded places, so many must be met.
const WANTED: f64 = 99.0;

/// Settings of a workflow that hold for its nodes.
const INHERITED: &[&str] = &[
    "provider",
    "model",
    "effort",
    "thinking",
    "fallbackModel",
    "betas",
    "sandbox",
];

/// The nodes below a list that a chain of ids (or `#n`) names; of several with one id, all.
fn named<'t>(list: Node<'t>, chain: &[&str]) -> Vec<Node<'t>> {
    let (Some((first, rest)), Some(items)) = (chain.split_first(), list.resolved().as_sequence())
    else {
        return Vec::new();
    };
    let wanted = |(at, node): &(usize, Node<'t>)| {
        let id = node.resolved().as_mapping().and_then(|m| m.get("id"));
        let id = id.and_then(|e| Some(e.value.resolved().as_scalar()?.value().trim()));
        id == Some(first) || *first == format!("#{}", at + 1)
    };
    let found = items
        .items()
        .enumerate()
        .filter(wanted)
        .map(|(_, node)| node);
    if rest.is_empty() {
        return found.collect();
    }
    found
        .filter_map(|node| below(node.resolved(), "loop_group"))
        .filter_map(|group| below(group, "nodes"))
        .flat_map(|body| named(body, rest))
        .collect()
}

fn below<'t>(node: Node<'t>, key: &str) -> Option<Node<'t>> {
    Some(node.resolved().as_mapping()?.get(key)?.value)
}

/// The entry that a dotted field names, as far as it is written.
fn region(node: Node<'_>, field: &str) -> Span {
    let mut at = node.resolved();
    let mut span = node.full_span().cover(at.span());
    for part in field.split('.').filter(|p| !p.is_empty()) {
        let next = match part.parse::<usize>() {
            Ok(index) => at
                .as_sequence()
                .and_then(|s| s.get(index))
                .map(|n| (n, n.full_span())),
            Err(_) => at
                .as_mapping()
                .and_then(|m| m.get(part))
                .map(|e| (e.value, e.span())),
        };
        let Some((value, own)) = next else { break };
        at = value.resolved();
        span = own;
    }
    span
}

fn regions(tree: &Tree, said: &Value) -> Option<Vec<Span>> {
    let root = tree.root()?;
    let field = said["field"].as_str().unwrap_or_default();
    let Some(node) = said["node"].as_str() else {
        // What is said of the file as a whole may stand anywhere in it: behind its last value too.
        let whole = Span::new(
            Offset::new(0),
            Offset::try_from(tree.text().len()).expect("a file of that size"),
        );
        return Some(vec![if field.is_empty() {
            whole
        } else {
            region(root, field)
        }]);
    };
    let within = said["within"].as_str().unwrap_or_default();
    let chain: Vec<&str> = within
        .split('/')
        .filter(|g| !g.is_empty())
        .chain([node])
        .collect();
    let found = named(below(root, "nodes")?, &chain);
    // Nodes that came in by an include stand in another file.
    // What a node does not say itself it has from its workflow, and that is where it is mended.
    let top = field.split('.').next().unwrap_or_default();
    let place = |node: Node<'_>| {
        let inherits = INHERITED.contains(&top) && below(node.resolved(), top).is_none();
        let from = if inherits && below(root, top).is_some() {
            root
        } else {
            node
        };
        region(from, field)
    };
    (!found.is_empty()).then(|| found.into_iter().map(place).collect())
}

#[test]
#[allow(clippy::cast_precision_loss)]
fn what_the_dialects_tool_says_of_a_field_stands_at_that_field() {
    let Some(corpus) = corpus() else { return };
    let mut files = world(&corpus.join("mutations_project"));
    let subject = Path::new("/project/.archon/workflows/subject.yaml");
    let (mut all, mut met, mut missed) = (0usize, 0usize, Vec::new());
    for row in rows(&corpus.join("mutations.jsonl")) {
        files.add_file(subject, row["yaml"].as_str().expect("yaml"));
        let loaded = load_as(&files, subject, Dialect::Archon);
        let tree = &loaded.sources.get(FileId::ROOT).expect("the file").tree;
        let parts = ["errors", "warnings", "notes"];
        for said in parts.iter().filter_map(|p| row[*p].as_array()).flatten() {
            let Some(regions) = regions(tree, said) else {
                continue;
            };
            all += 1;
            let rule = said["rule"].as_str();
            let there = loaded.diagnostics.iter().any(|d| {
                d.upstream == rule
                    && d.loc.file == FileId::ROOT
                    && regions.iter().any(|r| r.contains_range(d.loc.span))
            });
            met += usize::from(there);
            if !there {
                let ours: Vec<&str> = loaded
                    .diagnostics
                    .iter()
                    .filter(|d| d.upstream == rule && d.loc.file == FileId::ROOT)
                    .map(|d| tree.slice(d.loc.span))
                    .collect();
                missed.push(format!("{} {} ours {ours:?}", row["id"], said));
            }
        }
    }
    let share = 100.0 * met as f64 / all.max(1) as f64;
    eprintln!("places: {met} of {all} ({share:.2} %)");
    if let Some(folder) = std::env::var_os("FERMATA_CONFORMANCE_REPORT") {
        let path = Path::new(&folder).with_extension("places");
        std::fs::write(path, missed.join("\n")).expect("report");
    }
    assert!(share >= WANTED, "{share:.2} %\n{}", missed.join("\n"));
}
