//! `with`: values handed to a command, a script, an included workflow or a sub-run (R28).

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{Object, word};
use super::issue::{Issues, Rule};
use super::mode::Mode;
use crate::archon::{names, reference};

/// Checks `with` where the node's kind uses it.
pub(super) fn check(map: &Object, mode: Option<Mode>, issues: &mut Issues) {
    if !matches!(
        mode,
        Some(Mode::Command | Mode::Script | Mode::Include | Mode::Workflow)
    ) {
        return;
    }
    let Some(value) = map.get("with") else { return };
    issues.key("with", |i| {
        let Some(with) = value.as_object() else {
            i.custom(
                Rule("R28", "with-not-map"),
                format!(
                    "`with` must be a map of names and values, found {}",
                    word(value)
                ),
            );
            return;
        };
        names_of(with, i);
        if matches!(mode, Some(Mode::Command | Mode::Script)) {
            collisions(with, i);
            for (name, value) in with {
                i.key(name, |i| binding(value, i));
            }
        }
    });
}

fn names_of(with: &Object, issues: &mut Issues) {
    for name in with.keys().filter(|n| !names::is_name(n)) {
        issues.custom(
            Rule("R28", "bad-input-name"),
            format!("'{name}' is no input name; use letters, digits, `_` and `-`"),
        );
    }
}

fn collisions(with: &Object, issues: &mut Issues) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in with.keys() {
        let key = names::env_key(name);
        if let Some(other) = seen.insert(key.clone(), name) {
            issues.custom(
                Rule("R28", "binding-env-collision"),
                format!("'{other}' and '{name}' both become the variable {key}; rename one"),
            );
        }
    }
}

fn binding(value: &Value, issues: &mut Issues) {
    let Value::Object(map) = value else { return };
    let known = map.keys().all(|k| k == "from" || k == "if_skipped");
    let Some(from) = map.get("from").and_then(Value::as_str).filter(|_| known) else {
        issues.custom(Rule("R28", "bad-binding-directive"), "A map here is `{from: $node.output}` with an optional `if_skipped`; write other maps as JSON text");
        return;
    };
    let previous = reference::loop_prev_refs(from);
    if !previous.is_empty() {
        issues.custom(
            Rule("R28", "binding-from-loop-prev"),
            "`from` cannot read the iteration before; use the reference as text",
        );
    } else if reference::whole(from).is_none() {
        issues.custom(
            Rule("R28", "binding-from-not-ref"),
            format!("`from` must be one whole reference like $node.output, found '{from}'"),
        );
    }
}
