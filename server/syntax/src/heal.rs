//! Reading broken text: find what breaks it, read that as blanks, try again.

use std::sync::OnceLock;

use crate::tree::{Inner, span};
use crate::{MAX_TEXT_BYTES, build, message};

pub(crate) fn run(text: &str) -> Inner {
    if text.len() > MAX_TEXT_BYTES {
        let cut = text.floor_char_boundary(u32::MAX as usize);
        return Inner {
            text: text[..cut].to_owned(),
            problems: vec![message::too_large(text.len())],
            ..Inner::default()
        };
    }
    let built = build::run(text);
    let mut problems = built.problems;
    problems.sort_by_key(|problem| problem.span.start());
    if let Some(failure) = &built.failure {
        problems.insert(0, message::failure(text, failure));
    }
    Inner {
        text: text.to_owned(),
        nodes: built.nodes,
        root: built.root,
        documents: built.documents,
        version: built.version,
        problems,
        broken: built
            .failure
            .map(|failure| span(failure.at, text.len()))
            .into_iter()
            .collect(),
        comments: built.comments,
        lines: OnceLock::new(),
    }
}
