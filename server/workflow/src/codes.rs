//! The codes of the diagnostics that lowering reports: the rules of the
//! dialects' own tools. Every one has a page in `docs/rules/`; the rules above
//! this crate have codes of their own.

use crate::dialects::{archon, conductor};

/// A code, the dialect's rule numbers that it stands for, and its meaning in one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Kebab-case code.
    pub code: &'static str,
    /// Rule numbers; empty for what only we say.
    pub rules: &'static [&'static str],
    /// One sentence.
    pub summary: &'static str,
}

/// Every code that this crate can report, sorted. One that is reported and not listed is a bug, which the tests look
/// for in the sources.
#[must_use]
pub fn codes() -> Vec<&'static str> {
    let tables = [conductor::codes::CODES, archon::codes::CODES];
    let mut all: Vec<&str> = tables.concat().iter().map(|code| code.code).collect();
    all.sort_unstable();
    all.dedup();
    all
}
