//! Which tool of a tool server an agent asks for, by what it calls the call: the protocol has no field for it, and each
//! agent has a form of its own. A title may be a model's own words, so only whole forms count.

use fermata_runner::agent::PermissionRequest;

/// The tool of that server, in lower case, where an agent asks for nothing else. `titles` are all that the call was called
/// so far: one agent announces `server-tool` and asks for `tool`. Every title must be of a known form, whole; none of
/// these can be a path, so none can be a command that starts a file of the repository. A call of a kind that acts on the
/// machine counts only under the one form that is known for it, and without an input, which that agent always gives for
/// commands.
pub(crate) fn asked_for(
    request: &PermissionRequest,
    titles: &[String],
    server: &str,
) -> Option<String> {
    let acts = !matches!(request.kind.as_deref(), None | Some("other" | "think"));
    if acts && request.input.is_some() {
        return None;
    }
    let server = server.to_lowercase();
    let named = |title: &str| {
        let tool = if acts {
            dotted(title, &server)
        } else {
            form(title, &server)
        };
        tool.filter(|tool| is_name(tool)).map(str::to_owned)
    };
    let titles: Vec<String> = titles.iter().map(|title| title.to_lowercase()).collect();
    let tool = titles.iter().find_map(|title| named(title))?;
    let same = |title: &String| named(title).as_ref() == Some(&tool) || (!acts && *title == tool);
    titles.iter().all(same).then_some(tool)
}

/// `mcp.SERVER.TOOL`: the agent that says so calls tools of servers by the kind `execute`.
fn dotted<'a>(title: &'a str, server: &str) -> Option<&'a str> {
    title
        .strip_prefix("mcp.")?
        .strip_prefix(server)?
        .strip_prefix('.')
}

/// Every form that is known.
fn form<'a>(title: &'a str, server: &str) -> Option<&'a str> {
    let doubled = || {
        let rest = title.strip_prefix("mcp__")?.strip_prefix(server)?;
        rest.strip_prefix("__")
    };
    let joined = || title.strip_prefix(server)?.strip_prefix(['-', '_']);
    let said = || title.strip_suffix(&format!(" ({server} mcp server)"));
    dotted(title, server)
        .or_else(doubled)
        .or_else(joined)
        .or_else(said)
}

fn is_name(text: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !text.is_empty() && text.bytes().all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(titles: &[&str], kind: Option<&str>) -> Option<String> {
        let titles: Vec<String> = titles.iter().map(|&title| title.to_owned()).collect();
        let request = PermissionRequest {
            call: "1".into(),
            title: String::new(),
            kind: kind.map(str::to_owned),
            input: None,
            options: Vec::new(),
        };
        asked_for(&request, &titles, "Words")
    }

    #[test]
    fn a_tool_of_a_server_is_known_by_each_agents_form_and_by_nothing_else() {
        for title in [
            "mcp__words__echo_word",
            "mcp.words.echo_word",
            "echo_word (words MCP Server)",
            "words_echo_word",
            "words-echo_word",
        ] {
            let tool = asked(&[title], Some("other"));
            assert_eq!(tool.as_deref(), Some("echo_word"), "{title}");
        }
        assert!(asked(&["words-echo", "echo"], None).is_some());
        assert!(asked(&["mcp.words.echo"], Some("execute")).is_some());
        for titles in [
            &["words_echo"][..],
            &["mcp.words.echo", "ls"],
            &["mcp.words.echo", "echo"],
        ] {
            assert!(asked(titles, Some("execute")).is_none(), "{titles:?}");
        }
        for titles in [
            &["mcp__other__echo"][..],
            &["echo"],
            &["words_echo x"],
            &["words_echo", "rm"],
            &["words_"],
            &[],
        ] {
            assert!(asked(titles, None).is_none(), "{titles:?}");
        }
    }
}
