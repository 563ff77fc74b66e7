//! `loop` and `loop_group`: bounds and completion channels (R40, R41, R42).

use serde_json::Value;

use super::fields::{self, Object, word};
use super::issue::{Issues, Rule};
use super::node;
use crate::archon::{js, names};

pub(super) const ITERATIONS: Rule = Rule("R40", "loop-max-iterations");
pub(super) const BLANK: Rule = Rule("R40", "loop-blank-channel");
const XOR: Rule = Rule("R40", "loop-prompt-xor-command");
const GATE: Rule = Rule("R40", "loop-gate-message");
pub(super) const FIELD: Rule = Rule("R41", "until-field");
const EMPTY: Rule = Rule("R42", "loop-group-empty");

fn blank(map: &Object, key: &str) -> bool {
    map.get(key)
        .and_then(Value::as_str)
        .is_some_and(|s| js::trim(s).is_empty())
}

fn channels(map: &Object, found: bool, none: Rule, issues: &mut Issues) {
    for key in ["until", "until_bash"] {
        if blank(map, key) {
            issues.key(key, |i| {
                i.custom(BLANK, format!("`{key}` must not be blank"))
            });
        }
    }
    if !found {
        issues.key("until", |i| i.custom(none, "The loop never completes; give it `until`, `until_bash` or, with a prompt, `until_field`"));
    }
}

fn gate(map: &Object, issues: &mut Issues) {
    let asks = map
        .get("interactive")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    let message = map
        .get("gate_message")
        .and_then(Value::as_str)
        .is_some_and(|s| !s.is_empty());
    if asks && !message {
        issues.key("gate_message", |i| {
            i.custom(
                GATE,
                "An interactive loop needs a `gate_message`: what the person is asked",
            )
        });
    }
}

/// `until_field` by itself.
pub(super) fn until_name(map: &Object, issues: &mut Issues) {
    fields::solid_text(map, "until_field", FIELD, issues);
}

/// `loop` as a whole.
pub(super) fn loop_whole(map: &Object, issues: &mut Issues) {
    let given = |key: &str| {
        map.get(key)
            .and_then(Value::as_str)
            .is_some_and(|s| !s.is_empty() && (key == "prompt" || !js::trim(s).is_empty()))
    };
    let channel = ["until", "until_bash", "until_field"]
        .iter()
        .any(|k| map.contains_key(*k));
    channels(map, channel, Rule("R40", "loop-no-channel"), issues);
    match (given("prompt"), given("command")) {
        (true, true) => issues.key("command", |i| {
            i.custom(XOR, "A loop has either `prompt` or `command`, not both")
        }),
        (false, false) => {
            issues.key("prompt", |i| {
                i.custom(XOR, "A loop needs a `prompt` or a `command`")
            });
        }
        _ => {}
    }
    if let Some(name) = map
        .get("command")
        .and_then(Value::as_str)
        .map(js::trim)
        .filter(|s| !s.is_empty() && !names::is_command(s))
    {
        issues.key("command", |i| {
            i.custom(
                Rule("R40", "loop-bad-command"),
                format!("'{name}' is no command name; use the file's name without folders"),
            )
        });
    }
    gate(map, issues);
}

/// `until_field` against the node's `output_format`; runs when everything else has its type.
pub(super) fn until_field(node: &Object, issues: &mut Issues) {
    let Some(field) = node
        .get("loop")
        .and_then(|l| l.get("until_field"))
        .and_then(Value::as_str)
    else {
        return;
    };
    let field = js::trim(field);
    let format = node.get("output_format");
    let property = format
        .and_then(|f| f.get("properties"))
        .and_then(|p| p.get(field));
    let required = format
        .and_then(|f| f.get("required"))
        .and_then(Value::as_array)
        .is_some_and(|r| r.iter().any(|v| v == field));
    let mut say = |problem: String| {
        issues.key("loop", |i| {
            i.key("until_field", |i| i.custom(FIELD, problem))
        });
    };
    let Some(property) = property else {
        say(match format {
            None => format!("`until_field` needs an `output_format` that declares '{field}'"),
            Some(_) => format!("`output_format` does not declare the property '{field}'"),
        });
        return;
    };
    if !required {
        say(format!(
            "'{field}' must be listed in `required` of `output_format`"
        ));
    }
    // A list of types, or none, is left to the schema's own check.
    let kind = property.get("type").and_then(Value::as_str);
    if kind.is_some_and(|t| t != "boolean") {
        say(format!(
            "'{field}' must be declared as boolean to end the loop"
        ));
    }
}

/// The nodes of a loop_group.
pub(super) fn body(map: &Object, issues: &mut Issues) {
    issues.key("nodes", |i| match map.get("nodes") {
        Some(Value::Array(nodes)) => {
            for (n, node) in nodes.iter().enumerate() {
                i.index(n, |i| node::check(node, i));
            }
            if nodes.is_empty() {
                i.bounds("too_small", EMPTY, "A loop_group needs at least one node");
            }
        }
        Some(other) => {
            let message = format!("`nodes` must be a list, found {}", word(other));
            i.wrong("invalid_type", EMPTY, message);
            if fields::is_empty(other) {
                i.bounds("too_small", EMPTY, "A loop_group needs at least one node");
            }
        }
        None => i.wrong(
            "invalid_type",
            EMPTY,
            "`nodes` is missing: the body of the loop_group",
        ),
    });
}

/// `loop_group` as a whole.
pub(super) fn group_whole(map: &Object, issues: &mut Issues) {
    let channel = ["until", "until_bash"].iter().any(|k| map.contains_key(*k));
    channels(map, channel, Rule("R42", "loop-group-no-channel"), issues);
    gate(map, issues);
}
