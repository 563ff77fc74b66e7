//! The agents that are known by name: which programs they are found by and how they
//! are started. Versions and flags were measured (docs/agents.md). Looking them up
//! is in `registry`.

/// A known agent.
pub(crate) struct Preset {
    pub name: &'static str,
    /// Other names that workflows use for it.
    pub aliases: &'static [&'static str],
    /// Ways to start it; the first whose programs are there is taken.
    pub ways: &'static [Way],
    pub env: &'static [(&'static str, &'static str)],
    pub mode: Option<&'static str>,
    pub model_flag: Option<&'static str>,
    pub login: Option<&'static str>,
    pub hosted_default: Option<&'static str>,
    /// What every session is opened with under `_meta`, as JSON.
    pub session_meta: Option<&'static str>,
    /// Whether it reports the tokens of the whole session with every turn.
    pub sums_usage: bool,
    /// Whether it drops tool servers that are processes without a word, although every agent has to take them.
    pub drops_process_servers: bool,
    /// What to install.
    pub install: &'static str,
}

/// One way to start an agent.
pub(crate) struct Way {
    /// Looked for on the PATH and started.
    pub program: &'static str,
    pub args: &'static [&'static str],
    /// Must be on the PATH too; its place goes into that variable.
    pub with: Option<(&'static str, &'static str)>,
}

/// Every known agent.
pub(crate) const PRESETS: &[Preset] = &[
    Preset {
        name: "claude",
        aliases: &["claude-agent-sdk", "claude-code"],
        ways: &[
            Way {
                program: "claude-agent-acp",
                args: &[],
                with: None,
            },
            Way {
                program: "npx",
                args: &["-y", "@agentclientprotocol/claude-agent-acp@0.100.0"],
                with: Some(("claude", "CLAUDE_CODE_EXECUTABLE")),
            },
        ],
        env: &[("DISABLE_AUTOUPDATER", "1")],
        // A repository's settings may choose a mode that asks less; asking is the person's to give up.
        mode: Some("default"),
        model_flag: None,
        login: Some("claude /login"),
        hosted_default: None,
        // Nobody needs the mode that skips permissions here, and as root it refuses to start with it.
        session_meta: Some(
            r#"{"claudeCode":{"options":{"allowDangerouslySkipPermissions":false}}}"#,
        ),
        sums_usage: false,
        drops_process_servers: false,
        install: "npm install -g @agentclientprotocol/claude-agent-acp@0.100.0 (with Node 22 or later)",
    },
    Preset {
        name: "codex",
        aliases: &[],
        ways: &[
            Way {
                program: "codex-acp",
                args: &[],
                with: None,
            },
            Way {
                program: "npx",
                args: &["-y", "@agentclientprotocol/codex-acp@2.6.0"],
                with: Some(("codex", "CODEX_PATH")),
            },
        ],
        env: &[("NO_BROWSER", "1")],
        // Its default mode lets a model decide about commands; this one asks the person.
        mode: Some("workspace-write"),
        model_flag: None,
        login: Some("codex login"),
        hosted_default: None,
        session_meta: None,
        sums_usage: false,
        drops_process_servers: false,
        install: "npm install -g @agentclientprotocol/codex-acp@2.6.0",
    },
    Preset {
        name: "gemini",
        aliases: &[],
        ways: &[Way {
            program: "gemini",
            args: &["--acp"],
            with: None,
        }],
        env: &[("GEMINI_CLI_NO_RELAUNCH", "true")],
        mode: None,
        model_flag: Some("--model"),
        login: Some("gemini"),
        hosted_default: None,
        session_meta: None,
        sums_usage: false,
        drops_process_servers: false,
        install: "npm install -g @google/gemini-cli",
    },
    Preset {
        name: "opencode",
        aliases: &[],
        ways: &[Way {
            program: "opencode",
            args: &["acp"],
            with: None,
        }],
        env: &[
            ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
            // Its default allows commands, edits and the tools of tool servers without asking. What only reads the
            // project, and its own notes and helpers, stay as they are; the last rule that fits counts.
            (
                "OPENCODE_PERMISSION",
                r#"{"*":"ask","read":{"*":"allow","*.env":"ask","*.env.*":"ask","*.env.example":"allow"},"glob":"allow","grep":"allow","list":"allow","lsp":"allow","skill":"allow","task":"allow","todoread":"allow","todowrite":"allow"}"#,
            ),
        ],
        mode: None,
        model_flag: None,
        login: Some("opencode auth login"),
        hosted_default: Some("opencode/"),
        session_meta: None,
        sums_usage: false,
        drops_process_servers: false,
        install: "npm install -g opencode-ai",
    },
    Preset {
        name: "copilot",
        aliases: &[],
        ways: &[Way {
            program: "copilot",
            args: &["--acp", "--no-auto-update"],
            with: None,
        }],
        env: &[("COPILOT_AUTO_UPDATE", "false")],
        mode: None,
        model_flag: None,
        login: Some("copilot login"),
        hosted_default: None,
        session_meta: None,
        sums_usage: true,
        drops_process_servers: true,
        install: "npm install -g @github/copilot",
    },
];

/// The preset of that name or alias.
pub(crate) fn named(name: &str) -> Option<&'static Preset> {
    PRESETS
        .iter()
        .find(|preset| preset.name == name || preset.aliases.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_found_by_each_of_its_names_and_its_data_is_json() {
        for preset in PRESETS {
            for name in preset.aliases.iter().chain([&preset.name]) {
                assert_eq!(named(name).map(|found| found.name), Some(preset.name));
            }
            let json = preset.session_meta.into_iter().chain(
                preset
                    .env
                    .iter()
                    .map(|(_, value)| *value)
                    .filter(|value| value.starts_with('{')),
            );
            for text in json {
                assert!(
                    serde_json::from_str::<serde_json::Value>(text).is_ok(),
                    "{text}"
                );
            }
        }
    }
}
