//! What steps do: one struct per kind. Archon's kinds that have no Conductor
//! counterpart are in `archon`.

use indexmap::IndexMap;
use serde_json::Value;

use super::{ArchonKind, Step, ValueType};
use crate::source::{Placed, Text};

/// The kind of a step with what only that kind has.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum StepKind {
    Agent(Box<AgentStep>),
    HumanGate(HumanGateStep),
    Questions(QuestionsStep),
    Script(ScriptStep),
    Set(SetStep),
    Wait(WaitStep),
    Terminate(TerminateStep),
    SubWorkflow(SubWorkflowStep),
    Parallel(ParallelStep),
    ForEach(Box<ForEachStep>),
    Archon(Box<ArchonKind>),
}

impl StepKind {
    /// The word for it in the dialect's files and in our JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::HumanGate(_) => "human_gate",
            Self::Questions(_) => "questions",
            Self::Script(_) => "script",
            Self::Set(_) => "set",
            Self::Wait(_) => "wait",
            Self::Terminate(_) => "terminate",
            Self::SubWorkflow(_) => "workflow",
            Self::Parallel(_) => "parallel",
            Self::ForEach(_) => "for_each",
            Self::Archon(kind) => kind.word(),
        }
    }
}

/// An LLM step (`type: agent` or no type).
#[derive(Debug, Clone, Default)]
pub struct AgentStep {
    /// User prompt template; absent is legal.
    pub prompt: Option<Text>,
    /// System prompt template.
    pub system_prompt: Option<Text>,
    /// Model template.
    pub model: Option<Text>,
    /// Provider override.
    pub provider: Option<Text>,
    /// `None`: all tools; empty: none.
    pub tools: Option<Vec<Text>>,
    /// `raw`, `envelope` or absent.
    pub output_mode: Option<Text>,
    /// Working folder template.
    pub working_dir: Option<Text>,
    /// Seconds, at least 1.
    pub timeout_seconds: Option<f64>,
    /// Retry policy.
    pub retry: Option<Retry>,
    /// Second-opinion call on the output.
    pub validator: Option<Validator>,
    /// `dialog.trigger_prompt`.
    pub dialog: Option<Text>,
    /// `reasoning.effort`, literal or template.
    pub effort: Option<Text>,
    /// `context_tier`, literal or template.
    pub context_tier: Option<Text>,
    /// Session key literal.
    pub session_key: Option<Text>,
    /// The remaining agent keys as data (skills, plugins, sandbox, session limits).
    pub raw: Value,
}

/// `retry` of an agent step.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// 1..=10.
    pub max_attempts: u32,
    /// Doubling (`true`, the default) or fixed delay.
    pub exponential: bool,
    /// Seconds, 0..=300.
    pub delay_seconds: f64,
    /// Categories that are retried: `provider_error`, `timeout`.
    pub retry_on: Vec<String>,
    /// 0..=10; the provider's own default when absent.
    pub max_parse_recovery_attempts: Option<u32>,
}

/// `validator` of an agent step.
#[derive(Debug, Clone)]
pub struct Validator {
    /// What the output is judged by.
    pub criteria: Text,
    /// Model of the judge; the step's own when absent.
    pub model: Option<Text>,
    /// 0 or 1.
    pub max_retries: u32,
}

/// A question with fixed options.
#[derive(Debug, Clone)]
pub struct HumanGateStep {
    /// Prompt template.
    pub prompt: Text,
    /// Options in authored order.
    pub options: Vec<GateOption>,
}

/// One option of a human gate.
#[derive(Debug, Clone)]
pub struct GateOption {
    /// Shown verbatim, never templated.
    pub label: Text,
    /// What `selected` becomes.
    pub value: Text,
    /// Target step, or `$end`.
    pub route: Text,
    /// Name of a text to ask for when this option is chosen.
    pub prompt_for: Option<Text>,
    /// Whether that text has several lines.
    pub multiline: bool,
}

/// A questionnaire.
#[derive(Debug, Clone)]
pub struct QuestionsStep {
    /// Introduction template.
    pub prompt: Option<Text>,
    /// Inline questions; empty when `source` is used.
    pub questions: Vec<Question>,
    /// Dotted path of a list with questions.
    pub source: Option<Text>,
    /// Whether one can go back (default true).
    pub allow_back: bool,
    /// Whether one question can be skipped (default true).
    pub allow_skip: bool,
    /// Whether the rest can be skipped (default true).
    pub allow_skip_all: bool,
    /// Whether the questionnaire can be aborted (default false).
    pub allow_abort: bool,
    /// Where an abort goes; `$end` when absent.
    pub abort_route: Option<Text>,
}

/// One inline question.
#[derive(Debug, Clone)]
pub struct Question {
    /// `q1`… by position when absent.
    pub id: Option<Text>,
    /// Template.
    pub text: Text,
    /// Template.
    pub hint: Option<Text>,
    /// Templates.
    pub choices: Vec<Text>,
    /// Default true.
    pub allow_free_text: bool,
    /// Default answer.
    pub default: Option<Text>,
    /// Whether it must be answered.
    pub required: bool,
    /// Default true.
    pub multiline: bool,
}

/// A process; no shell unless the command is one.
#[derive(Debug, Clone)]
pub struct ScriptStep {
    /// Template.
    pub command: Text,
    /// Templates.
    pub args: Vec<Text>,
    /// Added to the environment; not templated.
    pub env: IndexMap<String, Text>,
    /// Template.
    pub stdin: Option<Text>,
    /// Seconds, above 0.
    pub timeout: Option<f64>,
    /// Template, relative to the run's folder.
    pub working_dir: Option<Text>,
}

/// Computes values from templates.
#[derive(Debug, Clone)]
pub struct SetStep {
    /// One value, or a map of them.
    pub value: SetValue,
    /// `auto`, `string`, `number`, `integer`, `boolean`, `list`, `dict`; only with one value.
    pub output_type: Option<Text>,
}

/// `value` or `values` of a set step.
#[derive(Debug, Clone)]
pub enum SetValue {
    /// `value`: any type.
    One(Text),
    /// `values`: a dict.
    Many(IndexMap<String, Text>),
}

/// Sleeps.
#[derive(Debug, Clone)]
pub struct WaitStep {
    /// Seconds above 0 and at most 86400, or a template that yields a duration.
    pub duration: Text,
    /// Template.
    pub reason: Option<Text>,
}

/// Ends the workflow on purpose.
#[derive(Debug, Clone)]
pub struct TerminateStep {
    /// `success` (true) or `failed`.
    pub success: bool,
    /// Template.
    pub reason: Text,
    /// Templates that replace the workflow output.
    pub output_template: Option<IndexMap<String, Text>>,
}

/// Runs another workflow inside this run.
#[derive(Debug, Clone)]
pub struct SubWorkflowStep {
    /// Path relative to this file, or a registry reference; never templated.
    pub workflow: Text,
    /// Templates of the child's inputs; the parent's inputs are passed when absent.
    pub input_mapping: Option<IndexMap<String, Text>>,
    /// 1..=10.
    pub max_depth: Option<Placed<u32>>,
    /// Seconds, above 0 (accepted and ignored by the dialect).
    pub timeout: Option<f64>,
}

/// What a failing member does to its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum FailureMode {
    #[default]
    FailFast,
    ContinueOnError,
    AllOrNothing,
}

/// Members that run at the same time.
#[derive(Debug, Clone)]
pub struct ParallelStep {
    /// Names of steps, at least two.
    pub members: Vec<Text>,
    /// Failure mode.
    pub failure_mode: FailureMode,
}

/// One inline step for every item of a list.
#[derive(Debug, Clone)]
pub struct ForEachStep {
    /// Dotted path of the list.
    pub source: Text,
    /// Name of the loop variable.
    pub variable: Text,
    /// The inline step.
    pub agent: Step,
    /// 1..=100, default 10.
    pub max_concurrent: u32,
    /// Failure mode.
    pub failure_mode: FailureMode,
    /// Dotted path into the item.
    pub key_by: Option<Text>,
}

impl ValueType {
    /// The word for it in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}
