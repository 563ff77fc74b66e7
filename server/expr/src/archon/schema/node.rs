//! One node: fields by their types first, then what they say together.

use serde_json::Value;

use super::fields::{Object, text, word};
use super::issue::{Issues, Rule, TYPE};
use super::mode::{self, Mode};
use super::{control, keys, launch, tables, with};
use crate::archon::{js, names, reference};

const ID: Rule = Rule("R18", "missing-id");
const TIMEOUT: Rule = Rule("R37", "bad-timeout");
const IDLE: Rule = Rule("R39", "bad-idle-timeout");
pub(super) const RUNTIME: Rule = Rule("R38", "runtime-unknown");
/// How the states of dependencies can join.
pub(super) const TRIGGER_RULES: &[&str] = &[
    "all_success",
    "one_success",
    "none_failed_min_one_success",
    "all_done",
];

/// Checks a node and, for a loop_group, its body.
pub(super) fn check(raw: &Value, issues: &mut Issues) {
    let Some(map) = raw.as_object() else {
        issues.wrong(
            "invalid_type",
            TYPE,
            format!(
                "A node is a map with `id` and what it does, found {}",
                word(raw)
            ),
        );
        return;
    };
    keys::check(&tables::NODE, map, issues);
}

/// `timeout` by its type; its bound holds for programs only.
pub(super) fn timeout(map: &Object, issues: &mut Issues) {
    if let Some(value) = map.get("timeout").filter(|v| !v.is_number()) {
        issues.key("timeout", |i| {
            i.wrong(
                "invalid_type",
                TIMEOUT,
                format!(
                    "`timeout` must be a number of milliseconds, found {}",
                    word(value)
                ),
            )
        });
    }
}

pub(super) fn include(map: &Object, issues: &mut Issues) {
    text(map, "include", TYPE, issues);
    if map
        .get("include")
        .and_then(Value::as_str)
        .is_some_and(|s| js::trim(s).is_empty())
    {
        let blank = Rule("R21", "blank-mode");
        issues.key("include", |i| {
            i.bounds(
                "too_small",
                blank,
                "`include` is blank; name the workflow to include",
            )
        });
    }
}

pub(super) fn id(map: &Object, issues: &mut Issues) {
    issues.key("id", |i| match map.get("id") {
        None => i.wrong(
            "invalid_type",
            ID,
            "The node has no `id`; other nodes need one to name it",
        ),
        Some(Value::String(id)) if js::trim(id).is_empty() => {
            i.custom(ID, "`id` must not be blank")
        }
        Some(Value::String(id)) if js::trim(id) == reference::INPUTS => {
            i.custom(
                Rule("R19", "reserved-id"),
                "`INPUTS` is reserved for the workflow's inputs; choose another id",
            );
        }
        Some(Value::String(_)) => {}
        Some(other) => i.wrong(
            "invalid_type",
            ID,
            format!(
                "`id` must be a text, found {}; put it in quotes",
                word(other)
            ),
        ),
    });
}

pub(super) fn idle_timeout(map: &Object, issues: &mut Issues) {
    let Some(value) = map.get("idle_timeout") else {
        return;
    };
    issues.key("idle_timeout", |i| match value.as_f64() {
        None => i.wrong(
            "invalid_type",
            TYPE,
            format!(
                "`idle_timeout` must be a number of milliseconds, found {}",
                word(value)
            ),
        ),
        Some(n) if n <= 0.0 => i.custom(
            IDLE,
            format!("`idle_timeout` must be above 0, found {}", js::number(n)),
        ),
        Some(_) => {}
    });
}

pub(super) fn whole(map: &Object, issues: &mut Issues) {
    let mode_key = |mode: Mode| map.get(mode.key()).is_some_and(Value::is_string);
    let resumes = map
        .get("context")
        .is_some_and(|c| c.get("resume").is_some());
    let agent = mode::written_modes(map)
        .first()
        .is_some_and(|m| m.is_agent());
    if resumes && !agent {
        issues.key("context", |i| {
            i.custom(
                Rule("R27", "context-resume-kind"),
                "Only `prompt` and `command` nodes can go on with another node's session",
            )
        });
    }
    launch::misplaced(map, issues);
    let Some(mode) = mode::only(map, issues) else {
        return;
    };
    if mode == Mode::Command
        && let Some(name) = map
            .get("command")
            .and_then(Value::as_str)
            .map(js::trim)
            .filter(|n| !names::is_command(n))
    {
        issues.key("command", |i| {
            i.custom(
                Rule("R36", "bad-command-name"),
                format!("'{name}' is no command name; use the file's name without folders"),
            )
        });
    }
    if mode.is_exec()
        && let Some(n) = map
            .get("timeout")
            .and_then(Value::as_f64)
            .filter(|n| *n <= 0.0)
    {
        issues.key("timeout", |i| {
            i.custom(
                TIMEOUT,
                format!(
                    "`timeout` must be above 0 milliseconds, found {}",
                    js::number(n)
                ),
            )
        });
    }
    if mode == Mode::Script && !mode_key_is_set(map, "runtime") {
        issues.key("runtime", |i| {
            i.custom(
                Rule("R38", "runtime-missing"),
                "A script needs its `runtime`: bun for JavaScript and TypeScript, uv for Python",
            )
        });
    }
    debug_assert!(mode_key(mode) || matches!(mode, Mode::Loop | Mode::LoopGroup | Mode::Approval));
    launch::retry_supported(map, mode, issues);
    with::check(map, mode, issues);
    match mode {
        Mode::Workflow => launch::workflow(map, issues),
        Mode::Loop => control::until_field(map, issues),
        _ => {}
    }
}

fn mode_key_is_set(map: &Object, key: &str) -> bool {
    map.contains_key(key)
}
