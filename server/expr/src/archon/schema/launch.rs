//! What goes with starting something else: `fan_out`, `isolation`, `retry`, and where these may not stand
//! (R30 to R35, R45).

use serde_json::Value;

use super::fields::Object;
use super::issue::{Issues, Rule};
use super::mode::Mode;

pub(super) const RETRY: Rule = Rule("R45", "retry-bounds");
pub(super) const BOUNDS: Rule = Rule("R35", "fan-out-bounds");

/// How the states of sub-runs can join; the last is known and refused.
pub(super) const JOINS: &[&str] = &["all_done", "all_success", "first_success"];

/// R29 to R34.
pub(super) fn check(map: &Object, mode: Option<Mode>, issues: &mut Issues) {
    if mode != Some(Mode::Workflow) {
        misplaced(map, mode, issues);
        return;
    }
    if map.contains_key("with") && map.contains_key("input") {
        issues.key("with", |i| {
            i.custom(
                Rule("R29", "with-and-input"),
                "`with` and `input` exclude each other; pass the text as one of the inputs",
            )
        });
    }
    no_retry(map, Mode::Workflow, issues);
    fan_out(map, issues);
}

/// R31 and R32: settings of launches on nodes that launch nothing.
fn misplaced(map: &Object, mode: Option<Mode>, issues: &mut Issues) {
    let (rule, keys): (_, &[&str]) = if mode == Some(Mode::Include) {
        (
            Rule("R32", "launch-option-on-include"),
            &["isolation", "fan_out", "input"],
        )
    } else {
        (
            Rule("R31", "launch-option-misplaced"),
            &["isolation", "fan_out"],
        )
    };
    for key in keys.iter().filter(|k| map.contains_key(**k)) {
        issues.key(key, |i| i.custom(rule, format!("`{key}` belongs to `workflow` nodes; take it away or start the workflow as a sub-run")));
    }
}

/// R30: kinds that cannot be retried as a whole.
pub(super) fn no_retry(map: &Object, mode: Mode, issues: &mut Issues) {
    if map.contains_key("retry") {
        issues.key("retry", |i| {
            i.custom(
                Rule("R30", "retry-not-supported"),
                format!(
                    "A `{}` node cannot be retried; put `retry` on the nodes inside",
                    mode.key()
                ),
            )
        });
    }
}

/// R33 and R34.
fn fan_out(map: &Object, issues: &mut Issues) {
    let Some(fan_out) = map.get("fan_out") else {
        return;
    };
    let name = fan_out.get("as").and_then(Value::as_str);
    issues.key("fan_out", |i| {
        if fan_out.get("join").and_then(Value::as_str) == Some("first_success") {
            i.key("join", |i| {
                i.custom(
                    Rule("R33", "fan-out-first-success"),
                    "`first_success` is not supported; use all_done or all_success",
                )
            });
        }
        if let Some(name) = name.filter(|n| map.get("with").is_some_and(|w| w.get(n).is_some())) {
            i.key("as", |i| {
                i.custom(
                    Rule("R34", "fan-out-as-collision"),
                    format!("'{name}' is a key of `with` too; give the item another name"),
                )
            });
        }
    });
}
