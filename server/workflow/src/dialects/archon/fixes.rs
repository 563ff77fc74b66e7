//! Edits that mend what the dialect reports, by code: only where one edit is right. What a rule suggests is in its
//! message already (`structure::suggest`); here it becomes an edit.

use fermata_expr::archon::reference;
use fermata_syntax::{Span, Tree};

use super::structure;
use crate::data::Map;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::edits;
use crate::source::FileId;

/// Codes whose place is a key without effect.
const REMOVED: &[&str] = &[
    "ai-fields-ignored",
    "deprecated-capture-response",
    "deps-ignored",
    "include-fields-ignored",
    "retry-not-supported",
    "signal-completes-without-interactive",
    "with-ignored",
];
/// Codes whose place is a reference, of which only the id is wrong.
const REFERENCES: &[&str] = &["ref-unknown-node", "when-unknown-node"];
/// Codes whose place is one wrong name.
const NAMES: &[&str] = &[
    "command-not-found",
    "context-resume-unknown",
    "include-input-undeclared",
    "include-target-unknown",
    "returns-unknown",
    "tool-renamed",
    "tool-unknown",
    "unknown-dependency",
    "unknown-model-alias",
    "unknown-node-key",
    "unknown-node-provider",
    "unknown-provider",
    "unknown-workflow-key",
];
/// Codes that are mended by depending on a node.
const DEPENDENCIES: &[&str] = &[
    "binding-not-upstream",
    "context-resume-not-upstream",
    "fan-out-items-not-upstream",
];

/// Gives every diagnostic of the file itself its fixes.
pub(super) fn attach(all: &mut [Diagnostic], map: &Map, tree: &Tree) {
    for diagnostic in all.iter_mut().filter(|d| d.loc.file == FileId::ROOT) {
        if let Some(fix) = fix(diagnostic, map, tree) {
            diagnostic.fixes.push(fix);
        }
    }
}

fn fix(found: &Diagnostic, map: &Map, tree: &Tree) -> Option<Fix> {
    let code = found.code;
    if REMOVED.contains(&code) {
        let edit = edits::remove_entry(tree, found.loc.span)?;
        return one(format!("Remove `{}`", covered(found, tree)?), edit);
    }
    if NAMES.contains(&code) {
        let name = structure::suggested(&found.message)?;
        return one(
            format!("Change to `{name}`"),
            replace(whole_scalar(tree, found.loc.span)?, edits::scalar(name)),
        );
    }
    if REFERENCES.contains(&code) {
        let name = structure::suggested(&found.message)?;
        let written = covered(found, tree)?;
        let id = reference::dotted_refs(written).into_iter().next()?;
        let start = found.loc.span.start();
        let at = |n: usize| Some(start + fermata_syntax::Offset::try_from(n).ok()?);
        let span = Span::new(at(id.node_span.start)?, at(id.node_span.end)?);
        return one(
            format!("Change to `{name}`"),
            replace(span, name.to_owned()),
        );
    }
    if DEPENDENCIES.contains(&code) {
        let (_, rest) = found.message.split_once('\'')?;
        let (name, _) = rest.split_once('\'')?;
        let edit = edits::depend_on(tree, enclosing_node(tree, found.loc.span)?, name)?;
        return one(format!("Depend on `{name}`"), edit);
    }
    if code == "duplicate-key" {
        // The last one counts, so that nothing changes without the one before.
        let before = found.related.first()?;
        let edit = edits::remove_entry(tree, before.loc.span)?;
        return one(
            "Remove the one above, which does not count".to_owned(),
            edit,
        );
    }
    match code {
        "deprecated-reasoning-effort" if map.get("effort").is_none() => one(
            "Rename to `effort`".to_owned(),
            replace(found.loc.span, "effort".to_owned()),
        ),
        "undeclared-pause" => {
            let key = map.field("nodes")?.key.loc.span;
            let edit = match map.field("interactive") {
                Some(field) => replace(field.value.loc.span, "true".to_owned()),
                None => edits::entry_before(tree, key, "interactive: true")?,
            };
            one("Say `interactive: true`".to_owned(), edit)
        }
        "type-mismatch" if found.message.contains("must be true or false") => {
            truth(tree, found.loc.span)
        }
        "type-mismatch" if found.message.ends_with("must be a list, found a text") => {
            let span = whole_scalar(tree, found.loc.span)?;
            let written = covered(found, tree)?;
            let edit = replace(span, format!("[{}]", tree.slice(span)));
            let line = !written.contains(['\n', ',']);
            line.then(|| one("Make it a list".to_owned(), edit))?
        }
        "dropped-invalid" => {
            let (_, entry) = edits::entry_at(tree, found.loc.span)?;
            const FLAGS: &[&str] = &["interactive", "mutates_checkout", "persist_sessions"];
            FLAGS
                .contains(&entry.key_text()?)
                .then(|| truth(tree, entry.value.span()))?
        }
        "double-quoted-ref" => unquoted(found, tree),
        "retry-bounds" => nearest_bound(found, tree),
        "loop-max-iterations" if found.message.contains("missing") => {
            let (_, entry) = edits::entry_at(tree, found.loc.span)?;
            let first = entry.value.as_mapping()?.entries().next()?;
            let edit = edits::entry_before(tree, first.key.span(), "max_iterations: 5")?;
            one("Bound the loop at 5 iterations".to_owned(), edit)
        }
        _ => None,
    }
}

fn one(title: String, edit: Edit) -> Option<Fix> {
    Some(Fix {
        title,
        edits: vec![edit],
    })
}

fn replace(span: Span, text: String) -> Edit {
    Edit { span, text }
}

fn covered<'t>(found: &Diagnostic, tree: &'t Tree) -> Option<&'t str> {
    tree.text()
        .get(std::ops::Range::<usize>::from(found.loc.span))
}

/// A scalar with its quotes; the span itself must be one.
fn whole_scalar(tree: &Tree, span: Span) -> Option<Span> {
    let node = tree.path_at(span.start()).into_iter().last()?;
    let scalar = node.as_scalar().filter(|_| node.resolved() == node)?;
    (scalar.span() == span || scalar.content_span() == span).then(|| scalar.span())
}

/// A word of old YAML, or a quoted truth value, as the value that it stands for.
fn truth(tree: &Tree, span: Span) -> Option<Fix> {
    let node = tree.path_at(span.start()).into_iter().last()?;
    let word = node.as_scalar()?.value().to_ascii_lowercase();
    let value = match word.as_str() {
        "yes" | "on" | "true" | "1" => "true",
        "no" | "off" | "false" | "0" => "false",
        _ => return None,
    };
    one(
        format!("Change to `{value}`"),
        replace(whole_scalar(tree, span)?, value.to_owned()),
    )
}

fn nearest_bound(found: &Diagnostic, tree: &Tree) -> Option<Fix> {
    let (low, high) = match found.path.as_deref()? {
        "retry.max_attempts" => (1.0, 5.0),
        "retry.delay_ms" => (1000.0, 60_000.0),
        _ => return None,
    };
    let written: f64 = covered(found, tree)?.parse().ok()?;
    let bound = written.round().clamp(low, high);
    one(
        format!("Change to {bound}"),
        replace(found.loc.span, bound.to_string()),
    )
}

/// Ends the shell's double quotes before a reference and begins them again behind it. A blank before the reference
/// leaves the quotes too, since the dialect takes a quote behind a blank for one that opens.
fn unquoted(found: &Diagnostic, tree: &Tree) -> Option<Fix> {
    let written = covered(found, tree)?.strip_prefix('"')?;
    let reference = reference::node_refs(written).pop()?;
    let lead = &written[..reference.span.start];
    let kept = lead.trim_end_matches([' ', '\t', '=']);
    let moved = lead[kept.len()..].replace(' ', "\\ ").replace('\t', "\\\t");
    let offset = |n: usize| fermata_syntax::Offset::try_from(n).ok();
    let span = found.loc.span;
    let start = span.start() + offset(1 + reference.span.start)?;
    let before = if kept.is_empty() {
        replace(Span::new(span.start(), start), moved)
    } else {
        let end = span.start() + offset(1 + kept.len())?;
        replace(Span::new(end, start), format!("\"{moved}"))
    };
    let closes = tree.text()[usize::from(span.end())..].starts_with('"');
    let after = if closes {
        replace(
            Span::new(span.end(), span.end() + offset(1)?),
            String::new(),
        )
    } else {
        replace(Span::empty(span.end()), "\"".to_owned())
    };
    Some(Fix {
        title: "Take the reference out of the double quotes".to_owned(),
        edits: vec![before, after],
    })
}

/// The innermost mapping with an `id` around a span.
fn enclosing_node(tree: &Tree, span: Span) -> Option<Span> {
    let path = tree.path_at(span.start());
    path.into_iter()
        .rev()
        .find(|n| n.as_mapping().is_some_and(|m| m.get("id").is_some()))
        .map(fermata_syntax::Node::span)
}
