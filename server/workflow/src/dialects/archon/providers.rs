//! The agent providers of the dialect and what each can do (specs/archon.md 1.1, 4.2).

/// Providers that can be named.
pub const REGISTERED: &[&str] = &["claude", "codex", "opencode", "pi", "copilot"];
/// The one that runs where nothing is named.
pub(super) const DEFAULT: &str = "claude";

/// Whether a provider can fork a session, which `context.resume` needs.
pub(super) fn forks_sessions(provider: &str) -> bool {
    matches!(provider, "claude" | "pi")
}

/// Whether a provider can resume a session of its own.
pub(super) fn resumes_sessions(provider: &str) -> bool {
    REGISTERED.contains(&provider)
}

/// Whether a provider can do what a field asks for. Unknown providers can do everything: they are somebody's own.
pub(super) fn supports(provider: &str, field: &str) -> bool {
    match provider {
        "codex" => !matches!(
            field,
            "hooks" | "skills" | "agents" | "allowed_tools" | "denied_tools"
        ),
        "opencode" => field != "hooks",
        "pi" => !matches!(field, "hooks" | "agents" | "mcp"),
        "copilot" => field != "hooks",
        _ => true,
    }
}
