//! The rule on Archon's inputs: no text, no command and no program of the workflow speaks of one.

use fermata_expr::archon::names;
use fermata_workflow::loader::Loaded;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{Diagnostic, Severity, Workflow};

use super::RULE;
use crate::nodes::{self, Nodes};
use crate::rule::Report;

pub(super) fn check(loaded: &Loaded, workflow: &Workflow, report: &mut Report) {
    let Some(nodes) = Nodes::new(loaded, workflow) else {
        return;
    };
    if workflow.inputs.is_empty() || reads_elsewhere(loaded, &nodes) {
        return;
    }
    // Comments, descriptions and everything else that may speak of it count as well.
    let whole = nodes.tree.text();
    let commands = loaded.surroundings.command_texts.values();
    let texts: Vec<&str> = commands.map(String::as_str).chain([whole]).collect();
    // Who walks through all of them reads them all.
    let all = [
        "INPUTS_*",
        "^INPUTS_",
        "INPUTS_\"",
        "INPUTS_'",
        "INPUTS_${",
        "env |",
        "printenv",
    ];
    if texts
        .iter()
        .any(|t| all.iter().any(|word| t.contains(word)))
    {
        return;
    }
    for input in workflow.inputs.values() {
        let name = input.name.as_str();
        let forms = [format!("INPUTS.{name}"), names::env_key(name)];
        if texts
            .iter()
            .any(|t| forms.iter().any(|f| t.contains(f.as_str())))
        {
            continue;
        }
        let message =
            format!("The input `{name}` is never read; a text reads it as `$INPUTS.{name}`");
        report.add(Diagnostic::new(
            RULE.code,
            Severity::Warning,
            input.name.loc,
            message,
        ));
    }
}

/// Whether something runs whose text is not known here: a named script, a command that is not there.
fn reads_elsewhere(loaded: &Loaded, nodes: &Nodes<'_>) -> bool {
    let known = |name: &str| loaded.surroundings.command_texts.contains_key(name.trim());
    nodes.dag.nodes.iter().any(|node| match node.kind {
        ArchonKind::Script { script, .. } => !names::is_inline_script(script.as_str()),
        ArchonKind::Command { name, .. } => !known(name),
        ArchonKind::Loop(inner) => {
            nodes::text(&inner.raw, &["command"]).is_some_and(|name| !known(name))
        }
        // Programs that a shell starts find every input in their environment.
        ArchonKind::Bash { script, .. } => starts_a_file(script.as_str()),
        _ => false,
    })
}

/// Whether a shell text starts a program of the project.
fn starts_a_file(script: &str) -> bool {
    [".sh", ".py", ".ts", ".js", ".mjs", "make ", "./"]
        .iter()
        .any(|word| script.contains(word))
}
