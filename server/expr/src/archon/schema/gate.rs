//! `approval`: message, decisions and rework (R22 to R26).

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::{Object, list, required, solid_text};
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

/// What the decisions of an `approval` say together.
pub(super) fn whole(node: &Object, issues: &mut Issues) {
    let Some(approval) = node.get("approval") else {
        return;
    };
    let Some(decisions) = approval.get("decisions").and_then(Value::as_array) else {
        return;
    };
    let ids: Vec<&str> = decisions
        .iter()
        .filter_map(|d| d.get("id")?.as_str())
        .map(js::trim)
        .collect();
    issues.key("approval", |i| {
        i.key("decisions", |i| {
            if approval.get("on_reject").is_some() {
                i.custom(
                    Rule("R22", "decisions-with-on-reject"),
                    "`decisions` and `on_reject` exclude each other; make rework a decision",
                );
                return;
            }
            let mut seen = BTreeSet::new();
            if let Some(twice) = ids.iter().find(|id| !seen.insert(**id)) {
                i.custom(
                    Rule("R23", "duplicate-decision"),
                    format!("The decision '{twice}' is there twice"),
                );
            }
            if !ids.contains(&"approve") {
                i.custom(
                    Rule("R24", "no-approve-decision"),
                    "One of the decisions must have the id `approve`",
                );
            }
        });
    });
}

/// A decision's `id`; spaces around it do not count.
pub(super) fn decision_id(map: &Object, issues: &mut Issues) {
    required(map, "id", DECISION, issues);
    solid_text(map, "id", DECISION, issues);
    let id = map.get("id").and_then(Value::as_str).map(js::trim);
    if let Some(id) = id.filter(|id| !names::is_kebab(id)) {
        issues.key("id", |i| {
            i.bounds(
                "invalid_format",
                DECISION,
                format!("'{id}' is no decision id; use lower-case words joined by `-`"),
            )
        });
    }
}
