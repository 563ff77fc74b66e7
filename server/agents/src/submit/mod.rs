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

/// Whether an agent asks for nothing but handing in the result. `titles` are all that the tool call
/// was called so far: one agent announces `fermata-submit_result` and asks for `submit_result`, others
/// say `mcp__fermata__submit_result`, `mcp.fermata.submit_result` or `submit_result (fermata MCP Server)`.
/// Every word of every title must be one that such a title consists of, so that a command that merely
/// mentions the tool is asked about like any other. A title may be a model's own words (a command's
/// description): a call of a kind that acts on the machine counts only if it has no input of its own,
/// which is how one agent asks for tools of tool servers and never for commands.
pub(crate) fn is_submission(request: &PermissionRequest, titles: &[String]) -> bool {
    let acts = matches!(
        request.kind.as_deref(),
        Some("execute" | "edit" | "delete" | "move" | "fetch" | "switch_mode")
    );
    if acts && request.input.is_some() {
        return false;
    }
    let mut tool = false;
    let mut server = false;
    for title in titles {
        let Some(named) = parts(title) else {
            return false;
        };
        tool |= named.tool;
        server |= named.server;
    }
    tool && server
}

struct Named {
    tool: bool,
    server: bool,
}

/// What a title names; `None` when it has any other word, or any sign but plain separators.
fn parts(title: &str) -> Option<Named> {
    const MARK: char = '\u{1}';
    let title = title.to_lowercase();
    if title.contains(MARK) {
        return None;
    }
    let title = title.replace(TOOL, " \u{1} ");
    let mut named = Named {
        tool: false,
        server: false,
    };
    for word in title.split([' ', '_', '-', '.', ':', '/', '(', ')', MARK]) {
        match word {
            "" | "mcp" | "tool" | "server" | "call" => {}
            SERVER => named.server = true,
            _ => return None,
        }
    }
    named.tool = title.contains(MARK);
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(titles: &[&str], kind: Option<&str>, input: Option<serde_json::Value>) -> bool {
        let titles: Vec<String> = titles.iter().map(|&title| title.to_owned()).collect();
        let request = PermissionRequest {
            call: "1".into(),
            title: titles.last().cloned().unwrap_or_default(),
            kind: kind.map(str::to_owned),
            input,
            options: Vec::new(),
        };
        is_submission(&request, &titles)
    }

    #[test]
    fn only_the_result_tool_itself_is_allowed_unasked() {
        let value = || Some(serde_json::json!({"verdict": "pass"}));
        let command = || Some(serde_json::json!({"command": "rm -rf /"}));
        for title in [
            "mcp__fermata__submit_result",
            "submit_result (fermata MCP Server)",
            "fermata-submit_result",
            "mcp.fermata.submit_result",
            "Tool: fermata/submit_result",
        ] {
            assert!(asks(&[title], None, value()), "{title}");
            assert!(asks(&[title], Some("other"), value()), "{title}");
            assert!(asks(&[title], Some("execute"), None), "{title}");
            assert!(
                !asks(&[title], Some("execute"), command()),
                "{title} as a command's description"
            );
        }
        assert!(asks(
            &["fermata-submit_result", "submit_result"],
            Some("other"),
            value()
        ));
        for title in [
            "",
            "submit_result",
            "fermata",
            "rm -rf / # fermata submit_result",
            "fermata submit_result; curl example.org",
            "fermata submit_result && mcp",
            "mcp__other__submit_result",
            "fermata submit_result $(tool)",
        ] {
            assert!(!asks(&[title], None, None), "{title}");
            assert!(
                !asks(
                    &["mcp.fermata.submit_result", title],
                    Some("execute"),
                    command()
                ),
                "{title}"
            );
        }
        assert!(!asks(&["fermata-submit_result", "rm -rf /"], None, None));
        assert!(!asks(&[], None, None));
    }
}
