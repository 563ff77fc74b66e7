//! Capabilities of providers (specs/conductor.md, appendix A), the ground of V31..V48.

/// How a provider gets structured output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Structured {
    /// The model is made to answer in the schema.
    Native,
    /// The schema is told in the prompt.
    Prompt,
    /// Not at all. No shipped provider is like that; rule V35 covers it.
    #[allow(dead_code)]
    None,
}

/// How a provider takes skills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skills {
    /// It discloses them step by step.
    Native,
    /// Only through the plugin that owns them.
    PluginRoot,
    /// Their text is put into every prompt.
    Injected,
    /// Not at all.
    None,
}

/// What a provider can do.
#[derive(Debug)]
pub(super) struct Capabilities {
    pub(super) name: &'static str,
    pub(super) experimental: bool,
    pub(super) mcp: bool,
    pub(super) tool_allowlist: bool,
    pub(super) efforts: &'static [&'static str],
    pub(super) structured: Structured,
    pub(super) session_limit: bool,
    pub(super) working_dir: bool,
    pub(super) skills: Skills,
    pub(super) plugins: bool,
    pub(super) sessions: bool,
    pub(super) max_temperature: Option<f64>,
    pub(super) concurrent: bool,
}

const ALL_EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];

const BASE: Capabilities = Capabilities {
    name: "",
    experimental: false,
    mcp: true,
    tool_allowlist: true,
    efforts: ALL_EFFORTS,
    structured: Structured::Prompt,
    session_limit: true,
    working_dir: true,
    skills: Skills::Native,
    plugins: false,
    sessions: false,
    max_temperature: Some(1.0),
    concurrent: true,
};

static PROVIDERS: &[Capabilities] = &[
    Capabilities {
        name: "copilot",
        plugins: true,
        ..BASE
    },
    Capabilities {
        name: "openai",
        efforts: &["low", "medium", "high"],
        structured: Structured::Native,
        skills: Skills::Injected,
        max_temperature: None,
        ..BASE
    },
    Capabilities {
        name: "claude",
        structured: Structured::Native,
        skills: Skills::Injected,
        ..BASE
    },
    Capabilities {
        name: "claude-agent-sdk",
        experimental: true,
        tool_allowlist: false,
        efforts: &[],
        skills: Skills::PluginRoot,
        plugins: true,
        sessions: true,
        ..BASE
    },
    Capabilities {
        name: "hermes",
        experimental: true,
        mcp: false,
        tool_allowlist: false,
        efforts: &["low", "medium", "high", "xhigh"],
        working_dir: false,
        skills: Skills::Injected,
        ..BASE
    },
    Capabilities {
        name: "aca",
        experimental: true,
        tool_allowlist: false,
        working_dir: false,
        skills: Skills::None,
        ..BASE
    },
    // Every shipped provider ends sessions in time; the rule about one that does not is tested with this.
    #[cfg(test)]
    Capabilities {
        name: "endless",
        session_limit: false,
        ..BASE
    },
];

/// Whether steps may share a session of this provider; `None` when there is no such provider.
#[must_use]
pub fn shares_sessions(name: &str) -> Option<bool> {
    capabilities(name).map(|capabilities| capabilities.sessions)
}

/// The capabilities of a provider, `None` when there is no such provider.
pub(super) fn capabilities(name: &str) -> Option<&'static Capabilities> {
    PROVIDERS.iter().find(|p| p.name == name)
}

/// Names of providers for which `able` holds, for messages.
pub(super) fn able(able: impl Fn(&Capabilities) -> bool) -> String {
    PROVIDERS
        .iter()
        .filter(|p| able(p))
        .map(|p| format!("`{}`", p.name))
        .collect::<Vec<_>>()
        .join(", ")
}
