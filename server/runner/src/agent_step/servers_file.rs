//! The file of tool servers that an Archon node names (`mcp`): servers by name, alone or under `mcpServers`.
//! Variables are put into `env` and `headers` only, so that secrets need not stand in the file.

use std::path::Path;

use fermata_engine::Failure;
use fermata_workflow::World;
use serde_json::{Map, Value};

/// Key around the servers in files that were made for other programs.
const WRAPPER: &str = "mcpServers";

/// What a file says.
#[derive(Debug)]
pub(super) struct Listed<'a> {
    step: &'a str,
    /// The servers by name, variables put in.
    pub(super) servers: Map<String, Value>,
    /// Variables that are not set.
    missing: Vec<String>,
}

impl Listed<'_> {
    /// What to tell people about variables that are not set.
    pub(super) fn unset(&self) -> Option<String> {
        (!self.missing.is_empty()).then(|| {
            format!(
                "the tool servers of `{}` refer to variables that are not set, and get nothing in their place: {}",
                self.step,
                self.missing.join(", ")
            )
        })
    }
}

/// Reads the file for a step.
///
/// # Errors
/// A [`Failure`] of class `not-found` where it cannot be read, of class `input` where it is not what is expected.
pub(super) fn read<'a>(
    world: &dyn World,
    step: &'a str,
    file: &Path,
) -> Result<Listed<'a>, Failure> {
    let refused = |kind: &str, found: String| Failure {
        kind: kind.to_owned(),
        message: format!("`mcp` of `{step}` names {}, and {found}", file.display()),
        names: vec![step.to_owned()],
    };
    let bytes = world.read(file).map_err(|error| {
        let found = format!("it cannot be read: {error}; correct the path, which starts at the folder that the agent works in");
        refused("not-found", found)
    })?;
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| refused("input", format!("it is no JSON: {error}")))?;
    let servers = servers(value).map_err(|found| refused("input", found))?;
    let mut listed = Listed {
        step,
        servers: Map::new(),
        missing: Vec::new(),
    };
    for (name, server) in servers {
        let server = filled(world, &name, server, &mut listed.missing)
            .map_err(|found| refused("input", found))?;
        listed.servers.insert(name, Value::Object(server));
    }
    Ok(listed)
}

fn servers(value: Value) -> Result<Map<String, Value>, String> {
    let Value::Object(mut servers) = value else {
        return Err("it holds no object of servers by name".to_owned());
    };
    let Some(wrapped) = servers.remove(WRAPPER) else {
        return Ok(servers);
    };
    match wrapped {
        Value::Object(wrapped) if servers.is_empty() => Ok(wrapped),
        Value::Object(_) => Err(format!(
            "it has other keys beside `{WRAPPER}`; put every server under it, or take it away"
        )),
        _ => Err(format!("its `{WRAPPER}` is no object of servers by name")),
    }
}

/// A server with its variables put in, when it has what its type needs.
fn filled(
    world: &dyn World,
    name: &str,
    server: Value,
    missing: &mut Vec<String>,
) -> Result<Map<String, Value>, String> {
    let Value::Object(mut server) = server else {
        return Err(format!("its server `{name}` is no object"));
    };
    let needed = match server.get("type").map(Value::as_str) {
        None | Some(Some("stdio")) => "command",
        Some(Some("http" | "sse")) => "url",
        Some(_) => {
            return Err(format!(
                "the `type` of its server `{name}` is none of `stdio`, `http`, `sse`"
            ));
        }
    };
    if !server.get(needed).is_some_and(Value::is_string) {
        return Err(format!("its server `{name}` has no `{needed}`"));
    }
    for key in ["env", "headers"] {
        let Some(entries) = server.get_mut(key) else {
            continue;
        };
        let Value::Object(entries) = entries else {
            return Err(format!("`{key}` of its server `{name}` is no object"));
        };
        for (entry, value) in entries {
            let Value::String(text) = value else {
                return Err(format!("`{key}.{entry}` of its server `{name}` is no text"));
            };
            *text = with_variables(world, text, missing);
        }
    }
    Ok(server)
}

/// `$NAME` and `${NAME}` of capital letters, digits and underscores are the variable; all else stays.
fn with_variables(world: &dyn World, text: &str, missing: &mut Vec<String>) -> String {
    let mut parts = text.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let braced = part.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (name, rest) = match braced {
            Some((name, rest)) if variable(name) == name.len() => (name, rest),
            _ => part.split_at(variable(part)),
        };
        if name.is_empty() {
            out.push('$');
            out.push_str(part);
            continue;
        }
        match world.env(name) {
            Some(value) => out.push_str(&value),
            None if missing.iter().any(|known| known == name) => {}
            None => missing.push(name.to_owned()),
        }
        out.push_str(rest);
    }
    out
}

/// Length of the name of a variable that a text begins with, in bytes.
fn variable(text: &str) -> usize {
    let name = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_' || byte.is_ascii_digit();
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    text.bytes().take_while(|byte| name(byte)).count()
}

#[cfg(test)]
mod tests {
    use fermata_workflow::MemoryWorld;
    use serde_json::json;

    use super::*;

    fn world(text: &str) -> MemoryWorld {
        let mut world = MemoryWorld::new();
        world
            .add_file("/p/servers.json", text)
            .set_env("TOKEN", "t0");
        world
    }

    fn of(text: &str) -> Result<(Value, Option<String>), Failure> {
        let world = world(text);
        let listed = read(&world, "ask", Path::new("/p/servers.json"))?;
        let unset = listed.unset();
        Ok((Value::Object(listed.servers), unset))
    }

    #[test]
    fn variables_are_put_into_environments_and_headers_and_nowhere_else() {
        let servers = json!({
            "a": {"command": "$TOKEN", "args": ["${TOKEN}"], "env": {"A": "x $TOKEN-${TOKEN}y $lower ${} $ $1 ${low}"}},
            "b": {"type": "http", "url": "http://127.0.0.1/$TOKEN", "headers": {"H": "Bearer ${GONE}$GONE"}},
        });
        let expected = json!({
            "a": {"command": "$TOKEN", "args": ["${TOKEN}"], "env": {"A": "x t0-t0y $lower ${} $ $1 ${low}"}},
            "b": {"type": "http", "url": "http://127.0.0.1/$TOKEN", "headers": {"H": "Bearer "}},
        });
        for text in [
            servers.to_string(),
            json!({"mcpServers": servers}).to_string(),
        ] {
            let (found, unset) = of(&text).expect("it is read");
            assert_eq!(found, expected);
            let unset = unset.expect("one is not set");
            assert!(
                unset.contains("`ask`") && unset.ends_with(": GONE"),
                "{unset}"
            );
        }
    }

    #[test]
    fn a_file_that_is_not_what_is_expected_says_what_is_wrong() {
        for (text, kind, words) in [
            ("{", "input", "no JSON"),
            ("[]", "input", "no object of servers"),
            (
                r#"{"mcpServers": {}, "a": {}}"#,
                "input",
                "beside `mcpServers`",
            ),
            (
                r#"{"mcpServers": []}"#,
                "input",
                "its `mcpServers` is no object",
            ),
            (r#"{"a": 1}"#, "input", "`a` is no object"),
            (r#"{"a": {"args": []}}"#, "input", "`a` has no `command`"),
            (r#"{"a": {"type": "http"}}"#, "input", "`a` has no `url`"),
            (
                r#"{"a": {"type": "pipe"}}"#,
                "input",
                "`stdio`, `http`, `sse`",
            ),
            (
                r#"{"a": {"command": "x", "env": []}}"#,
                "input",
                "`env` of its server `a`",
            ),
            (
                r#"{"a": {"command": "x", "env": {"B": 1}}}"#,
                "input",
                "`env.B`",
            ),
        ] {
            let error = of(text).expect_err(text);
            assert_eq!(error.kind, kind, "{text}");
            assert!(error.message.contains(words), "{text}: {}", error.message);
        }
        let error = read(&world("{}"), "ask", Path::new("/p/other.json")).expect_err("no file");
        assert_eq!(error.kind, "not-found");
        for part in ["`ask`", "other.json", "correct the path"] {
            assert!(error.message.contains(part), "{}", error.message);
        }
    }
}
