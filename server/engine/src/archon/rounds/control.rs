//! What an author says about the rounds of a `loop` or `loop_group`: bounds,
//! completion channels, gates. Read from a node that has passed the schema.

use serde_json::{Map, Value};

use crate::archon::node::Node;

/// The settings that loops and groups share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Control<'a>(&'a Map<String, Value>);

impl<'a> Control<'a> {
    /// Of a loop or a group; `None` for any other node.
    pub(crate) fn of(node: Node<'a>) -> Option<Self> {
        node.map("loop")
            .or_else(|| node.map("loop_group"))
            .map(Self)
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.0.get(key).and_then(Value::as_str)
    }

    fn flag(self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    /// The completion signal, as written: it is matched untrimmed at the end of an answer.
    pub(crate) fn until(self) -> Option<&'a str> {
        self.text("until")
    }

    pub(crate) fn until_bash(self) -> Option<&'a str> {
        self.text("until_bash")
    }

    pub(crate) fn until_field(self) -> Option<&'a str> {
        self.text("until_field")
    }

    /// Rounds that the author allows, at least 1.
    pub(crate) fn max_iterations(self) -> u64 {
        self.0
            .get("max_iterations")
            .and_then(|n| n.as_u64().or_else(|| n.as_f64().map(|n| n as u64)))
            .unwrap_or(1)
    }

    /// Whether each round starts a session of its own.
    pub(crate) fn fresh_context(self) -> bool {
        self.flag("fresh_context")
    }

    /// Whether each round holds for people.
    pub(crate) fn interactive(self) -> bool {
        self.flag("interactive")
    }

    /// What people are asked; never substituted (specs/archon.md 13.10).
    pub(crate) fn gate_message(self) -> &'a str {
        self.text("gate_message").unwrap_or_default()
    }

    /// Whether a fired channel ends an interactive loop without asking.
    pub(crate) fn signal_completes(self) -> bool {
        self.flag("signal_completes")
    }

    /// The prompt of a loop that has it in the file.
    pub(crate) fn prompt(self) -> Option<&'a str> {
        self.text("prompt")
    }

    /// The command of a loop that takes its prompt from one.
    pub(crate) fn command(self) -> Option<&'a str> {
        self.text("command")
    }
}
