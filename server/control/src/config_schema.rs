//! The JSON Schema of the user's configuration file, written next to the types
//! that read it; a test holds the two together.

use serde_json::{Value, json};

/// JSON Schema (2020-12) of `$XDG_CONFIG_HOME/fermata/config.yaml`.
#[must_use]
pub fn config_schema() -> Value {
    let command = |what: &str| {
        json!({
            "description": what,
            "type": "array",
            "items": {"type": "string"},
        })
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fermata: user configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "agents": {
                "description": "Agents and their commands, by name; a name that Fermata knows needs no command.",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "command": {"description": "The program.", "type": "string"},
                        "args": {"description": "Its arguments; only with `command`.", "type": "array", "items": {"type": "string"}},
                        "env": {"description": "Added to the environment.", "type": "object", "additionalProperties": {"type": "string"}},
                        "mode": {"description": "Mode to set in every session.", "type": "string"},
                        "model": {"description": "Model for steps that name none.", "type": "string"},
                        "login": {"description": "Command that logs in, for messages.", "type": "string"},
                    },
                },
            },
            "permissions": {
                "description": "What happens when an agent asks to run a tool, by the tool's kind; `default` for the rest.",
                "type": "object",
                "additionalProperties": {"enum": ["ask", "allow", "reject"]},
            },
            "gates": {
                "description": "What happens at gates when the request says nothing.",
                "type": "string",
                "pattern": "^(ask|stop|first|continue:[1-9][0-9]*)$",
            },
            "on": {
                "description": "Commands that are told what happened: program and arguments, JSON on standard input.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "gate": command("A gate was opened."),
                    "failed": command("A run failed."),
                    "completed": command("A run completed."),
                },
            },
            "isolation": {
                "description": "Where runs work when neither request nor workflow says so.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "conductor_worktree": {"description": "Worktrees for Conductor workflows.", "type": "boolean"},
                    "conductor_holds_checkout": {"description": "Conductor runs hold their checkout.", "type": "boolean"},
                    "with_changes": {"description": "Uncommitted changes of tracked files go along into a worktree.", "type": "boolean"},
                },
            },
            "retention": {
                "description": "What is kept of runs that are over, per scope.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "runs": {"description": "Top-level runs; 200 when absent.", "type": "integer", "minimum": 0},
                    "bytes": {"description": "Bytes; 2 GiB when absent.", "type": "integer", "minimum": 0},
                },
            },
            "env_file": {
                "description": "Whether a worker also gets the variables of `.env` at the workspace root.",
                "type": "boolean",
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AgentConfig, UserConfig};

    fn keys(value: &Value) -> Vec<&str> {
        let mut keys: Vec<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn the_schema_has_exactly_the_keys_that_are_read() {
        let agent = AgentConfig {
            command: Some(String::new()),
            args: vec![String::new()],
            env: [(String::new(), String::new())].into(),
            mode: Some(String::new()),
            model: Some(String::new()),
            login: Some(String::new()),
        };
        let config = UserConfig {
            agents: [("a".to_owned(), agent)].into(),
            ..UserConfig::default()
        };
        let written = serde_json::to_value(&config).unwrap();
        let schema = config_schema();
        let properties = &schema["properties"];
        assert_eq!(keys(&written), keys(properties));
        for section in ["on", "isolation", "retention"] {
            assert_eq!(
                keys(&written[section]),
                keys(&properties[section]["properties"])
            );
        }
        assert_eq!(
            keys(&written["agents"]["a"]),
            keys(&properties["agents"]["additionalProperties"]["properties"])
        );
    }
}
