//! The rule on Archon's nodes: conditions that no declared value can satisfy, and what waits for such nodes or stands
//! behind an unconditional `cancel`.

use std::collections::BTreeMap;

use fermata_expr::archon::atom::{Atom, AtomRef, Comparison};
use fermata_expr::archon::condition;
use fermata_workflow::dag::Reading;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Loc, Severity, Workflow};

use super::RULE;
use crate::nodes::{self, Nodes};
use crate::rule::Report;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    let mut lost: BTreeMap<usize, (Loc, String)> = BTreeMap::new();
    for at in 0..nodes.dag.nodes.len() {
        if let Some(why) = impossible(&nodes, at) {
            lost.insert(at, why);
        }
    }
    // In as many turns as there are nodes everything has followed.
    for _ in 0..nodes.dag.nodes.len() {
        let before = lost.len();
        for at in 0..nodes.dag.nodes.len() {
            if let Some(why) = behind(&nodes, at, &lost).filter(|_| !lost.contains_key(&at)) {
                lost.insert(at, why);
            }
        }
        if lost.len() == before {
            break;
        }
    }
    for (at, (loc, why)) in lost {
        let step = nodes.dag.nodes[at].step;
        let message = format!("`{}` never runs: {why}", step.name.trim());
        report.add(nodes::finding(
            RULE.code,
            Severity::Warning,
            loc,
            step,
            message,
        ));
    }
}

/// Why the condition of a node can never hold, and which part of it.
fn impossible(nodes: &Nodes<'_>, at: usize) -> Option<(Loc, String)> {
    let texts = nodes.texts(at);
    let when = texts.iter().find(|t| t.reading == Reading::When)?;
    let mut first = None;
    for alternative in condition::parse(when.text()) {
        // A condition that cannot be read is for another rule.
        let atoms: Vec<Atom> = alternative
            .into_iter()
            .map(|p| p.atom)
            .collect::<Option<_>>()?;
        let alone = atoms
            .iter()
            .find_map(|a| Some((a.expected_span.clone(), outside(nodes, at, a)?)));
        let together = || {
            atoms.iter().enumerate().find_map(|(n, a)| {
                let other = atoms[..n].iter().find(|b| {
                    b.reference == a.reference
                        && a.comparison == Comparison::Equal
                        && b.comparison == Comparison::Equal
                        && a.expected != b.expected
                })?;
                let why = format!(
                    "it would have to be `{}` and `{}` at once",
                    other.expected, a.expected
                );
                Some((a.expected_span.clone(), why))
            })
        };
        let (span, why) = alone.or_else(together)?;
        first.get_or_insert((nodes::at(when.span(span)), why));
    }
    first
}

/// Why a comparison can never hold by what its node declares.
fn outside(nodes: &Nodes<'_>, at: usize, atom: &Atom) -> Option<String> {
    let AtomRef::Node {
        node,
        field: Some(field),
    } = &atom.reference
    else {
        return None;
    };
    if atom.comparison != Comparison::Equal {
        return None;
    }
    let producer = &nodes.dag.nodes[nodes.dag.find(at, node)?];
    let expected = atom.expected.as_str();
    let values: Vec<String> = match producer.kind {
        ArchonKind::Approval { raw, .. } if field == "decision" => {
            let decisions = nodes::value(raw, &["decisions"])?.as_array()?;
            decisions
                .iter()
                .filter_map(|d| Some(d.get("id")?.as_str()?.to_owned()))
                .collect()
        }
        _ => {
            let format = &producer.settings.output_format.as_ref()?.value;
            let property = format.get("properties")?.get(field)?;
            match property.get("enum").and_then(|e| e.as_array()) {
                Some(words) => words
                    .iter()
                    .map(fermata_expr::archon::js::canonical)
                    .collect(),
                None if property.get("type")? == "boolean" => {
                    vec!["true".to_owned(), "false".to_owned()]
                }
                None => return None,
            }
        }
    };
    // A field that is not required may be missing, and then reads as an empty text.
    let possible = expected.is_empty() || values.iter().any(|v| v == expected);
    (!possible).then(|| {
        format!(
            "`{field}` of `{node}` is {}, never `{expected}`",
            values
                .iter()
                .map(|v| format!("`{v}`"))
                .collect::<Vec<_>>()
                .join(" or ")
        )
    })
}

/// Why a node never runs because of what it waits for.
fn behind(
    nodes: &Nodes<'_>,
    at: usize,
    lost: &BTreeMap<usize, (Loc, String)>,
) -> Option<(Loc, String)> {
    let node = &nodes.dag.nodes[at];
    let waits: Vec<(usize, Loc)> = node
        .settings
        .depends_on
        .iter()
        .filter_map(|text| {
            let found = nodes.dag.beside(node.group, text.as_str())?;
            Some((found, text.loc))
        })
        .collect();
    let cancels = |n: usize| {
        let other = &nodes.dag.nodes[n];
        matches!(other.kind, ArchonKind::Cancel { .. })
            && other.settings.when.is_none()
            && other.settings.trigger_rule.is_none()
            && !lost.contains_key(&n)
    };
    if let Some((n, loc)) = waits.iter().find(|(n, _)| cancels(*n)) {
        let name = nodes.dag.nodes[*n].step.name.trim();
        return Some((*loc, format!("`{name}` ends the run before")));
    }
    let dead: Vec<&(usize, Loc)> = waits.iter().filter(|(n, _)| lost.contains_key(n)).collect();
    let rule = node
        .settings
        .trigger_rule
        .as_ref()
        .map_or("all_success", |t| t.as_str());
    let stops = match rule {
        "all_done" => false,
        "all_success" => !dead.is_empty(),
        _ => !waits.is_empty() && dead.len() == waits.len(),
    };
    let (n, loc) = dead.first().filter(|_| stops)?;
    let name = nodes.dag.nodes[*n].step.name.trim();
    Some((*loc, format!("it waits for `{name}`, which never runs")))
}
