//! Fields that only agents use: sandbox, thinking, hooks, sub-agents, provider extensions (R43, R44, R46).

use serde_json::{Value, json};

use super::fields::{Object, list, object, word};
use super::issue::{Issues, Rule, TYPE};
use super::keys;
use super::tables::{AGENT, HOOK, SANDBOX};
use crate::archon::{js, names};

pub(super) const AGENTS: Rule = Rule("R43", "bad-agents");
pub(super) const HOOKS: Rule = Rule("R44", "bad-hooks");

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
            Some(n)
                if super::fields::integer(n)
                    .is_some_and(|n| n > 0.0 && n <= super::fields::SAFE) =>
            {
                None
            }
            Some(_) => Some("`budgetTokens` must be a whole number above 0"),
        },
        _ => Some(SHAPES),
    }
}

pub(super) fn thinking(map: &Object, issues: &mut Issues) {
    let Some(value) = map.get("thinking") else {
        return;
    };
    let Some(problem) = thinking_problem(value) else {
        return;
    };
    issues.key("thinking", |i| {
        let Some(object) = value.as_object() else {
            i.wrong("invalid_type", TYPE, problem);
            return;
        };
        if object.get("type").and_then(Value::as_str) == Some("enabled") {
            keys::check(&THINKING, object, i);
        } else {
            i.key("type", |i| i.wrong("invalid_union", TYPE, problem));
        }
    });
}

static THINKING: keys::Model = keys::Model {
    name: "thinking",
    rules: None,
    keys: &[keys::Key::new(
        "budgetTokens",
        TYPE,
        keys::Kind::COUNT,
        "How many tokens may go into thinking.",
    )],
};

pub(super) fn thinking_schema() -> Value {
    json!({"anyOf": [
        {"enum": ["adaptive", "enabled", "disabled"]},
        {"type": "object", "required": ["type"], "properties": {"type": {"enum": ["adaptive", "disabled"]}}},
        {"type": "object", "required": ["type"], "properties": {
            "type": {"const": "enabled"},
            "budgetTokens": {"type": "integer", "exclusiveMinimum": 0},
        }},
    ]})
}

/// Whether a `sandbox` setting has the right types.
#[must_use]
pub fn sandbox_is_sound(value: &Value) -> bool {
    let mut issues = Issues::default();
    value
        .as_object()
        .map(|map| keys::check(&SANDBOX, map, &mut issues))
        .is_some()
        && issues.finish().is_empty()
}

pub(super) fn http_port(map: &Object, issues: &mut Issues) {
    port(map, "httpProxyPort", issues);
}

pub(super) fn socks_port(map: &Object, issues: &mut Issues) {
    port(map, "socksProxyPort", issues);
}

fn port(map: &Object, key: &str, issues: &mut Issues) {
    if let Some(value) = map.get(key).filter(|v| !v.is_number()) {
        issues.key(key, |i| {
            i.wrong(
                "invalid_type",
                TYPE,
                format!("`{key}` must be a number, found {}", word(value)),
            )
        });
    }
}

pub(super) fn context(map: &Object, issues: &mut Issues) {
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

pub(super) fn context_schema() -> Value {
    json!({"anyOf": [
        {"enum": ["fresh", "shared"]},
        {"type": "object", "required": ["resume"], "properties": {"resume": {"type": "string", "pattern": "\\S"}}},
    ]})
}

pub(super) fn hooks_schema() -> Value {
    let events: serde_json::Map<String, Value> = HOOK_EVENTS
        .iter()
        .map(|event| {
            let list = json!({"type": "array", "items": {
                "type": "object",
                "required": ["response"],
                "properties": {
                    "matcher": {"type": "string"},
                    "response": {"type": "object"},
                    "timeout": {"type": "number", "exclusiveMinimum": 0},
                },
            }});
            ((*event).to_owned(), list)
        })
        .collect();
    json!({"type": "object", "properties": events, "additionalProperties": false})
}

pub(super) fn response(map: &Object, issues: &mut Issues) {
    if map.contains_key("response") {
        object(map, "response", HOOKS, issues, |_, _| {});
    } else {
        issues.key("response", |i| {
            i.wrong(
                "invalid_type",
                HOOKS,
                "`response` is missing; it must be a map",
            )
        });
    }
}

pub(super) fn hooks(map: &Object, issues: &mut Issues) {
    object(map, "hooks", HOOKS, issues, |hooks, i| {
        for event in HOOK_EVENTS {
            list(hooks, event, 0, HOOKS, i, |entry, i| {
                keys::item(&HOOK, entry, HOOKS, "a map with `response`", i);
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

pub(super) fn agents(node: &Object, issues: &mut Issues) {
    object(node, "agents", AGENTS, issues, each_agent);
}

fn each_agent(map: &Object, issues: &mut Issues) {
    let before = issues.broken();
    for (id, agent) in map {
        issues.key(id, |i| {
            let wanted = "an agent, a map with `description` and `prompt`";
            keys::item(&AGENT, agent, AGENTS, wanted, i);
        });
    }
    if issues.broken() > before {
        return;
    }
    for id in map.keys().filter(|id| !names::is_kebab(id)) {
        issues.key(id, |i| {
            i.custom(
                AGENTS,
                format!("'{id}' is no agent id; use lower-case words joined by `-`"),
            )
        });
    }
    if map.is_empty() {
        issues.custom(AGENTS, "`agents` needs at least one agent");
    }
}

/// Lists of texts by name.
pub(super) fn violations(sandbox: &Object, issues: &mut Issues) {
    object(sandbox, "ignoreViolations", TYPE, issues, |by_name, i| {
        for name in by_name.keys() {
            super::fields::texts(by_name, name, TYPE, i);
        }
    });
}

pub(super) fn flags(pi: &Object, issues: &mut Issues) {
    object(pi, "extensionFlags", TYPE, issues, |flags, i| {
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
