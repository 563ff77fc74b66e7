//! The tree: what a parse leaves behind, immutable and shared. Only storage
//! and access; parsing is in `build` and `heal`.

use std::sync::{Arc, OnceLock};

use crate::lines::LineIndex;
use crate::node::{Node, NodeId};
use crate::scalar::ScalarStyle;
use crate::segments::Segments;
use crate::{Offset, Problem, Span, cursor, heal};

/// A parsed text. Cloning is cheap; trees can be sent and shared.
#[derive(Clone)]
pub struct Tree {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) text: String,
    pub(crate) nodes: Vec<NodeData>,
    pub(crate) root: Option<NodeId>,
    pub(crate) documents: usize,
    pub(crate) version: Option<(u32, u32)>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) broken: Vec<Span>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) lines: OnceLock<LineIndex>,
}

/// One node as stored. Rare things are boxed: a text can have a million nodes.
#[derive(Debug)]
pub(crate) struct NodeData {
    pub(crate) span: Span,
    pub(crate) full: Span,
    pub(crate) parent: Option<NodeId>,
    pub(crate) props: Option<Box<Props>>,
    pub(crate) data: Data,
}

#[derive(Debug, Default)]
pub(crate) struct Props {
    pub(crate) tag: Option<(Box<str>, Span)>,
    pub(crate) anchor: Option<(Box<str>, Span)>,
}

#[derive(Debug)]
pub(crate) enum Data {
    Scalar {
        value: Box<str>,
        style: ScalarStyle,
        content: Span,
        segments: OnceLock<Segments>,
    },
    Mapping {
        entries: Vec<(NodeId, NodeId)>,
        flow: bool,
    },
    Sequence {
        items: Vec<NodeId>,
        flow: bool,
    },
    Alias {
        name: Box<str>,
        target: Option<NodeId>,
    },
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line.
    pub span: Span,
    /// The text behind the `#`, trimmed.
    pub text: String,
}

impl Tree {
    pub(crate) fn from_text(text: &str, first: Option<Problem>) -> Tree {
        let mut inner = heal::run(text);
        if let Some(first) = first {
            for problem in &mut inner.problems {
                problem.primary = false;
            }
            inner.problems.insert(0, first);
        }
        Tree {
            inner: Arc::new(inner),
        }
    }

    /// The text that was parsed, as it was given (before healing).
    #[must_use]
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// The part of the text that `span` covers; empty where it is outside.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.inner
            .text
            .get(std::ops::Range::from(span))
            .unwrap_or("")
    }

    /// The root of the first document; `None` when the text is empty or only
    /// comments.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        self.inner.root.map(|id| Node { tree: self, id })
    }

    /// The node with this number.
    ///
    /// # Panics
    /// If the number comes from another, larger tree.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Node<'_> {
        assert!(
            id.index() < self.inner.nodes.len(),
            "a NodeId is used only with the tree it came from"
        );
        Node { tree: self, id }
    }

    /// All nodes of the first document, parents before their children.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = Node<'_>> {
        (0..self.inner.nodes.len() as u32).map(|id| Node {
            tree: self,
            id: NodeId(id),
        })
    }

    /// How many documents the text holds; 0 when it is empty or only comments.
    #[must_use]
    pub fn document_count(&self) -> usize {
        self.inner.documents
    }

    /// The version of a `%YAML` directive before the first document.
    #[must_use]
    pub fn yaml_version(&self) -> Option<(u32, u32)> {
        self.inner.version
    }

    /// What is wrong: first the primary problem, if there is one, then the
    /// others in the order of the text.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.inner.problems
    }

    /// The ranges that healing read as blanks; in order, not touching.
    #[must_use]
    pub fn broken_regions(&self) -> &[Span] {
        &self.inner.broken
    }

    /// All comments, in order.
    #[must_use]
    pub fn comments(&self) -> &[Comment] {
        &self.inner.comments
    }

    /// Lines and columns of the text; built at the first call.
    #[must_use]
    pub fn line_index(&self) -> &LineIndex {
        self.inner
            .lines
            .get_or_init(|| LineIndex::new(&self.inner.text))
    }

    /// The nodes that contain `offset`, from the root down, keys included. A
    /// node contains its end too; where two touch, the one that begins or
    /// goes on at `offset` wins. Tags and anchors belong to their node;
    /// aliases are not followed.
    #[must_use]
    pub fn path_at(&self, offset: Offset) -> Vec<Node<'_>> {
        cursor::path_at(self, offset)
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree")
            .field("bytes", &self.inner.text.len())
            .field("nodes", &self.inner.nodes.len())
            .field("problems", &self.inner.problems)
            .finish_non_exhaustive()
    }
}

/// Reads bytes that are not all UTF-8: each one that is not gives `_`.
pub(crate) fn decode(bytes: &[u8]) -> (String, Problem) {
    let mut text = String::with_capacity(bytes.len());
    let mut first: Option<Span> = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let invalid = chunk.invalid().len();
        if invalid == 0 {
            continue;
        }
        if first.is_none() {
            let start = offset(text.len());
            first = Some(Span::at(start, offset(invalid)));
        }
        text.extend(std::iter::repeat_n('_', invalid));
    }
    let problem = Problem {
        kind: crate::ProblemKind::InvalidUtf8,
        span: first.unwrap_or_default(),
        message: "expected UTF-8, found other bytes; save the file as UTF-8".to_owned(),
        related: None,
        primary: true,
    };
    (text, problem)
}

/// A byte count as an offset; texts whose offsets do not fit are cut before.
pub(crate) fn offset(bytes: usize) -> Offset {
    Offset::new(u32::try_from(bytes).unwrap_or(u32::MAX))
}

/// The span between two byte counts, empty at `start` if they are swapped.
pub(crate) fn span(start: usize, end: usize) -> Span {
    Span::new(offset(start), offset(end.max(start)))
}
