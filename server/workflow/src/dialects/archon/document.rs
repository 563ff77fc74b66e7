//! From a tree to values: scalars by YAML 1.2, aliases followed, merge keys resolved, of a key written twice the last
//! one counts. Reports R1 and what the dialect's reader takes in silence.

use fermata_expr::archon::js;
use fermata_syntax::{Kind, Mapping, Node, ProblemKind, ScalarStyle, Tree};

use super::findings::Findings;
use super::scalars::{self, Plain};
use crate::data::{Datum, Field, Map, Shape};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{FileId, Loc, Text};

/// The root value; `None` for a file without one.
pub(super) fn read(tree: &Tree, file: FileId, findings: &mut Findings) -> Option<Datum> {
    report(tree, file, findings);
    merges(tree, file, findings);
    Some(datum(tree.root()?, file, 0))
}

fn report(tree: &Tree, file: FileId, findings: &mut Findings) {
    let broken = |kind: ProblemKind| {
        matches!(
            kind,
            ProblemKind::UnknownAlias
                | ProblemKind::AliasBomb
                | ProblemKind::TooDeep
                | ProblemKind::TooLarge
        )
    };
    let mut problems: Vec<_> = tree.problems().iter().collect();
    problems.sort_by_key(|p| (!p.primary, p.span.start()));
    for problem in problems {
        let loc = Loc {
            file,
            span: problem.span,
        };
        let related = |d: Diagnostic, message: &str| match problem.related {
            Some(span) => d.related(Loc { file, span }, message),
            None => d,
        };
        if problem.primary || broken(problem.kind) {
            let code = if problem.kind == ProblemKind::UnknownAlias {
                "unknown-alias"
            } else {
                "yaml-syntax"
            };
            let diagnostic =
                Diagnostic::new(code, Severity::Error, loc, problem.message.clone()).upstream("R1");
            findings.file(related(diagnostic, "it begins here"));
        } else if problem.kind == ProblemKind::DuplicateKey {
            let message =
                "This key stands above already; the dialect takes the last one without a word";
            findings.ours(related(
                Diagnostic::new("duplicate-key", Severity::Warning, loc, message),
                "the first one",
            ));
        }
    }
}

/// `<<` before anything but a mapping, or a list of them, merges nothing.
fn merges(tree: &Tree, file: FileId, findings: &mut Findings) {
    let merges = |node: Node<'_>| {
        let node = node.resolved();
        let all = node.as_sequence();
        node.as_mapping().is_some()
            || all.is_some_and(|s| s.items().all(|n| n.resolved().as_mapping().is_some()))
    };
    let mappings = tree.nodes().filter_map(Node::as_mapping);
    for entry in mappings.flat_map(|m| m.entries()) {
        if entry.key_text() == Some("<<") && !merges(entry.value) {
            let span = entry.value.span();
            let message = "`<<` merges mappings, and this is none: it has no effect";
            findings.ours(Diagnostic::new(
                "merge-key",
                Severity::Warning,
                Loc { file, span },
                message,
            ));
        }
    }
}

/// Deeper than this nothing is read: aliases can nest what the parser's limit does not see.
const DEPTH: usize = 200;

fn datum(node: Node<'_>, file: FileId, depth: usize) -> Datum {
    let loc = Loc {
        file,
        span: node.span(),
    };
    let target = node.resolved();
    let shape = match target.kind() {
        _ if depth > DEPTH => Shape::Null,
        Kind::Scalar(scalar) => {
            let text = |value: &str| {
                Shape::Text(Text {
                    value: value.to_owned(),
                    loc,
                    node: Some(target.id()),
                    substituted: target.id() != node.id(),
                    partials: Default::default(),
                })
            };
            let plain = scalar.style() == ScalarStyle::Plain
                && target.tag().is_none_or(|t| t != "tag:yaml.org,2002:str");
            let meaning = if plain {
                scalars::plain(scalar.value())
            } else {
                Plain::Text
            };
            match meaning {
                Plain::Null => Shape::Null,
                Plain::Bool(b) => Shape::Bool(b),
                Plain::Int(n) => Shape::Int(n),
                Plain::Float(n) => Shape::Float(n),
                Plain::Text => text(scalar.value()),
            }
        }
        Kind::Sequence(items) => {
            Shape::List(items.items().map(|n| datum(n, file, depth + 1)).collect())
        }
        Kind::Mapping(mapping) => Shape::Map(map(mapping, file, depth)),
        Kind::Alias(_) => Shape::Null,
    };
    let plain = target
        .as_scalar()
        .is_some_and(|s| s.style() == ScalarStyle::Plain);
    Datum { shape, loc, plain }
}

fn map(mapping: Mapping<'_>, file: FileId, depth: usize) -> Map {
    let mut merged: Vec<Vec<Field>> = Vec::new();
    let mut own: Vec<Field> = Vec::new();
    for entry in mapping.entries() {
        let value = datum(entry.value, file, depth + 1);
        if entry.key_text() == Some("<<") && depth < DEPTH {
            match value.shape {
                Shape::Map(map) => {
                    merged.push(map.entries);
                    continue;
                }
                Shape::List(items) => {
                    merged.extend(items.iter().filter_map(|i| Some(i.map()?.entries.clone())));
                    continue;
                }
                // A key like any other.
                _ => {}
            }
        }
        let key = datum(entry.key, file, depth + 1);
        let text = Text {
            value: key_text(&key),
            loc: key.loc,
            node: Some(entry.key.resolved().id()),
            substituted: false,
            partials: Default::default(),
        };
        let shape = Shape::Text(text);
        own.push(Field {
            key: Datum { shape, ..key },
            value,
        });
    }
    // Of several merged maps the first one counts, and before it what the map says itself.
    let merged = merged.into_iter().rev().flatten();
    Map {
        entries: merged.chain(own).collect(),
    }
}

/// Every key is a text in the end, as JavaScript writes the value.
pub(super) fn key_text(key: &Datum) -> String {
    match &key.shape {
        Shape::Text(text) => text.value.clone(),
        Shape::List(items) => {
            let one = |item: &Datum| match item.shape {
                Shape::Null => String::new(),
                _ => key_text(item),
            };
            items.iter().map(one).collect::<Vec<_>>().join(",")
        }
        Shape::Map(_) => "[object Object]".to_owned(),
        Shape::Null => "null".to_owned(),
        Shape::Bool(flag) => flag.to_string(),
        #[allow(clippy::cast_precision_loss)]
        Shape::Int(n) => js::number(*n as f64),
        Shape::Float(n) if n.is_nan() => "NaN".to_owned(),
        Shape::Float(n) if n.is_infinite() => {
            let sign = if *n < 0.0 { "-" } else { "" };
            format!("{sign}Infinity")
        }
        Shape::Float(n) => js::number(*n),
        _ => key.key_string(),
    }
}
