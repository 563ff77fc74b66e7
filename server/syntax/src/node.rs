//! The nodes of a tree as its readers see them: cheap `Copy` views. How the
//! nodes come about (`build`) and what a scalar's text maps to (`scalar`) are
//! elsewhere.

use crate::Span;
use crate::scalar::Scalar;
use crate::tree::{Data, NodeData, Tree};

/// The number of a node in its [`Tree`]; see [`Tree::node`]. Meaningless in
/// another tree, also in one of the same text after an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A scalar, mapping, sequence or alias of a [`Tree`].
#[derive(Clone, Copy)]
pub struct Node<'t> {
    pub(crate) tree: &'t Tree,
    pub(crate) id: NodeId,
}

/// What a [`Node`] is.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'t> {
    /// Text.
    Scalar(Scalar<'t>),
    /// Keys and values.
    Mapping(Mapping<'t>),
    /// Items.
    Sequence(Sequence<'t>),
    /// `*name`.
    Alias(Alias<'t>),
}

impl<'t> Node<'t> {
    pub(crate) fn data(self) -> &'t NodeData {
        &self.tree.inner.nodes[self.id.index()]
    }

    /// The number of this node.
    #[must_use]
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The tree this node belongs to.
    #[must_use]
    pub fn tree(self) -> &'t Tree {
        self.tree
    }

    /// The node's own text: with its quotes or brackets or block header,
    /// without tag, anchor, and what blank or comment follows. The children's
    /// [`Node::full_span`]s lie inside it.
    #[must_use]
    pub fn span(self) -> Span {
        self.data().span
    }

    /// [`Node::span`] widened over the node's tag and anchor.
    #[must_use]
    pub fn full_span(self) -> Span {
        self.data().full
    }

    /// What this node is; an alias is [`Kind::Alias`].
    #[must_use]
    pub fn kind(self) -> Kind<'t> {
        match self.data().data {
            Data::Scalar { .. } => Kind::Scalar(Scalar { node: self }),
            Data::Mapping { .. } => Kind::Mapping(Mapping { node: self }),
            Data::Sequence { .. } => Kind::Sequence(Sequence { node: self }),
            Data::Alias { .. } => Kind::Alias(Alias { node: self }),
        }
    }

    /// The node this alias stands for, else the node itself. An alias that
    /// does not resolve (unknown, part of its own target, or standing for too
    /// much) is itself; hence a walk over resolved nodes ends, below
    /// [`crate::MAX_DEPTH`].
    #[must_use]
    pub fn resolved(self) -> Node<'t> {
        match self.data().data {
            Data::Alias {
                target: Some(id), ..
            } => Node {
                tree: self.tree,
                id,
            },
            _ => self,
        }
    }

    /// The tag in resolved form (`!file`, `tag:yaml.org,2002:str`), if one is
    /// written.
    #[must_use]
    pub fn tag(self) -> Option<&'t str> {
        let props = self.data().props.as_deref()?;
        props.tag.as_ref().map(|(tag, _)| &**tag)
    }

    /// Where the tag is written, from its `!`.
    #[must_use]
    pub fn tag_span(self) -> Option<Span> {
        let props = self.data().props.as_deref()?;
        props.tag.as_ref().map(|(_, span)| *span)
    }

    /// The anchor's name, without `&`.
    #[must_use]
    pub fn anchor(self) -> Option<&'t str> {
        let props = self.data().props.as_deref()?;
        props.anchor.as_ref().map(|(name, _)| &**name)
    }

    /// Where the anchor is written, from its `&`.
    #[must_use]
    pub fn anchor_span(self) -> Option<Span> {
        let props = self.data().props.as_deref()?;
        props.anchor.as_ref().map(|(_, span)| *span)
    }

    /// The scalar this node is or stands for.
    #[must_use]
    pub fn as_scalar(self) -> Option<Scalar<'t>> {
        match self.resolved().kind() {
            Kind::Scalar(scalar) => Some(scalar),
            Kind::Mapping(_) | Kind::Sequence(_) | Kind::Alias(_) => None,
        }
    }

    /// The mapping this node is or stands for.
    #[must_use]
    pub fn as_mapping(self) -> Option<Mapping<'t>> {
        match self.resolved().kind() {
            Kind::Mapping(mapping) => Some(mapping),
            Kind::Scalar(_) | Kind::Sequence(_) | Kind::Alias(_) => None,
        }
    }

    /// The sequence this node is or stands for.
    #[must_use]
    pub fn as_sequence(self) -> Option<Sequence<'t>> {
        match self.resolved().kind() {
            Kind::Sequence(sequence) => Some(sequence),
            Kind::Scalar(_) | Kind::Mapping(_) | Kind::Alias(_) => None,
        }
    }

    /// The collection this node is written in, for a key as for a value.
    /// `None` for the root.
    #[must_use]
    pub fn parent(self) -> Option<Node<'t>> {
        self.data().parent.map(|id| Node {
            tree: self.tree,
            id,
        })
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.data().data {
            Data::Scalar { .. } => "Scalar",
            Data::Mapping { .. } => "Mapping",
            Data::Sequence { .. } => "Sequence",
            Data::Alias { .. } => "Alias",
        };
        write!(f, "{what}#{}@{:?}", self.id.0, self.span())
    }
}

impl PartialEq for Node<'_> {
    /// Nodes are equal when they are the same node of the same tree.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && std::sync::Arc::ptr_eq(&self.tree.inner, &other.tree.inner)
    }
}

impl Eq for Node<'_> {}

/// A mapping; keeps every entry, also those with equal keys.
#[derive(Clone, Copy, Debug)]
pub struct Mapping<'t> {
    node: Node<'t>,
}

impl<'t> Mapping<'t> {
    /// The mapping as a node.
    #[must_use]
    pub fn node(self) -> Node<'t> {
        self.node
    }

    /// The mapping's span; see [`Node::span`].
    #[must_use]
    pub fn span(self) -> Span {
        self.node.span()
    }

    /// Whether it is written with braces, or inside brackets without them.
    #[must_use]
    pub fn is_flow(self) -> bool {
        matches!(self.node.data().data, Data::Mapping { flow: true, .. })
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.raw().len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.raw().is_empty()
    }

    /// The entries in the order they are written.
    pub fn entries(self) -> impl DoubleEndedIterator<Item = Entry<'t>> + ExactSizeIterator {
        let tree = self.node.tree;
        self.raw().iter().map(move |&(key, value)| Entry {
            key: Node { tree, id: key },
            value: Node { tree, id: value },
        })
    }

    /// The entry whose key is a scalar with this text; of several the last, which is the one that counts where a
    /// dialect allows them.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Entry<'t>> {
        self.entries()
            .rev()
            .find(|entry| entry.key_text() == Some(key))
    }

    pub(crate) fn raw(self) -> &'t [(NodeId, NodeId)] {
        match &self.node.data().data {
            Data::Mapping { entries, .. } => entries,
            Data::Scalar { .. } | Data::Sequence { .. } | Data::Alias { .. } => &[],
        }
    }
}

/// One key with its value.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'t> {
    /// The key.
    pub key: Node<'t>,
    /// The value; where none is written, a plain scalar `""` with an empty
    /// span after the colon (or after the tag or anchor, if there is one).
    pub value: Node<'t>,
}

impl<'t> Entry<'t> {
    /// The key's text, if the key is (or stands for) a scalar.
    #[must_use]
    pub fn key_text(&self) -> Option<&'t str> {
        self.key.as_scalar().map(Scalar::value)
    }

    /// From the key to the end of the value.
    #[must_use]
    pub fn span(&self) -> Span {
        self.key.full_span().cover(self.value.full_span())
    }
}

/// A sequence.
#[derive(Clone, Copy, Debug)]
pub struct Sequence<'t> {
    node: Node<'t>,
}

impl<'t> Sequence<'t> {
    /// The sequence as a node.
    #[must_use]
    pub fn node(self) -> Node<'t> {
        self.node
    }

    /// The sequence's span, from its first dash or its bracket; see
    /// [`Node::span`].
    #[must_use]
    pub fn span(self) -> Span {
        self.node.span()
    }

    /// Whether it is written with brackets.
    #[must_use]
    pub fn is_flow(self) -> bool {
        matches!(self.node.data().data, Data::Sequence { flow: true, .. })
    }

    /// How many items there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.raw().len()
    }

    /// Whether there is no item.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.raw().is_empty()
    }

    /// The items in order. A dash with nothing behind it is a plain scalar
    /// `""` with an empty span.
    pub fn items(self) -> impl DoubleEndedIterator<Item = Node<'t>> + ExactSizeIterator {
        let tree = self.node.tree;
        self.raw().iter().map(move |&id| Node { tree, id })
    }

    /// The item at `index`, from 0.
    #[must_use]
    pub fn get(self, index: usize) -> Option<Node<'t>> {
        let tree = self.node.tree;
        self.raw().get(index).map(|&id| Node { tree, id })
    }

    pub(crate) fn raw(self) -> &'t [NodeId] {
        match &self.node.data().data {
            Data::Sequence { items, .. } => items,
            Data::Scalar { .. } | Data::Mapping { .. } | Data::Alias { .. } => &[],
        }
    }
}

/// An alias.
#[derive(Clone, Copy, Debug)]
pub struct Alias<'t> {
    node: Node<'t>,
}

impl<'t> Alias<'t> {
    /// The alias as a node.
    #[must_use]
    pub fn node(self) -> Node<'t> {
        self.node
    }

    /// The name, without `*`.
    #[must_use]
    pub fn name(self) -> &'t str {
        match &self.node.data().data {
            Data::Alias { name, .. } => name,
            Data::Scalar { .. } | Data::Mapping { .. } | Data::Sequence { .. } => "",
        }
    }

    /// What it stands for; `None` where it does not resolve.
    #[must_use]
    pub fn target(self) -> Option<Node<'t>> {
        let resolved = self.node.resolved();
        (resolved != self.node).then_some(resolved)
    }
}
