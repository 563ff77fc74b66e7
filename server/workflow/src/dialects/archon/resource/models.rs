//! R70: `@alias` that the configuration does not define.

use serde_json::Value;

use super::super::findings::Findings;
use super::{Located, Needs};
use crate::diagnostic::Severity;
use crate::dialects::archon::structure;

pub(super) fn check(needs: &Needs<'_>, node: &Located<'_>, findings: &mut Findings) {
    let Some(alias) = node
        .node
        .get("model")
        .and_then(Value::as_str)
        .filter(|m| m.starts_with('@'))
    else {
        return;
    };
    let known = &needs.project.config.aliases;
    if known.iter().any(|k| k == alias) {
        return;
    }
    let message = format!("The configuration has no alias '{alias}'");
    let message = structure::suggest(message, alias, known.iter().map(String::as_str));
    needs.report(
        findings,
        Severity::Error,
        ("R70", "unknown-alias"),
        node,
        "model",
        message,
    );
}
