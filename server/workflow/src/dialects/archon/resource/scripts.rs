//! R77: named scripts, the programs that run them, and dependencies without effect.

use fermata_expr::archon::names;
use serde_json::Value;

use super::super::findings::Findings;
use super::{Located, Needs};
use crate::diagnostic::Severity;
use crate::dialects::archon::structure;

pub(super) fn check(needs: &Needs<'_>, node: &Located<'_>, findings: &mut Findings) {
    let runtime = structure::text(node.node, "runtime");
    if structure::text(node.node, "kind") != "exec" || runtime == "sh" {
        return;
    }
    let script = structure::text(node.node, "script");
    if !names::is_inline_script(script) && !exists(needs, script, runtime) {
        let kinds = if runtime == "uv" { ".py" } else { ".ts or .js" };
        let message = format!("There is no script '{script}' ({kinds}) in .archon/scripts");
        needs.report(
            findings,
            Severity::Error,
            ("R77", "script-not-found"),
            node,
            "script",
            message,
        );
    }
    if needs.world.program(runtime).is_none() {
        let message = format!("`{runtime}` is not on PATH; install it to run this script");
        needs.report(
            findings,
            Severity::Warning,
            ("R77", "runtime-not-on-path"),
            node,
            "runtime",
            message,
        );
    }
    let deps = node
        .node
        .get("deps")
        .and_then(Value::as_array)
        .is_some_and(|d| !d.is_empty());
    if deps && runtime == "bun" {
        let message =
            "`deps` has no effect with bun, which installs what a script imports".to_owned();
        needs.report(
            findings,
            Severity::Warning,
            ("R77", "deps-ignored"),
            node,
            "deps",
            message,
        );
    }
}

fn exists(needs: &Needs<'_>, script: &str, runtime: &str) -> bool {
    needs.project.script(needs.path, script, runtime).is_some()
}
