//! Which mode a node has: exactly one of ten keys (R20, R21).

use serde_json::Value;

use super::fields::Object;
use super::issue::{Issues, Rule};
use crate::archon::js;

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Mode {
    Command,
    Prompt,
    Bash,
    Script,
    Loop,
    LoopGroup,
    Approval,
    Cancel,
    Include,
    Workflow,
}

/// Every mode with its key.
pub const MODES: &[(&str, Mode)] = &[
    ("command", Mode::Command),
    ("prompt", Mode::Prompt),
    ("bash", Mode::Bash),
    ("script", Mode::Script),
    ("loop", Mode::Loop),
    ("loop_group", Mode::LoopGroup),
    ("approval", Mode::Approval),
    ("cancel", Mode::Cancel),
    ("include", Mode::Include),
    ("workflow", Mode::Workflow),
];

impl Mode {
    /// Its key.
    #[must_use]
    pub fn key(self) -> &'static str {
        MODES
            .iter()
            .find(|(_, m)| *m == self)
            .map_or("", |(key, _)| *key)
    }

    /// Whether an agent works in one turn: `prompt` and `command`.
    #[must_use]
    pub fn is_agent(self) -> bool {
        matches!(self, Self::Prompt | Self::Command)
    }

    /// Whether it starts a program.
    #[must_use]
    pub fn is_exec(self) -> bool {
        matches!(self, Self::Bash | Self::Script)
    }
}

/// The modes a node writes: keys with a text that is not blank, or with a map.
#[must_use]
pub fn written_modes(map: &Object) -> Vec<Mode> {
    let written = |value: &Value| match value {
        Value::String(text) => !js::trim(text).is_empty(),
        Value::Object(_) => true,
        _ => false,
    };
    MODES
        .iter()
        .filter(|(key, _)| map.get(*key).is_some_and(written))
        .map(|(_, mode)| *mode)
        .collect()
}

/// The mode of a node, if it has one, or nothing and an issue where it has several.
pub(super) fn at_most_one(map: &Object, issues: &mut Issues) -> Option<Option<Mode>> {
    let written = written_modes(map);
    if written.len() > 1 {
        let keys: Vec<_> = written.iter().map(|m| m.key()).collect();
        issues.custom(
            Rule("R20", "several-modes"),
            format!(
                "A node does one thing, this one has {}; split it",
                keys.join(" and ")
            ),
        );
        return None;
    }
    Some(written.first().copied())
}

/// Says that a node does nothing.
pub(super) fn none(map: &Object, issues: &mut Issues) {
    const BLANK: Rule = Rule("R21", "blank-mode");
    let blank = ["bash", "prompt", "script"]
        .into_iter()
        .find(|k| map.get(*k).is_some_and(Value::is_string));
    let keys: Vec<_> = MODES.iter().map(|(key, _)| *key).collect();
    if let Some(key) = blank {
        issues.key(key, |i| {
            i.custom(
                BLANK,
                format!("`{key}` is blank; write what the node has to do"),
            )
        });
    } else {
        issues.custom(
            Rule("R21", "no-mode"),
            format!("The node does nothing; give it one of {}", keys.join(", ")),
        );
    }
}
