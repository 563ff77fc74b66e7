//! Structured results: an MCP server on loopback, served by us, whose one tool takes
//! a step's result. Every agent that can reach HTTP tool servers can hand in a value
//! that fits the schema, within the turn; the others write JSON into their text,
//! which the worker reads.

mod server;
mod tool;

pub(crate) use server::{SubmitServer, Ticket};

use fermata_runner::agent::PermissionRequest;

use crate::tool_titles;

/// Name of the tool server, as agents see it.
pub(crate) const SERVER: &str = "fermata";
/// Name of its tool.
pub(crate) const TOOL: &str = "submit_result";

/// What follows a prompt whose result can be handed in.
pub(crate) const INSTRUCTION: &str = "When you are done, call the tool `submit_result` of the MCP server `fermata` once, \
with the fields of the result as its arguments. If you do not have that tool, end your message with the result as one JSON object.";

/// Whether an agent asks for nothing but handing in the result. `titles` are all that the tool call was called so far.
pub(crate) fn is_submission(request: &PermissionRequest, titles: &[String]) -> bool {
    tool_titles::asked_for(request, titles, SERVER).is_some_and(|tool| tool == TOOL)
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
            "fermata_submit_result",
        ] {
            assert!(asks(&[title], None, value()), "{title}");
            assert!(asks(&[title], Some("other"), value()), "{title}");
            assert!(
                !asks(&[title], Some("execute"), None),
                "{title} as a command"
            );
            assert!(
                !asks(&[title], Some("execute"), command()),
                "{title} as a command's description"
            );
        }
        let codex = "mcp.fermata.submit_result";
        assert!(asks(&[codex], Some("execute"), None));
        assert!(!asks(&[codex], Some("execute"), command()));
        assert!(!asks(&[codex, "ls"], Some("execute"), None));
        assert!(asks(
            &["fermata-submit_result", "submit_result"],
            Some("other"),
            value()
        ));
        for title in [
            "",
            "submit_result",
            "fermata/submit_result",
            "./fermata/submit_result",
            "fermata submit_result",
            "rm -rf / # fermata-submit_result",
            "mcp__other__submit_result",
        ] {
            assert!(!asks(&[title], None, None), "{title}");
            assert!(!asks(&[title], Some("execute"), None), "{title}");
        }
        assert!(!asks(&["fermata-submit_result", "rm -rf /"], None, None));
        assert!(!asks(&[], None, None));
        assert!(!asks(&[], Some("execute"), None));
    }
}
