//! R78: double quotes round a reference, which comes with quotes of its own.

use fermata_expr::archon::reference;

use super::super::findings::Findings;
use super::{Located, Needs};
use crate::diagnostic::Severity;
use crate::dialects::archon::structure;

pub(super) fn check(needs: &Needs<'_>, node: &Located<'_>, findings: &mut Findings) {
    for mention in structure::mentions(node.node) {
        if !matches!(
            mention.field.as_str(),
            "bash" | "loop.until_bash" | "loop_group.until_bash"
        ) {
            continue;
        }
        if let Some(range) = reference::double_quoted(mention.text).into_iter().next() {
            let message = format!(
                "Take the double quotes away from {}: the value arrives in single quotes of its own",
                &mention.text[range]
            );
            needs.report(
                findings,
                Severity::Warning,
                ("R78", "double-quoted-ref"),
                node,
                &mention.field,
                message,
            );
        }
    }
}
