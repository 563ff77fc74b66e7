//! R73 and R79: command files that do not exist, or hold nothing.

use fermata_expr::archon::names;
use serde_json::Value;

use super::super::findings::Findings;
use super::{Located, Needs};
use crate::diagnostic::{Diagnostic, Severity};
use crate::dialects::archon::structure;

pub(super) fn check(needs: &Needs<'_>, node: &Located<'_>, findings: &mut Findings) {
    let source = node
        .node
        .get("source")
        .filter(|s| structure::text(s, "kind") == "command")
        .map(|s| structure::text(s, "name"));
    let looped = node
        .node
        .get("loop")
        .and_then(|l| l.get("command"))
        .and_then(Value::as_str);
    let Some((field, name)) = source
        .map(|n| ("command", n))
        .or(looped.map(|n| ("loop.command", n)))
    else {
        return;
    };
    if !names::is_command(name) {
        let message = format!("'{name}' is no command name; use the file's name without folders");
        needs.report(
            findings,
            Severity::Error,
            ("R73", "bad-command-name"),
            node,
            field,
            message,
        );
        return;
    }
    let Some(text) = needs.project.command_text(needs.path, name) else {
        let known = needs.project.command_names();
        let message = structure::suggest(
            format!("There is no command file '{name}.md'"),
            name,
            known.iter().map(String::as_str),
        );
        needs.report(
            findings,
            Severity::Error,
            ("R73", "command-not-found"),
            node,
            field,
            message,
        );
        return;
    };
    if text.trim().is_empty() {
        let message = format!("The file of the command '{name}' is empty; it is the prompt");
        // The dialect finds it by another verb than the one that checks workflows.
        findings.ours(
            Diagnostic::new(
                "command-file-empty",
                Severity::Warning,
                needs.loc(node, field),
                message,
            )
            .upstream("R79")
            .step(node.id()),
        );
    }
}
