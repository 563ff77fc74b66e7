//! Fields that only agents use: sandbox, thinking, hooks, sub-agents, provider extensions (R43, R44, R46).

use serde_json::Value;

use super::fields::{
    COUNT, Object, POSITIVE, boolean, full_text, full_texts, list, number, object, one_of,
    required_text, text, texts, word, words,
};
use super::issue::{Issues, Rule, TYPE};
use crate::archon::{js, names};

const AGENTS: Rule = Rule("R43", "bad-agents");
const HOOKS: Rule = Rule("R44", "bad-hooks");

/// How hard a model thinks.
pub const EFFORTS: &[&str] = &["minimal", "low", "medium", "high", "xhigh", "max"];

/// Events that hooks can hang on.
pub(super) const HOOK_EVENTS: &[&str] = &[
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "Notification",
    "UserPromptSubmit",
    "SessionStart",
    "SessionEnd",
    "Stop",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "PermissionRequest",
    "Setup",
    "TeammateIdle",
    "TaskCompleted",
    "Elicitation",
    "ElicitationResult",
    "ConfigChange",
    "WorktreeCreate",
    "WorktreeRemove",
    "InstructionsLoaded",
];

/// Everything about agents, in the order of the dialect's report.
pub(super) fn check(map: &Object, issues: &mut Issues) {
    full_text(map, "provider", TYPE, issues);
    full_text(map, "model", TYPE, issues);
    one_of(map, "effort", EFFORTS, TYPE, issues);
    thinking(map, issues);
    full_text(map, "fallbackModel", TYPE, issues);
    full_texts(map, "betas", 1, issues);
    object(map, "sandbox", TYPE, issues, sandbox);
    number(map, "maxBudgetUsd", POSITIVE, TYPE, issues);
    full_text(map, "systemPrompt", TYPE, issues);
    context(map, issues);
    texts(map, "allowed_tools", TYPE, issues);
    texts(map, "denied_tools", TYPE, issues);
    hooks(map, issues);
    full_text(map, "mcp", TYPE, issues);
    full_texts(map, "skills", 0, issues);
    object(map, "agents", AGENTS, issues, agents);
    object(map, "pi", TYPE, issues, pi);
    words(map, "settingSources", &["project", "user"], issues);
    boolean(map, "persist_session", TYPE, issues);
}

/// `thinking`, or why it is wrong.
pub fn thinking_problem(value: &Value) -> Option<&'static str> {
    const SHAPES: &str = "Expected adaptive, enabled, disabled, or a map with such a `type`";
    let kind = match value {
        Value::String(kind) => {
            return (!matches!(kind.as_str(), "adaptive" | "enabled" | "disabled"))
                .then_some(SHAPES);
        }
        Value::Object(map) => map.get("type").and_then(Value::as_str),
        _ => None,
    };
    match kind {
        Some("adaptive" | "disabled") => None,
        Some("enabled") => match value.get("budgetTokens") {
            None => None,
            Some(n) if super::fields::integer(n).is_some_and(|n| n > 0.0) => None,
            Some(_) => Some("`budgetTokens` must be a whole number above 0"),
        },
        _ => Some(SHAPES),
    }
}

fn thinking(map: &Object, issues: &mut Issues) {
    if let Some(problem) = map.get("thinking").and_then(thinking_problem) {
        issues.key("thinking", |i| i.wrong("invalid_type", TYPE, problem));
    }
}

/// Whether a `sandbox` setting has the right types.
#[must_use]
pub fn sandbox_is_sound(value: &Value) -> bool {
    let mut issues = Issues::default();
    value
        .as_object()
        .map(|map| sandbox(map, &mut issues))
        .is_some()
        && issues.finish().is_empty()
}

/// What a sandbox may hold; unknown keys pass.
pub(super) fn sandbox(map: &Object, issues: &mut Issues) {
    for key in [
        "enabled",
        "autoAllowBashIfSandboxed",
        "allowUnsandboxedCommands",
        "enableWeakerNestedSandbox",
        "enableWeakerNetworkIsolation",
    ] {
        boolean(map, key, TYPE, issues);
    }
    object(map, "network", TYPE, issues, |network, i| {
        texts(network, "allowedDomains", TYPE, i);
        texts(network, "allowUnixSockets", TYPE, i);
        for key in [
            "allowManagedDomainsOnly",
            "allowAllUnixSockets",
            "allowLocalBinding",
        ] {
            boolean(network, key, TYPE, i);
        }
        for key in ["httpProxyPort", "socksProxyPort"] {
            if let Some(value) = network.get(key).filter(|v| !v.is_number()) {
                i.key(key, |i| {
                    i.wrong(
                        "invalid_type",
                        TYPE,
                        format!("`{key}` must be a number, found {}", word(value)),
                    )
                });
            }
        }
    });
    object(map, "filesystem", TYPE, issues, |files, i| {
        for key in ["allowWrite", "denyWrite", "denyRead"] {
            texts(files, key, TYPE, i);
        }
    });
    texts(map, "excludedCommands", TYPE, issues);
    object(map, "ripgrep", TYPE, issues, |ripgrep, i| {
        required_text(ripgrep, "command", TYPE, i);
        texts(ripgrep, "args", TYPE, i);
    });
}

fn context(map: &Object, issues: &mut Issues) {
    const BLANK: Rule = Rule("R27", "context-resume-blank");
    let Some(value) = map.get("context") else {
        return;
    };
    issues.key("context", |i| match value {
        Value::String(s) if s == "fresh" || s == "shared" => {}
        Value::Object(inner) if inner.get("resume").is_some_and(Value::is_string) => {
            if inner
                .get("resume")
                .and_then(Value::as_str)
                .is_some_and(|s| js::trim(s).is_empty())
            {
                i.key("resume", |i| {
                    i.bounds(
                        "too_small",
                        BLANK,
                        "`resume` must name the node whose session goes on",
                    )
                });
            }
        }
        other => i.wrong(
            "invalid_union",
            TYPE,
            format!(
                "Expected fresh, shared or a map with `resume`, found {}",
                js::stringify(other)
            ),
        ),
    });
}

fn hooks(map: &Object, issues: &mut Issues) {
    object(map, "hooks", HOOKS, issues, |hooks, i| {
        for event in HOOK_EVENTS {
            list(hooks, event, 0, HOOKS, i, |entry, i| {
                match entry.as_object() {
                    None => i.wrong(
                        "invalid_type",
                        HOOKS,
                        format!("Expected a map with `response`, found {}", word(entry)),
                    ),
                    Some(entry) => {
                        text(entry, "matcher", HOOKS, i);
                        if entry.contains_key("response") {
                            object(entry, "response", HOOKS, i, |_, _| {});
                        } else {
                            i.key("response", |i| {
                                i.wrong(
                                    "invalid_type",
                                    HOOKS,
                                    "`response` is missing; it must be a map",
                                )
                            });
                        }
                        number(entry, "timeout", POSITIVE, HOOKS, i);
                    }
                }
            });
        }
        let unknown: Vec<_> = hooks
            .keys()
            .filter(|k| !HOOK_EVENTS.contains(&k.as_str()))
            .map(String::as_str)
            .collect();
        if !unknown.is_empty() {
            i.wrong(
                "unrecognized_keys",
                HOOKS,
                format!(
                    "There is no hook event {}; events are {}",
                    unknown.join(", "),
                    HOOK_EVENTS.join(", ")
                ),
            );
        }
    });
}

fn agents(map: &Object, issues: &mut Issues) {
    for (id, agent) in map {
        issues.key(id, |i| match agent.as_object() {
            None => i.wrong(
                "invalid_type",
                AGENTS,
                format!(
                    "An agent is a map with `description` and `prompt`, found {}",
                    word(agent)
                ),
            ),
            Some(agent) => {
                required_text(agent, "description", AGENTS, i);
                required_text(agent, "prompt", AGENTS, i);
                text(agent, "model", AGENTS, i);
                for key in ["tools", "disallowedTools", "skills"] {
                    texts(agent, key, AGENTS, i);
                }
                number(agent, "maxTurns", COUNT, AGENTS, i);
            }
        });
        if !names::is_kebab(id) {
            issues.key(id, |i| {
                i.custom(
                    AGENTS,
                    format!("'{id}' is no agent id; use lower-case words joined by `-`"),
                )
            });
        }
    }
    if map.is_empty() {
        issues.custom(AGENTS, "`agents` needs at least one agent");
    }
}

fn pi(map: &Object, issues: &mut Issues) {
    boolean(map, "enableExtensions", TYPE, issues);
    boolean(map, "interactive", TYPE, issues);
    object(map, "extensionFlags", TYPE, issues, |flags, i| {
        for (key, value) in flags {
            if !value.is_boolean() && !value.is_string() {
                i.key(key, |i| {
                    i.wrong(
                        "invalid_union",
                        TYPE,
                        format!("A flag is true, false or a text, found {}", word(value)),
                    )
                });
            }
        }
    });
}
