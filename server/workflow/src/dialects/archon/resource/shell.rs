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
        for range in reference::double_quoted(mention.text) {
            let message = format!(
                "Take the double quotes away from `{}`: the value arrives in single quotes of its own",
                mention.text[range.clone()].trim_matches('"')
            );
            let author = needs.authors.of(&node.chain);
            let stretch = author.and_then(|a| a.stretch(&mention.field, mention.text, range));
            let loc = stretch.unwrap_or_else(|| needs.loc(node, &mention.field));
            needs.report_at(
                findings,
                Severity::Warning,
                ("R78", "double-quoted-ref"),
                node,
                (&mention.field, loc),
                message,
            );
        }
    }
}
