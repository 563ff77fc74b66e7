//! Where in a document an offset is, in words of the dialect: the keys that
//! lead to it, with `[]` for list items and `*` for keys that the author names.

use fermata_syntax::{Node, Offset, Span, Tree};

/// The way from the root to an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// `agents[].routes[].to`; author-named keys stand as they are.
    pub(crate) path: String,
    /// The innermost key that the offset is on or under.
    pub(crate) key: Option<(String, Span)>,
    /// Whether the offset is on that key itself.
    pub(crate) on_key: bool,
    /// The scalar that the offset is in, if it is in a value.
    pub(crate) value: Option<(String, Span)>,
}

/// The place of an offset.
pub(crate) fn place(tree: &Tree, offset: Offset) -> Place {
    let mut found = Place {
        path: String::new(),
        key: None,
        on_key: false,
        value: None,
    };
    if let Some(root) = tree.root() {
        descend(root, offset, &mut found);
    }
    found
}

fn descend(node: Node<'_>, offset: Offset, found: &mut Place) {
    if let Some(mapping) = node.as_mapping() {
        for entry in mapping.entries() {
            let on_key = touches(entry.key.span(), offset);
            if !on_key && !touches(entry.value.span(), offset) {
                continue;
            }
            let Some(key) = entry.key_text() else { return };
            if !found.path.is_empty() {
                found.path.push('.');
            }
            found.path.push_str(key);
            found.key = Some((key.to_owned(), entry.key.span()));
            found.on_key = on_key;
            if !on_key {
                descend(entry.value, offset, found);
            }
            return;
        }
    } else if let Some(sequence) = node.as_sequence() {
        for item in sequence.items() {
            if touches(item.span(), offset) {
                found.path.push_str("[]");
                descend(item, offset, found);
                return;
            }
        }
    } else if let Some(scalar) = node.as_scalar()
        && touches(node.span(), offset)
    {
        found.value = Some((scalar.value().to_owned(), node.span()));
    }
}

fn touches(span: Span, offset: Offset) -> bool {
    span.contains_inclusive(offset)
}
