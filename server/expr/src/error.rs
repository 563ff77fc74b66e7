//! What can go wrong while reading or evaluating a text, with the place in it. No rendering of diagnostics here.

use std::ops::Range;

/// Why an evaluation stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvalErrorKind {
    /// The text is not written in its language.
    Syntax,
    /// A name, attribute or element that does not exist was used.
    Undefined,
    /// An operation met a type it does not work on.
    Type,
    /// The type fits, the value does not.
    Value,
    /// A key or an index is outside of its container.
    Lookup,
    /// Division by zero, or a number that does not fit.
    Arithmetic,
    /// The language has this, the dialect leaves it out.
    Unsupported,
    /// No route of a table applied.
    Unmatched,
    /// A bound on work, memory, output or nesting was reached.
    Limit,
}

/// A failed evaluation: what was expected, what was found, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// The family of the failure.
    pub kind: EvalErrorKind,
    /// A sentence for people.
    pub message: String,
    /// Byte range in the evaluated text, where it is known.
    pub span: Option<Range<usize>>,
    /// The names, types and fields the message speaks of, in its order.
    pub names: Vec<String>,
}

/// A text that is not written in its language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// A sentence for people: what was expected and what stands there.
    pub message: String,
    /// Byte range in the text.
    pub span: Range<usize>,
}

/// The result of an evaluation inside this crate.
pub(crate) type Res<T> = Result<T, EvalError>;

impl EvalError {
    /// An error of `kind` without a place; the evaluator adds the place.
    pub(crate) fn new(kind: EvalErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            span: None,
            names: Vec::new(),
        }
    }

    pub(crate) fn type_error(message: impl Into<String>) -> Self {
        Self::new(EvalErrorKind::Type, message)
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(EvalErrorKind::Value, message)
    }

    pub(crate) fn lookup(message: impl Into<String>) -> Self {
        Self::new(EvalErrorKind::Lookup, message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(EvalErrorKind::Limit, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(EvalErrorKind::Unsupported, message)
    }

    pub(crate) fn arithmetic(message: impl Into<String>) -> Self {
        Self::new(EvalErrorKind::Arithmetic, message)
    }

    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// Gives the error a place unless an inner expression already did.
    pub(crate) fn at(mut self, span: &Range<usize>) -> Self {
        if self.span.is_none() {
            self.span = Some(span.clone());
        }
        self
    }
}

impl From<SyntaxError> for EvalError {
    fn from(error: SyntaxError) -> Self {
        Self {
            kind: EvalErrorKind::Syntax,
            message: error.message,
            span: Some(error.span),
            names: Vec::new(),
        }
    }
}
