//! The words of every problem, and the place each one points at. Says what
//! was expected, what was found, and what to do; decides nothing.

mod scan;

use crate::build::{Failure, Reason};
use crate::expansion::Refusal;
use crate::tree::span;
use crate::{MAX_DEPTH, MAX_EXPANDED_NODES, MAX_NODES, MAX_TEXT_BYTES, Problem, ProblemKind, Span};

/// The error that ended the first pass.
pub(crate) fn failure(text: &str, failure: &Failure) -> Problem {
    let at = failure.at;
    let here = char_span(text, at);
    let (kind, span, message) = match &failure.reason {
        Reason::TooDeep => (
            ProblemKind::TooDeep,
            here,
            format!(
                "expected at most {MAX_DEPTH} collections inside each other, found more; flatten the file"
            ),
        ),
        Reason::TooManyNodes => (
            ProblemKind::TooLarge,
            here,
            format!("expected at most {MAX_NODES} values in one file, found more; split the file"),
        ),
        Reason::Scan(kind) => {
            let found = scan::explain(text, failure, kind);
            return Problem {
                kind: found.kind,
                span: found.span,
                message: found.message,
                related: found.related,
                primary: true,
            };
        }
    };
    Problem {
        kind,
        span,
        message,
        related: None,
        primary: true,
    }
}

/// The character at `at`, without running into the next line.
fn char_span(text: &str, at: usize) -> Span {
    let len = text[at..]
        .chars()
        .next()
        .filter(|c| !matches!(c, '\n' | '\r'))
        .map_or(0, char::len_utf8);
    span(at, at + len)
}

/// Without an error of syntax, the first problem that stops every reader is
/// the primary one. `problems` must be in the order of the text.
pub(crate) fn choose_primary(problems: &mut Vec<Problem>) {
    let first = problems.iter().position(|problem| match problem.kind {
        ProblemKind::DuplicateKey | ProblemKind::MultipleDocuments => false,
        // Some tabs are refused by some readers only.
        ProblemKind::Tab => problem.primary,
        ProblemKind::Syntax
        | ProblemKind::UnknownAlias
        | ProblemKind::AliasBomb
        | ProblemKind::TooDeep
        | ProblemKind::TooLarge
        | ProblemKind::InvalidUtf8 => true,
    });
    for problem in problems.iter_mut() {
        problem.primary = false;
    }
    if let Some(first) = first {
        let mut primary = problems.remove(first);
        primary.primary = true;
        problems.insert(0, primary);
    }
}

/// A text beyond the limit.
pub(crate) fn too_large(bytes: usize) -> Problem {
    Problem {
        kind: ProblemKind::TooLarge,
        span: Span::default(),
        message: format!(
            "expected at most {MAX_TEXT_BYTES} bytes, found {bytes}; the file is not read, split it"
        ),
        related: None,
        primary: true,
    }
}

/// An alias to nothing.
pub(crate) fn unknown_alias(name: &str, at: Span) -> Problem {
    Problem {
        kind: ProblemKind::UnknownAlias,
        span: at,
        message: format!(
            "expected an anchor `&{name}` before this alias, found none; define it above, or quote the text if no alias is meant"
        ),
        related: None,
        primary: false,
    }
}

/// An alias that is not followed.
pub(crate) fn refused_alias(name: &str, refusal: Refusal) -> String {
    match refusal {
        Refusal::Cycle => format!(
            "expected an alias to something complete, found `*{name}` inside of `&{name}` itself; it would never end"
        ),
        Refusal::Nodes => format!(
            "expected aliases that stand for at most {MAX_EXPANDED_NODES} values together, found more with `*{name}`; it is not followed"
        ),
        Refusal::Depth => format!(
            "expected at most {MAX_DEPTH} collections inside each other, found more behind `*{name}`; it is not followed"
        ),
    }
}

/// Another document in the same file.
pub(crate) fn second_document(at: Span, first: Option<Span>) -> Problem {
    Problem {
        kind: ProblemKind::MultipleDocuments,
        span: at,
        message: "expected one document, found a second one that begins here; move it to a file of its own".to_owned(),
        related: first,
        primary: false,
    }
}
