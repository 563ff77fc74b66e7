//! R76: what a node asks of a provider that cannot do it, and tools under names that are none.

use fermata_expr::archon::js;
use serde_json::Value;

use super::super::findings::Findings;
use super::{Located, Needs};
use crate::diagnostic::Severity;
use crate::dialects::archon::{providers, structure};

const TOOLS: &[&str] = &[
    "Agent",
    "AskUserQuestion",
    "Bash",
    "BashOutput",
    "Edit",
    "EnterPlanMode",
    "ExitPlanMode",
    "Glob",
    "Grep",
    "KillShell",
    "LS",
    "ListMcpResources",
    "LSP",
    "Monitor",
    "MultiEdit",
    "NotebookEdit",
    "NotebookRead",
    "Read",
    "ReadMcpResource",
    "SendMessage",
    "Skill",
    "SlashCommand",
    "StructuredOutput",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskOutput",
    "TaskStop",
    "TaskUpdate",
    "TodoRead",
    "TodoWrite",
    "ToolSearch",
    "WebFetch",
    "WebSearch",
    "Write",
];
const RENAMED: &[(&str, &str)] = &[("Task", "Agent")];

pub(super) fn check(needs: &Needs<'_>, node: &Located<'_>, findings: &mut Findings) {
    if !node.is_agent() {
        return;
    }
    let provider = needs.provider(node);
    for field in ["hooks", "agents", "allowed_tools", "denied_tools"] {
        if node.node.get(field).is_some() && !providers::supports(provider, field) {
            let message = format!("{provider} has no `{field}`; it has no effect");
            needs.report(
                findings,
                Severity::Warning,
                ("R76", "capability-unsupported"),
                node,
                field,
                message,
            );
        }
    }
    if provider != "claude" {
        return;
    }
    for field in ["allowed_tools", "denied_tools"] {
        let listed = node.node.get(field).and_then(Value::as_array);
        for (at, tool) in listed
            .into_iter()
            .flatten()
            .enumerate()
            .filter_map(|(at, v)| Some((at, v.as_str()?)))
        {
            let name = js::trim(tool.split('(').next().unwrap_or(tool));
            let item = format!("{field}.{at}");
            if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == name) {
                let message = structure::offer(
                    &format!("There is no tool '{name}' any more"),
                    &tool.replacen(name, new, 1),
                );
                needs.report(
                    findings,
                    Severity::Warning,
                    ("R76", "tool-renamed"),
                    node,
                    &item,
                    message,
                );
            } else if !name.is_empty() && !TOOLS.contains(&name) && !name.starts_with("mcp__") {
                let message = structure::suggest(
                    format!("{provider} has no tool '{name}'"),
                    name,
                    TOOLS.iter().copied(),
                );
                needs.report(
                    findings,
                    Severity::Warning,
                    ("R76", "tool-unknown"),
                    node,
                    &item,
                    message,
                );
            }
        }
    }
}
