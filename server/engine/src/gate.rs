//! Gates: points where a run holds for a decision. One object carries all that
//! a surface needs to show and answer it; validity of an answer is decided here
//! and nowhere else.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{GateId, StepPath};

/// What a gate asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum GateKind {
    IterationLimit,
    Human,
    Questions,
    Approval,
    Permission,
}

impl GateKind {
    /// The word in events and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IterationLimit => "iteration_limit",
            Self::Human => "human",
            Self::Questions => "questions",
            Self::Approval => "approval",
            Self::Permission => "permission",
        }
    }
}

/// The one gate object of events, `runs`, editors and panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Gate {
    /// Its id within the run.
    pub gate: GateId,
    /// Its kind.
    pub kind: GateKind,
    /// The step it belongs to (for an iteration limit: the step that would run next).
    pub step: String,
    /// Where in the run.
    pub path: StepPath,
    /// Name of the workflow that asks (a sub-workflow's own name when nested).
    pub workflow: String,
    /// The question, ready to show.
    pub prompt: String,
    /// What is valid, typed and labelled, in the order to offer.
    pub answers: Vec<AnswerSpec>,
    /// What only an iteration limit has.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitEvidence>,
    /// Dialect-specific extras (questions, tool call of a permission), by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// Why a run stands at its iteration limit (design/runs.md, "Gates").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LimitEvidence {
    /// Completed steps counted so far.
    pub current_iteration: u64,
    /// The limit in force.
    pub max_iterations: u64,
    /// Smallest number of further iterations with which the next step can start, at least 1.
    pub needed: u64,
    /// Names of the last 5 counted steps, oldest first.
    pub agent_history: Vec<String>,
    /// At least 3 steps in the history and at most 2 distinct names in the last 3.
    pub possible_loop: bool,
    /// The repeating cycle, if the history ends in one.
    pub cycle: Option<Cycle>,
    /// What the deciding steps said, oldest first, at most 20.
    pub verdicts: Vec<Verdict>,
    /// What is counted: the steps of a workflow, or the rounds of the one step that the gate belongs to.
    #[serde(default, skip_serializing_if = "Counted::is_steps")]
    pub counts: Counted,
}

/// What a limit counts.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Counted {
    #[default]
    Steps,
    Rounds,
}

impl Counted {
    fn is_steps(&self) -> bool {
        *self == Self::Steps
    }
}

impl Gate {
    /// Where a limit holds, its step called `step`: `held at 4/4 in notes`, `held at 20/20 before review`. `None` for
    /// other gates.
    #[must_use]
    pub fn held(&self, step: &str) -> Option<String> {
        let limit = self.limit.as_ref()?;
        let place = match limit.counts {
            Counted::Steps => "before",
            Counted::Rounds => "in",
        };
        Some(format!(
            "held at {}/{} {place} {step}",
            limit.current_iteration, limit.max_iterations
        ))
    }
}

/// A cycle at the end of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cycle {
    /// Step names in order, each once.
    pub steps: Vec<String>,
    /// How often it went round completely.
    pub rounds: u64,
}

/// One round's verdict of a judging step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verdict {
    /// The step that judged.
    pub step: String,
    /// The round, from 1.
    pub round: u64,
    /// Score as yielded.
    pub score: Option<f64>,
    /// Flag as yielded.
    pub flag: Option<bool>,
    /// First line of its feedback, cut at 160 characters.
    pub feedback: Option<String>,
}

/// One valid answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswerSpec {
    /// The answer to send; for `continue` with the offered `n`.
    pub answer: Value,
    /// What a button says. Authored labels verbatim.
    pub label: String,
    /// What follows from it, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequence: Option<String>,
    /// Names of texts that may or must come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<AnswerField>,
}

/// A text or number that comes with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswerField {
    /// Key in the answer (`n`, `text`) or in its `input`.
    pub name: String,
    /// `integer` or `text`.
    pub ty: String,
    /// Smallest integer accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u64>,
    /// Several lines.
    #[serde(default)]
    pub multiline: bool,
    /// The answer is whole without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

impl AnswerSpec {
    /// Whether a text must come with it, for which a button has no place.
    #[must_use]
    pub fn needs_text(&self) -> bool {
        self.fields
            .iter()
            .any(|field| field.ty == "text" && !field.optional)
    }
}

/// A decision on a gate, in the shape of design/protocol.md.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Answer {
    IterationLimit {
        #[serde(rename = "do")]
        decision: LimitDecision,
        /// Further iterations; only with `continue`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        n: Option<u64>,
    },
    Human {
        value: String,
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        input: Map<String, Value>,
    },
    Questions {
        #[serde(default)]
        answers: Map<String, Value>,
        #[serde(rename = "do")]
        decision: String,
    },
    Approval {
        decision: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    Permission {
        option: String,
    },
}

/// What is decided at an iteration limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum LimitDecision {
    Continue,
    Stop,
    Abort,
}

/// Why an answer was not taken. Nothing was changed.
#[derive(
    Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema, thiserror::Error,
)]
#[error("{reason}")]
pub struct Refusal {
    /// One sentence: what was expected, what was found, what to do.
    pub reason: String,
    /// The answer that closed the gate before this one.
    #[serde(default)]
    pub answered: Option<Answered>,
    /// The smallest `n` that would do.
    #[serde(default)]
    pub needed: Option<u64>,
}

/// Who closed a gate, from where, when (UTC ms), and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Answered {
    /// The person or policy.
    pub by: String,
    /// The surface (`vscode, neovim, lsp, panel, terminal, mcp, policy`).
    pub surface: String,
    /// UTC milliseconds.
    pub at: u64,
    /// The answer.
    pub answer: Value,
}
