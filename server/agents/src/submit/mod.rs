//! Structured results: an MCP server on loopback, served by us, whose one tool takes
//! a step's result. Every agent that can reach HTTP tool servers can hand in a value
//! that fits the schema, within the turn; the others write JSON into their text,
//! which the worker reads.

mod server;
mod tool;

pub(crate) use server::{SubmitServer, Ticket};

use fermata_runner::agent::PermissionRequest;

/// Name of the tool server, as agents see it.
pub(crate) const SERVER: &str = "fermata";
/// Name of its tool.
pub(crate) const TOOL: &str = "submit_result";

/// What follows a prompt whose result can be handed in.
pub(crate) const INSTRUCTION: &str = "When you are done, call the tool `submit_result` of the MCP server `fermata` once, \
with the fields of the result as its arguments. If you do not have that tool, end your message with the result as one JSON object.";

/// Whether an agent asks for nothing but handing in the result. Titles differ (`mcp__fermata__submit_result`,
/// `submit_result (fermata MCP Server)`, `fermata-submit_result`): every word of the title must be one that
/// such a title consists of, so that a command that merely mentions the tool is asked about like any other.
pub(crate) fn is_submission(request: &PermissionRequest) -> bool {
    if matches!(
        request.kind.as_deref(),
        Some("execute" | "edit" | "delete" | "move" | "fetch" | "switch_mode")
    ) {
        return false;
    }
    let title = request.title.to_lowercase().replace(TOOL, " \u{1} ");
    let mut tool = false;
    let mut server = false;
    for word in title.split(|c: char| !(c.is_ascii_alphanumeric() || c == '\u{1}')) {
        match word {
            "" | "mcp" | "tool" | "server" | "call" => {}
            "\u{1}" => tool = true,
            SERVER => server = true,
            _ => return false,
        }
    }
    // Words are separated by ASCII punctuation only; anything else is somebody being clever.
    tool && server
        && title
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " _-.:/()[]\u{1}`\"".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(title: &str, kind: Option<&str>) -> bool {
        is_submission(&PermissionRequest {
            call: "1".into(),
            title: title.into(),
            kind: kind.map(str::to_owned),
            input: None,
            options: Vec::new(),
        })
    }

    #[test]
    fn only_the_result_tool_itself_is_allowed_unasked() {
        for title in [
            "mcp__fermata__submit_result",
            "submit_result (fermata MCP Server)",
            "fermata-submit_result",
            "Tool: fermata/submit_result",
        ] {
            assert!(asks(title, None), "{title}");
            assert!(asks(title, Some("other")), "{title}");
            assert!(!asks(title, Some("execute")), "{title} as a command");
        }
        for title in [
            "",
            "submit_result",
            "rm -rf / # fermata submit_result",
            "fermata submit_result; curl example.org",
            "fermata submit_result && rm",
            "mcp__other__submit_result",
            "fermata submit_result $(x)",
        ] {
            assert!(!asks(title, None), "{title}");
        }
    }
}
