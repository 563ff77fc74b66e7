//! The codes of the diagnostics that lowering reports: the rules of the
//! dialects' own tools. Every one has a page in `docs/rules/`; the rules above
//! this crate have codes of their own.

use crate::dialects::archon;

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

/// Every code that loading and lowering a Conductor workflow can report, sorted.
///
/// A code that is reported and not listed here is a bug, which the tests look for in the sources.
pub const CONDUCTOR: &[&str] = &[
    "abort-route-without-abort",
    "blank-criteria",
    "blank-prompt",
    "concurrency-range",
    "duplicate-key",
    "duration",
    "empty-document",
    "empty-route-target",
    "environment-endless",
    "environment-unset",
    "file-missing",
    "file-too-large",
    "file-unreadable",
    "for-each-kind",
    "include-cycle",
    "included-file-encoding",
    "included-file-missing",
    "input-default-type",
    "input-not-listed",
    "input-reference",
    "invalid-value",
    "key-not-for-step",
    "keys-exclude-each-other",
    "list-source",
    "loop-variable",
    "mcp-server-address",
    "mcp-unsupported",
    "member-kind",
    "member-reads-member",
    "member-with-routes",
    "merge-key",
    "missing-key",
    "multiple-documents",
    "name-clash",
    "nested-for-each",
    "nested-parallel",
    "not-a-file",
    "not-a-mapping",
    "not-checked",
    "optional-root-field",
    "out-of-range",
    "output-field",
    "output-step-may-not-run",
    "parallel-too-small",
    "plugin-entry",
    "plugin-part-dropped",
    "plugin-source-not-fetched",
    "plugin-source-unused",
    "plugin-unusable",
    "plugins-unsupported",
    "provider-not-concurrent",
    "provider-settings",
    "provider-unknown",
    "raw-output-with-schema",
    "reasoning-effort-unsupported",
    "session-key",
    "session-key-unsupported",
    "session-limit-unsupported",
    "shared-session",
    "skill-discovery",
    "skill-discovery-unsupported",
    "skill-entry",
    "skill-injection-order",
    "skill-injection-size",
    "skill-missing",
    "skill-not-checked",
    "skill-outside-plugin",
    "skill-source-empty",
    "skills-unsupported",
    "step-needs-key",
    "structured-output-weak",
    "sub-workflow-cycle",
    "sub-workflow-depth",
    "sub-workflow-invalid",
    "sub-workflow-missing",
    "sub-workflow-warning",
    "temperature-ceiling",
    "timeout-not-positive",
    "tool-allowlist-unsupported",
    "unanswerable-question",
    "undeclared-input",
    "undeclared-tool",
    "unknown-alias",
    "unknown-entry-point",
    "unknown-input-group",
    "unknown-input-step",
    "unknown-key",
    "unknown-member",
    "unknown-output-step",
    "unknown-route-target",
    "unknown-template-step",
    "working-dir-unsupported",
    "wrong-type",
    "yaml-syntax",
    "yaml-tab",
];

/// Every code that this crate can report, sorted.
#[must_use]
pub fn codes() -> Vec<&'static str> {
    let mut all = CONDUCTOR.to_vec();
    all.extend(archon::codes::CODES.iter().map(|c| c.code));
    all.sort_unstable();
    all.dedup();
    all
}
