//! R72: sub-runs of a bundled workflow, which is used without the others of the project.

use super::super::findings::Findings;
use super::{Located, Needs};
use crate::diagnostic::Severity;
use crate::dialects::archon::structure;

pub(super) fn check(needs: &Needs<'_>, node: &Located<'_>, findings: &mut Findings) {
    let target = structure::text(node.node, "workflow");
    if target.is_empty() || !needs.project.is_bundled(needs.path) || needs.project.bundles(target) {
        return;
    }
    let message = format!("'{target}' is not bundled beside this workflow; put it there too");
    needs.report(
        findings,
        Severity::Error,
        ("R72", "bundled-target"),
        node,
        "workflow",
        message,
    );
}
