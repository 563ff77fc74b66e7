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

/// What agents call the result tool, lower case. None of these can be a path, so none can be a command
/// that starts a file of the repository.
const TITLES: &[&str] = &[
    "mcp__fermata__submit_result",
    CODEX_TITLE,
    "submit_result (fermata mcp server)",
    "fermata-submit_result",
    "fermata_submit_result",
];

/// This agent says that tools of tool servers are of the kind `execute`.
const CODEX_TITLE: &str = "mcp.fermata.submit_result";

/// Whether an agent asks for nothing but handing in the result. `titles` are all that the tool call
/// was called so far: one agent announces `fermata-submit_result` and asks for `submit_result`.
/// A title may be a model's own words (a command, or its description). So every title must be one of
/// the known ones, whole; and a call of a kind that acts on the machine counts only under the one title
/// that is known for it, and without an input, which that agent always gives for commands.
pub(crate) fn is_submission(request: &PermissionRequest, titles: &[String]) -> bool {
    let acts = !matches!(request.kind.as_deref(), None | Some("other" | "think"));
    let titles: Vec<String> = titles.iter().map(|title| title.to_lowercase()).collect();
    if acts {
        return request.input.is_none()
            && !titles.is_empty()
            && titles.iter().all(|title| title == CODEX_TITLE);
    }
    let known = |title: &String| TITLES.contains(&title.as_str());
    titles.iter().any(known) && titles.iter().all(|title| title == TOOL || known(title))
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
