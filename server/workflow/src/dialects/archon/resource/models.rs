//! R70 and R71: `@alias` that the configuration does not define, or in a workflow for every project.

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
    if needs.project.is_shared(needs.path) {
        let message = format!(
            "'{alias}' is known in one project, and this workflow runs in all; name a tier or a model"
        );
        needs.report(
            findings,
            Severity::Error,
            ("R71", "alias-not-portable"),
            node,
            "model",
            message,
        );
        return;
    }
    let known = &needs.project.config.aliases;
    if known.iter().any(|k| k == alias) {
        return;
    }
    let message = format!("The configuration has no alias '{alias}'");
    let message = structure::suggest(message, alias, known.iter().map(String::as_str));
    needs.report(
        findings,
        Severity::Error,
        ("R70", "unknown-model-alias"),
        node,
        "model",
        message,
    );
}
