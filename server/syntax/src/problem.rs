//! What can be wrong with a text as YAML. No wording lives here (see
//! `message`), and no severity: that is for the dialect to decide.

use crate::Span;

/// The kind of a [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The text is not YAML at this place.
    Syntax,
    /// A tab where YAML wants spaces. When it is not primary and there is no
    /// primary problem either, it stands between a colon or a dash and its
    /// value outside of brackets: YAML 1.2 takes it, some readers do not.
    Tab,
    /// A key that stands twice in one mapping; the span is the later key, the
    /// related span the first one. Both entries are in the tree.
    DuplicateKey,
    /// A second document begins here; the related span is the first one.
    MultipleDocuments,
    /// An alias to an anchor that is not defined before it.
    UnknownAlias,
    /// An alias that stands for too much, or for something it is part of. It
    /// does not resolve.
    AliasBomb,
    /// Collections nested deeper than [`crate::MAX_DEPTH`].
    TooDeep,
    /// More bytes than [`crate::MAX_TEXT_BYTES`] or nodes than
    /// [`crate::MAX_NODES`].
    TooLarge,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
}

/// One thing wrong with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing.
    pub kind: ProblemKind,
    /// Where it is; inside the text, possibly empty.
    pub span: Span,
    /// What was expected, what was found, what to do; one or two sentences.
    pub message: String,
    /// The other place that explains this one: the first of two equal keys,
    /// the bracket that is not closed.
    pub related: Option<Span>,
    /// True for the one problem at which a strict YAML reader stops. Never
    /// true for [`ProblemKind::DuplicateKey`] and
    /// [`ProblemKind::MultipleDocuments`], on which readers differ.
    pub primary: bool,
}
