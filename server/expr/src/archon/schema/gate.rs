//! `approval`: message, decisions and rework (R22 to R26).

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::{
    Bounds, Object, boolean, full_text, list, number, object, required_text, word,
};
use super::issue::{Issues, Rule, TYPE};
use crate::archon::{js, names};

const APPROVAL: Rule = Rule("R26", "bad-approval");
const DECISION: Rule = Rule("R25", "bad-decision");

/// What stands under `approval`.
pub(super) fn approval(map: &Object, issues: &mut Issues) {
    let before = issues.broken();
    required_text(map, "message", APPROVAL, issues);
    boolean(map, "capture_response", TYPE, issues);
    list(map, "decisions", 1, DECISION, issues, decision);
    object(map, "on_reject", APPROVAL, issues, |rework, i| {
        required_text(rework, "prompt", APPROVAL, i);
        number(
            rework,
            "max_attempts",
            Bounds {
                least: 1.0,
                most: 10.0,
                integer: true,
                positive: false,
            },
            APPROVAL,
            i,
        );
    });
    if issues.broken() > before {
        return;
    }
    let Some(decisions) = map.get("decisions").and_then(Value::as_array) else {
        return;
    };
    let ids: Vec<&str> = decisions
        .iter()
        .filter_map(|d| d.get("id")?.as_str())
        .collect();
    issues.key("decisions", |i| {
        if map.contains_key("on_reject") {
            i.custom(
                Rule("R22", "decisions-with-on-reject"),
                "`decisions` and `on_reject` exclude each other; make rework a decision",
            );
        }
        let mut seen = BTreeSet::new();
        for twice in ids.iter().filter(|id| !seen.insert(**id)) {
            i.custom(
                Rule("R23", "duplicate-decision"),
                format!("The decision '{twice}' is there twice"),
            );
        }
        if !ids.is_empty() && !ids.contains(&"approve") {
            i.custom(
                Rule("R24", "no-approve-decision"),
                "One of the decisions must have the id `approve`",
            );
        }
    });
}

fn decision(value: &Value, issues: &mut Issues) {
    let Some(map) = value.as_object() else {
        issues.wrong(
            "invalid_type",
            DECISION,
            format!("A decision is a map with `id`, found {}", word(value)),
        );
        return;
    };
    match map.get("id") {
        Some(Value::String(id)) => {
            if !names::is_kebab(id) {
                issues.key("id", |i| {
                    i.bounds(
                        "invalid_format",
                        DECISION,
                        format!("'{id}' is no decision id; use lower-case words joined by `-`"),
                    )
                });
            }
        }
        other => {
            let found = other.map_or("nothing", word);
            issues.key("id", |i| {
                i.wrong(
                    "invalid_type",
                    DECISION,
                    format!("A decision needs a text as its `id`, found {found}"),
                )
            });
        }
    }
    full_text(map, "label", DECISION, issues);
    if map
        .get("label")
        .and_then(Value::as_str)
        .is_some_and(|s| !s.is_empty() && js::trim(s).is_empty())
    {
        issues.key("label", |i| {
            i.bounds("too_small", DECISION, "`label` must not be blank")
        });
    }
}
