//! What only Archon workflows have: node settings (joins, conditions) and the
//! node kinds without a Conductor counterpart. Filled by `dialects::archon`.

use indexmap::IndexMap;
use serde_json::Value;

use crate::source::{Placed, Text};

/// Top-level settings of an Archon workflow.
#[derive(Debug, Clone, Default)]
pub struct ArchonSettings {
    /// Id of the node whose output is the workflow's result.
    pub returns: Option<Text>,
    /// Property of that result which names the outcome.
    pub outcome_field: Option<Text>,
    /// Whether the run may pause for people.
    pub interactive: bool,
    /// Whether runs change their checkout (default true).
    pub mutates_checkout: bool,
    /// `worktree.enabled` as written.
    pub worktree: Option<bool>,
    /// `evidence_policy.required`.
    pub evidence_required: bool,
    /// Default of `persist_session`.
    pub persist_sessions: bool,
    /// Nodes as the engine runs them: includes expanded, settings of the workflow pushed down, defaults filled in
    /// (`expr::archon::schema`). Empty when the file does not load. Every node that came in by an include has
    /// `composed`: the boundaries it lies in, outermost first, each with `id`, `depends_on`, `when`, whether the node is
    /// one that the include begins with (`entry`), and the trigger rules of all of those (`entry_rules`). Nodes that
    /// start a process have `composed_inputs` there: what the include handed to the workflow that they are written in.
    pub nodes: Vec<Value>,
    /// `returns` after includes are expanded.
    pub result: Option<String>,
    /// What the workflow and its includes require.
    pub requires: Vec<String>,
    /// The whole file as data.
    pub raw: Value,
}

/// Joins, conditions and retry of a node.
#[derive(Debug, Clone, Default)]
pub struct NodeSettings {
    /// Ids this node waits for.
    pub depends_on: Vec<Text>,
    /// Condition.
    pub when: Option<Text>,
    /// How the states of `depends_on` join; `all_success` by default.
    pub trigger_rule: Option<Text>,
    /// Never skipped by the resume cache.
    pub always_run: bool,
    /// `output_format` as data.
    pub output_format: Option<Placed<Value>>,
    /// Everything else as data.
    pub raw: Value,
}

/// The mode of a node.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum ArchonKind {
    Command {
        name: Text,
        with: IndexMap<String, Placed<Value>>,
    },
    Prompt {
        prompt: Text,
    },
    Bash {
        script: Text,
        timeout_ms: Option<f64>,
    },
    Script {
        script: Text,
        raw: Value,
    },
    Loop(Box<LoopNode>),
    LoopGroup {
        nodes: Vec<super::Step>,
        raw: Value,
        until: Option<Text>,
        max_iterations: Option<Placed<u32>>,
    },
    Approval {
        message: Text,
        raw: Value,
    },
    Cancel {
        reason: Text,
    },
    Include {
        workflow: Text,
        raw: Value,
    },
    Workflow {
        workflow: Text,
        raw: Value,
    },
}

/// An agent loop.
#[derive(Debug, Clone)]
pub struct LoopNode {
    /// Prompt of each round.
    pub prompt: Option<Text>,
    /// Completion signal.
    pub until: Option<Text>,
    /// Rounds.
    pub max_iterations: Option<Placed<u32>>,
    /// Whether each round starts a fresh session.
    pub fresh_context: bool,
    /// The rest as data.
    pub raw: Value,
}

impl ArchonKind {
    /// The mode key in files.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Command { .. } => "command",
            Self::Prompt { .. } => "prompt",
            Self::Bash { .. } => "bash",
            Self::Script { .. } => "script",
            Self::Loop(_) => "loop",
            Self::LoopGroup { .. } => "loop_group",
            Self::Approval { .. } => "approval",
            Self::Cancel { .. } => "cancel",
            Self::Include { .. } => "include",
            Self::Workflow { .. } => "workflow",
        }
    }
}
