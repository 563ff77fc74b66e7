//! Folding: one fold per step, per input block and per long text.

use fermata_syntax::{Kind, Node, Span};

use crate::snapshot::Snapshot;

/// A range of lines that can be folded, as a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// From the line that stays visible to the last line.
    pub span: Span,
}

/// The folds of a document, outer ones first.
#[must_use]
pub fn folds(snapshot: &Snapshot) -> Vec<Fold> {
    let mut found = Vec::new();
    if let Some(root) = snapshot.tree().and_then(|tree| tree.root()) {
        collect(root, &mut found);
    }
    found
}

fn collect(node: Node<'_>, found: &mut Vec<Fold>) {
    match node.kind() {
        Kind::Mapping(mapping) => {
            for entry in mapping.entries() {
                found.push(Fold {
                    span: entry.key.span().cover(entry.value.span()),
                });
                collect(entry.value, found);
            }
        }
        Kind::Sequence(sequence) => {
            for item in sequence.items() {
                found.push(Fold { span: item.span() });
                collect(item, found);
            }
        }
        Kind::Scalar(_) | Kind::Alias(_) => {}
    }
}
