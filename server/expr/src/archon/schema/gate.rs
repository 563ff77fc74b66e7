//! `approval`: message, decisions and rework (R22 to R26).

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::{Object, full_text, list, word};
use super::issue::{Issues, Rule};
use super::{keys, tables};
use crate::archon::{js, names};

pub(super) const APPROVAL: Rule = Rule("R26", "bad-approval");
pub(super) const DECISION: Rule = Rule("R25", "bad-decision");

/// The list of decisions.
pub(super) fn decisions(map: &Object, issues: &mut Issues) {
    list(map, "decisions", 1, DECISION, issues, |value, i| {
        keys::item(
            &tables::DECISION,
            value,
            DECISION,
            "a decision, a map with `id`",
            i,
        );
    });
}

/// `approval` as a whole.
pub(super) fn whole(map: &Object, issues: &mut Issues) {
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

/// A decision's `id`.
pub(super) fn decision_id(map: &Object, issues: &mut Issues) {
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
}

/// A decision's `label`.
pub(super) fn label(map: &Object, issues: &mut Issues) {
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
