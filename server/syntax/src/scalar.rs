//! Scalars as their readers see them, with the way from a byte of the value
//! to a byte of the file and back. Resolves nothing: `true` is text here.

use std::ops::Range;

use crate::node::Node;
use crate::segments::Segments;
use crate::tree::{Data, offset};
use crate::{Offset, Span, cooked};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    /// `text`
    Plain,
    /// `'text'`
    SingleQuoted,
    /// `"text"`
    DoubleQuoted,
    /// `|` and a block
    Literal,
    /// `>` and a block
    Folded,
}

impl ScalarStyle {
    /// Whether it is a block scalar.
    #[must_use]
    pub fn is_block(self) -> bool {
        match self {
            ScalarStyle::Literal | ScalarStyle::Folded => true,
            ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => false,
        }
    }
}

/// A scalar.
#[derive(Clone, Copy, Debug)]
pub struct Scalar<'t> {
    pub(crate) node: Node<'t>,
}

impl<'t> Scalar<'t> {
    fn parts(self) -> (&'t str, ScalarStyle, Span) {
        match &self.node.data().data {
            Data::Scalar {
                value,
                style,
                content,
                ..
            } => (value, *style, *content),
            Data::Mapping { .. } | Data::Sequence { .. } | Data::Alias { .. } => {
                ("", ScalarStyle::Plain, self.node.span())
            }
        }
    }

    /// The scalar as a node.
    #[must_use]
    pub fn node(self) -> Node<'t> {
        self.node
    }

    /// The scalar's span; see [`Node::span`].
    #[must_use]
    pub fn span(self) -> Span {
        self.node.span()
    }

    /// The text it means: unquoted, unescaped, unfolded, without indentation.
    #[must_use]
    pub fn value(self) -> &'t str {
        self.parts().0
    }

    /// How it is written.
    #[must_use]
    pub fn style(self) -> ScalarStyle {
        self.parts().1
    }

    /// What is inside the quotes, or the lines of a block from the one after
    /// its header; the whole span of a plain scalar.
    #[must_use]
    pub fn content_span(self) -> Span {
        self.parts().2
    }

    /// Where byte `cooked_byte` of [`Scalar::value`] is in the file. For an
    /// escape it is the escape's start, for a folded line break the start of
    /// the blanks around it; for the value's length (or more) the end of the
    /// content. Never decreases as `cooked_byte` grows.
    #[must_use]
    pub fn source_offset(self, cooked_byte: usize) -> Offset {
        let (value, _, content) = self.parts();
        if cooked_byte >= value.len() {
            return content.end();
        }
        match self.segments() {
            None => content.start() + offset(cooked_byte),
            Some(segments) => segments
                .source_start(cooked_byte, content.end().into())
                .into(),
        }
    }

    /// What bytes `cooked` of [`Scalar::value`] are in the file: from the
    /// start of the first to the end of the last, escapes whole. An empty
    /// range gives an empty span.
    #[must_use]
    pub fn source_span(self, cooked: Range<usize>) -> Span {
        let (value, _, content) = self.parts();
        let start = self.source_offset(cooked.start);
        let Some(last) = cooked.end.min(value.len()).checked_sub(1) else {
            return Span::empty(start);
        };
        if last < cooked.start {
            return Span::empty(start);
        }
        let end = match self.segments() {
            None => content.start() + offset(last + 1),
            Some(segments) => segments.source_end(last, content.end().into()).into(),
        };
        Span::new(start, end.max(start))
    }

    /// Which byte of [`Scalar::value`] the file has at `source`; where it has
    /// none (indentation, trailing blanks) the next one. `None` outside
    /// [`Scalar::content_span`]; its end gives the value's length.
    #[must_use]
    pub fn cooked_offset(self, source: Offset) -> Option<usize> {
        let (value, _, content) = self.parts();
        if !content.contains_inclusive(source) {
            return None;
        }
        let at = match self.segments() {
            None => usize::from(source - content.start()),
            Some(segments) => segments.cooked(source.into()),
        };
        Some(at.min(value.len()))
    }

    fn segments(self) -> Option<&'t Segments> {
        let Data::Scalar {
            value,
            style,
            content,
            segments,
        } = &self.node.data().data
        else {
            return None;
        };
        let text = self.node.tree.text();
        Some(segments.get_or_init(|| cooked::segments(text, *content, *style, value)))
    }
}
