//! What must hold for every tree, whatever the text. Shared by the tests.

use fermata_syntax::{Kind, Node, Offset, Span, Tree};

/// Panics with the broken rule and the text if the tree breaks one.
pub(crate) fn check(tree: &Tree) {
    let text = tree.text();
    let whole = Span::up_to(Offset::of(text));
    let inside = |span: Span, what: &str| {
        assert!(
            whole.contains_range(span),
            "{what} {span:?} leaves {text:?}"
        );
        assert!(
            text.is_char_boundary(span.start().into()) && text.is_char_boundary(span.end().into()),
            "{what} {span:?} cuts a character of {text:?}"
        );
    };
    for problem in tree.problems() {
        inside(problem.span, "problem");
        if let Some(related) = problem.related {
            inside(related, "related");
        }
        assert!(!problem.message.is_empty(), "{problem:?}");
    }
    let primaries = tree.problems().iter().filter(|p| p.primary).count();
    assert!(primaries <= 1, "{:?}", tree.problems());
    assert!(
        primaries == 0 || tree.problems()[0].primary,
        "{:?}",
        tree.problems()
    );
    let mut last = None;
    for &region in tree.broken_regions() {
        inside(region, "broken region");
        assert!(!region.is_empty(), "empty broken region in {text:?}");
        assert!(last.is_none_or(|end| end < region.start()), "regions touch");
        last = Some(region.end());
    }
    for comment in tree.comments() {
        inside(comment.span, "comment");
        assert!(tree.slice(comment.span).starts_with('#'), "{comment:?}");
    }
    for node in tree.nodes() {
        inside(node.full_span(), "node");
        assert!(
            node.full_span().contains_range(node.span()),
            "{node:?} outside of its full span in {text:?}"
        );
        if let Some(parent) = node.parent() {
            assert!(
                parent.span().contains_range(node.full_span()),
                "{node:?} outside of its parent {parent:?} in {text:?}"
            );
        }
        if let Some(span) = node.tag_span() {
            assert!(
                tree.slice(span).starts_with('!'),
                "tag {span:?} in {text:?}"
            );
        }
        if let Some(span) = node.anchor_span() {
            assert!(
                tree.slice(span).starts_with('&'),
                "anchor {span:?} in {text:?}"
            );
        }
        match node.kind() {
            Kind::Scalar(_) => scalar(node),
            Kind::Mapping(mapping) => {
                ordered(mapping.entries().flat_map(|e| [e.key, e.value]), text);
            }
            Kind::Sequence(sequence) => ordered(sequence.items(), text),
            Kind::Alias(alias) => assert!(tree.slice(node.span()).ends_with(alias.name())),
        }
    }
}

fn ordered<'t>(children: impl Iterator<Item = Node<'t>>, text: &str) {
    let mut end = Offset::default();
    for child in children {
        assert!(
            end <= child.full_span().start(),
            "{child:?} begins before {end:?} in {text:?}"
        );
        end = child.full_span().end();
    }
}

fn scalar(node: Node<'_>) {
    let Some(scalar) = node.as_scalar() else {
        return;
    };
    let text = node.tree().text();
    let value = scalar.value();
    assert!(
        node.span().contains_range(scalar.content_span()),
        "content of {node:?} in {text:?}"
    );
    let mut last = scalar.content_span().start();
    for byte in 0..=value.len() {
        let at = scalar.source_offset(byte);
        assert!(
            scalar.content_span().contains_inclusive(at),
            "byte {byte} of {value:?} is at {at:?}, outside of {node:?} in {text:?}"
        );
        assert!(last <= at, "byte {byte} of {value:?} goes back in {text:?}");
        assert!(scalar.cooked_offset(at).is_some());
        let end = scalar.source_span(byte..byte + 1).end();
        assert!(scalar.content_span().contains_inclusive(end));
        last = at;
    }
}
