//! R74: files that name MCP servers.

use serde_json::Value;

use super::super::findings::Findings;
use super::{Located, Needs};
use crate::diagnostic::Severity;
use crate::dialects::archon::providers;

pub(super) fn check(needs: &Needs<'_>, node: &Located<'_>, findings: &mut Findings) {
    let Some(file) = node.node.get("mcp").and_then(Value::as_str) else {
        return;
    };
    let path = needs.project.root.as_ref().map(|r| r.join(file));
    let problem = match path.and_then(|p| needs.world.read(&p).ok()) {
        None => Some((
            "mcp-file-missing",
            format!("There is no file `{file}` in the repository"),
        )),
        Some(bytes) => match serde_json::from_slice::<Value>(&bytes) {
            Err(error) => Some(("mcp-bad-json", format!("`{file}` is no JSON: {error}"))),
            Ok(value) if !value.is_object() => Some((
                "mcp-not-object",
                format!("`{file}` must hold a JSON object of servers"),
            )),
            Ok(_) => None,
        },
    };
    if let Some((name, message)) = problem {
        needs.report(
            findings,
            Severity::Error,
            ("R74", name),
            node,
            "mcp",
            message,
        );
    }
    if !providers::supports(needs.provider(node), "mcp") {
        let message = format!(
            "{} takes no MCP servers; `mcp` has no effect",
            needs.provider(node)
        );
        needs.report(
            findings,
            Severity::Warning,
            ("R74", "mcp-unsupported"),
            node,
            "mcp",
            message,
        );
    }
}
