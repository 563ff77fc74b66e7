//! Selection ranges: what "expand selection" goes through, from a word to the file.

use fermata_syntax::{Kind, Node, Offset, Span};

use crate::snapshot::Snapshot;

/// The stretches around an offset, the innermost first, each inside the next. The last is the whole document.
#[must_use]
pub fn selections(snapshot: &Snapshot, offset: Offset) -> Vec<Span> {
    let Some(tree) = snapshot.tree() else {
        return Vec::new();
    };
    let text = tree.text();
    let end = Offset::try_from(text.len()).unwrap_or(offset);
    let offset = offset.min(end);
    let mut around = vec![Span::new(Offset::new(0), end)];
    if let Some(root) = tree.root() {
        descend(root, offset, &mut around);
    }
    around.reverse();
    if let Some(inner) = around.first().copied() {
        let inside = within(text, inner, offset);
        around.splice(0..0, inside);
    }
    let mut found: Vec<Span> = Vec::new();
    for span in around {
        let fits = found
            .last()
            .is_none_or(|last| span.contains_range(*last) && span != *last);
        if !span.is_empty() && span.contains_inclusive(offset) && fits {
            found.push(span);
        }
    }
    if found.is_empty() {
        found.push(Span::empty(offset));
    }
    found
}

/// The nodes and entries that an offset is in, the outermost first.
fn descend(node: Node<'_>, offset: Offset, around: &mut Vec<Span>) {
    around.push(node.full_span());
    around.push(node.span());
    match node.kind() {
        Kind::Mapping(mapping) => {
            // Behind a value the next entry may begin at once: the key is nearer then.
            let entries = || mapping.entries();
            let on_key = entries().find(|e| e.key.span().contains_inclusive(offset));
            let found = on_key.or_else(|| entries().find(|e| e.span().contains_inclusive(offset)));
            if let Some(entry) = found {
                around.push(entry.span());
                if entry.key.span().contains_inclusive(offset) {
                    around.push(entry.key.span());
                } else if entry.value.span().contains_inclusive(offset) {
                    descend(entry.value, offset, around);
                }
            }
        }
        Kind::Sequence(items) => {
            let inside = |item: &Node<'_>| item.span().contains_inclusive(offset);
            if let Some(item) = items.items().find(inside) {
                descend(item, offset, around);
            }
        }
        Kind::Scalar(scalar) => around.push(scalar.content_span()),
        Kind::Alias(_) => {}
    }
}

/// What a person means inside of one text: the word, the reference that it is part of, the template round it, the line.
fn within(text: &str, inner: Span, offset: Offset) -> Vec<Span> {
    let (start, end) = (usize::from(inner.start()), usize::from(inner.end()));
    let (Some(whole), at) = (text.get(start..end), usize::from(offset)) else {
        return Vec::new();
    };
    let at = at.clamp(start, end) - start;
    let Some((before, after)) = whole.split_at_checked(at) else {
        return Vec::new();
    };
    let grown = |fits: fn(char) -> bool| {
        let left = before.trim_end_matches(fits).len();
        let right = after.len() - after.trim_start_matches(fits).len();
        left..at + right
    };
    let word = grown(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let mut chain = grown(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
    // The stop of a sentence is no part of a reference.
    while whole[chain.clone()].ends_with('.') {
        chain.end -= 1;
    }
    let template = before
        .rfind("{{")
        .filter(|open| !before[*open..].contains("}}"))
        .zip(after.find("}}"))
        .map(|(open, close)| open..at + close + 2);
    let line = before.rfind('\n').map_or(0, |n| n + 1);
    let line = line..at + after.find('\n').unwrap_or(after.len());
    let trimmed = whole[line.clone()].trim();
    let skipped = whole[line.clone()].len() - whole[line.clone()].trim_start().len();
    let line = line.start + skipped..line.start + skipped + trimmed.len();
    [Some(word), Some(chain), template, Some(line)]
        .into_iter()
        .flatten()
        .filter_map(|range| {
            let offset = |n: usize| Offset::try_from(start + n).ok();
            Some(Span::new(offset(range.start)?, offset(range.end)?))
        })
        .collect()
}
