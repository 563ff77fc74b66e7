//! A node of an expanded graph as the scheduler reads it. The value has passed
//! the schema (`fermata_expr::archon::schema`), so that what is not there has
//! its default here.

use serde_json::{Map, Value};

use super::TriggerRule;

/// What a node does. The words are those of the keys that authors write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Prompt,
    Command,
    Bash,
    Script,
    Loop,
    LoopGroup,
    Approval,
    Cancel,
    Workflow,
}

impl Kind {
    /// The word in events.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Command => "command",
            Self::Bash => "bash",
            Self::Script => "script",
            Self::Loop => "loop",
            Self::LoopGroup => "loop_group",
            Self::Approval => "approval",
            Self::Cancel => "cancel",
            Self::Workflow => "workflow",
        }
    }
}

/// A node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a>(&'a Value);

impl<'a> Node<'a> {
    pub(crate) fn of(value: &'a Value) -> Self {
        Self(value)
    }

    pub(crate) fn get(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn text(self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    pub(crate) fn map(self, key: &str) -> Option<&'a Map<String, Value>> {
        self.get(key)?.as_object()
    }

    fn list(self, key: &str) -> impl Iterator<Item = &'a Value> {
        self.get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }

    pub(crate) fn id(self) -> &'a str {
        self.text("id").unwrap_or_default()
    }

    pub(crate) fn kind(self) -> Kind {
        match self.text("kind").unwrap_or_default() {
            "exec" if self.text("runtime") == Some("sh") => Kind::Bash,
            "exec" => Kind::Script,
            "loop" => Kind::Loop,
            "loop_group" => Kind::LoopGroup,
            "gate" => Kind::Approval,
            "halt" => Kind::Cancel,
            "workflow" => Kind::Workflow,
            _ => {
                let source = self.get("source").and_then(|source| source.get("kind"));
                match source.and_then(Value::as_str) {
                    Some("command") => Kind::Command,
                    _ => Kind::Prompt,
                }
            }
        }
    }

    pub(crate) fn depends_on(self) -> impl Iterator<Item = &'a str> {
        self.list("depends_on").filter_map(Value::as_str)
    }

    pub(crate) fn when(self) -> Option<&'a str> {
        self.text("when")
    }

    pub(crate) fn trigger(self) -> TriggerRule {
        self.text("trigger_rule")
            .and_then(TriggerRule::from_word)
            .unwrap_or_default()
    }

    pub(crate) fn always_run(self) -> bool {
        self.get("always_run").and_then(Value::as_bool) == Some(true)
    }

    /// The includes that it came in by, outermost first: each reads like a node with a condition.
    pub(crate) fn boundaries(self) -> impl Iterator<Item = Node<'a>> {
        self.list("composed").map(Node)
    }

    /// Of a boundary: whether the node is one that its include begins with.
    pub(crate) fn is_entry(self) -> bool {
        self.get("entry").and_then(Value::as_bool) == Some(true)
    }

    /// Of a boundary: the rules by which the nodes that its include begins with start.
    pub(crate) fn entry_rules(self) -> impl Iterator<Item = TriggerRule> {
        self.list("entry_rules")
            .map(|rule| rule.as_str().and_then(TriggerRule::from_word))
            .map(Option::unwrap_or_default)
    }

    /// Property names of its `output_format`, if it has one.
    pub(crate) fn declared(self) -> Option<Vec<String>> {
        let format = self.map("output_format")?;
        let properties = format.get("properties").and_then(Value::as_object);
        properties.map(|properties| properties.keys().cloned().collect())
    }

    /// Nodes of its body, if it is a group.
    pub(crate) fn body(self) -> Option<&'a Vec<Value>> {
        self.get("loop_group")?.get("nodes")?.as_array()
    }

    /// `timeout`, else the given milliseconds, in seconds.
    pub(crate) fn timeout_seconds(self, default_ms: f64) -> f64 {
        let ms = self.get("timeout").and_then(Value::as_f64);
        ms.unwrap_or(default_ms) / 1000.0
    }
}
