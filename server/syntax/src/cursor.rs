//! From an offset to the nodes around it.

use crate::node::{Kind, Node, NodeId};
use crate::tree::Tree;
use crate::{Offset, Span};

pub(crate) fn path_at(tree: &Tree, offset: Offset) -> Vec<Node<'_>> {
    let mut path = Vec::new();
    let mut next = tree
        .root()
        .filter(|root| root.full_span().contains_inclusive(offset));
    while let Some(node) = next {
        path.push(node);
        next = child_at(node, offset).map(|id| tree.node(id));
    }
    path
}

/// Children lie in order and do not overlap, so the last one that begins at or
/// before `offset` is the one; if it has ended already, nothing is there.
fn child_at(node: Node<'_>, offset: Offset) -> Option<NodeId> {
    match node.kind() {
        Kind::Scalar(_) | Kind::Alias(_) => None,
        Kind::Sequence(sequence) => {
            let items = sequence.raw();
            let behind = items.partition_point(|&id| full(node, id).start() <= offset);
            items[..behind]
                .last()
                .copied()
                .filter(|&id| full(node, id).contains_inclusive(offset))
        }
        Kind::Mapping(mapping) => {
            let entries = mapping.raw();
            let behind = entries.partition_point(|&(key, _)| full(node, key).start() <= offset);
            let &(key, value) = entries[..behind].last()?;
            [value, key].into_iter().find(|&id| {
                let span = full(node, id);
                span.contains_inclusive(offset)
            })
        }
    }
}

fn full(node: Node<'_>, id: NodeId) -> Span {
    node.tree.inner.nodes[id.index()].full
}
