//! One node: fields by their types first, then what they say together.

use serde_json::Value;

use super::fields::{Object, is_empty, text, word};
use super::issue::{Issues, Rule, TYPE};
use super::mode::{self, Mode};
use super::{control, gate, keys, launch, tables, with};
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
    if map.get("include").is_some_and(is_empty) {
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
    if let Some(value) = map.get("idle_timeout").filter(|v| !v.is_number()) {
        let message = format!(
            "`idle_timeout` must be a number of milliseconds, found {}",
            word(value)
        );
        issues.key("idle_timeout", |i| i.wrong("invalid_type", TYPE, message));
    }
}

/// What the keys of a node say together, in the order in which the dialect looks.
pub(super) fn whole(map: &Object, issues: &mut Issues) {
    let id = map
        .get("id")
        .and_then(Value::as_str)
        .map(js::trim)
        .unwrap_or_default();
    if id.is_empty() {
        issues.key("id", |i| i.custom(ID, "`id` must not be blank"));
        return;
    }
    if id == reference::INPUTS {
        let reserved = Rule("R19", "reserved-id");
        let message = "`INPUTS` is reserved for the workflow's inputs; choose another id";
        issues.key("id", |i| i.custom(reserved, message));
    }
    let Some(mode) = mode::at_most_one(map, issues) else {
        return;
    };
    gate::whole(map, issues);
    let resumes = map
        .get("context")
        .is_some_and(|c| c.get("resume").is_some());
    if resumes && !mode.is_some_and(Mode::is_agent) {
        issues.key("context", |i| {
            i.custom(
                Rule("R27", "context-resume-kind"),
                "Only `prompt` and `command` nodes can go on with another node's session",
            )
        });
    }
    with::check(map, mode, issues);
    launch::check(map, mode, issues);
    let Some(mode) = mode else {
        mode::none(map, issues);
        return;
    };
    command(map, mode, issues);
    program(map, mode, issues);
    if mode == Mode::Loop {
        control::until_field(map, issues);
    }
    if matches!(mode, Mode::Loop | Mode::LoopGroup) {
        launch::no_retry(map, mode, issues);
    }
    positive(map, "idle_timeout", IDLE, issues);
}

fn command(map: &Object, mode: Mode, issues: &mut Issues) {
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
}

fn program(map: &Object, mode: Mode, issues: &mut Issues) {
    if mode == Mode::Script && !map.contains_key("runtime") {
        issues.key("runtime", |i| {
            i.custom(
                Rule("R38", "runtime-missing"),
                "A script needs its `runtime`: bun for JavaScript and TypeScript, uv for Python",
            )
        });
    }
    if mode.is_exec() {
        positive(map, "timeout", TIMEOUT, issues);
    }
}

fn positive(map: &Object, key: &str, rule: Rule, issues: &mut Issues) {
    let number = map.get(key).and_then(Value::as_f64);
    if let Some(n) = number.filter(|n| *n <= 0.0) {
        let found = js::number(n);
        let message = format!("`{key}` must be above 0 milliseconds, found {found}");
        issues.key(key, |i| i.custom(rule, message));
    }
}
