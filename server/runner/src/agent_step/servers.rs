//! `runtime.mcp_servers` of a workflow as the servers of tools that a provider is given (specs/conductor.md 1.3).

use serde_json::{Map, Value};

use crate::agent::{ToolServer, ToolServerWay};

/// The servers in the file's order. Those without what their type needs are left out; loading refuses them.
pub(super) fn read(servers: &Map<String, Value>) -> Vec<ToolServer> {
    servers
        .iter()
        .filter_map(|(name, server)| {
            let text = |key: &str| server.get(key).and_then(Value::as_str).map(str::to_owned);
            let way = match text("type").as_deref() {
                Some(kind @ ("http" | "sse")) => ToolServerWay::Address {
                    url: text("url")?,
                    events: kind == "sse",
                    headers: pairs(server.get("headers")),
                },
                _ => ToolServerWay::Process {
                    command: text("command")?,
                    args: list(server.get("args")),
                    env: pairs(server.get("env")),
                },
            };
            let tools = list(server.get("tools"));
            let mut other = Vec::new();
            if server.get("tools").is_some() && tools != ["*"] {
                other.push("tools".to_owned());
            }
            if server
                .get("timeout")
                .is_some_and(|timeout| !timeout.is_null())
            {
                other.push("timeout".to_owned());
            }
            Some(ToolServer {
                name: name.clone(),
                way,
                other,
            })
        })
        .collect()
}

fn list(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

fn pairs(value: Option<&Value>) -> Vec<(String, String)> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::agent::ToolServerWay;
    use serde_json::json;

    #[test]
    fn servers_are_read_by_their_type_and_what_has_no_place_is_named() {
        let servers = json!({
            "files": {"command": "srv", "args": ["-x"], "env": {"A": "1"}, "tools": ["*"]},
            "web": {"type": "sse", "url": "http://127.0.0.1:1", "headers": {"H": "v"}, "tools": ["one"], "timeout": 5},
        });
        let found = read(servers.as_object().expect("a map"));
        assert_eq!(
            found[0].way,
            ToolServerWay::Process {
                command: "srv".into(),
                args: vec!["-x".into()],
                env: vec![("A".into(), "1".into())],
            }
        );
        assert!(found[0].other.is_empty());
        assert_eq!(
            found[1].way,
            ToolServerWay::Address {
                url: "http://127.0.0.1:1".into(),
                events: true,
                headers: vec![("H".into(), "v".into())],
            }
        );
        assert_eq!(found[1].other, ["tools", "timeout"]);
    }
}
