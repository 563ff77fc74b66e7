//! What the worker carries out. Plain data: everything that was rendered and
//! decided, so that the worker decides nothing about the workflow.

use std::sync::Arc;

use fermata_workflow::model::Retry;
use serde_json::{Map, Value};

use crate::ids::{RunId, StepPath};
use crate::session::SessionCall;

/// Something to carry out for an open attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Run a process.
    Script(Box<ScriptCall>),
    /// Ask an agent.
    Agent(Box<AgentCall>),
    /// Start another run and wait for its end.
    Child(Box<ChildCall>),
}

impl Effect {
    /// The attempt that it is for.
    #[must_use]
    pub fn attempt(&self) -> (&StepPath, u32) {
        match self {
            Self::Script(call) => (&call.path, call.attempt),
            Self::Agent(call) => (&call.path, call.attempt),
            Self::Child(call) => (&call.path, call.attempt),
        }
    }
}

/// A process to run; no shell unless the command is one.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptCall {
    /// Where in the run.
    pub path: StepPath,
    /// Its step.
    pub step: String,
    /// From 1.
    pub attempt: u32,
    /// Program.
    pub command: String,
    /// Arguments.
    pub args: Vec<String>,
    /// Added to the environment.
    pub env: Vec<(String, String)>,
    /// Files to write before it starts: absolute path and text.
    pub files: Vec<(String, String)>,
    /// The script file among `args`, as it was pinned.
    pub pinned: Option<PinnedScript>,
    /// Text for standard input; none means nothing to read.
    pub stdin: Option<String>,
    /// Folder, relative to the run's.
    pub cwd: Option<String>,
    /// Longest time.
    pub timeout_seconds: Option<f64>,
}

/// A script file of a pinned definition. Runs where it lies as long as it and what it may import are what they were;
/// else as a copy beside copies of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedScript {
    /// Where it lies: one of the arguments.
    pub path: String,
    /// Itself and the other files of its folder.
    pub files: Vec<ScriptFile>,
}

/// A file of a script folder as it was pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptFile {
    /// Where it lies.
    pub path: String,
    /// What it was.
    pub bytes: Arc<[u8]>,
    /// Where a copy goes when one of them has changed.
    pub copy: String,
}

/// A prompt to carry out, with what is done about its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentCall {
    /// Where in the run.
    pub path: StepPath,
    /// Its step.
    pub step: String,
    /// The name that a provider sees: with the item's key in brackets.
    pub shown: String,
    /// Key of the for_each item.
    pub item: Option<String>,
    /// The for_each group.
    pub group: Option<String>,
    /// From 1.
    pub attempt: u32,
    /// Round of the loop that it lies in, from 1.
    pub round: Option<u64>,
    /// Prompt as it is sent: instructions before, guidance after.
    pub prompt: String,
    /// The step's own prompt, which is what a validator sees; `None` when it is the same.
    pub bare_prompt: Option<String>,
    /// System prompt.
    pub system_prompt: Option<String>,
    /// Model of the step, else the workflow's default; the agent's own when absent.
    pub model: Option<String>,
    /// Reasoning effort of the step, else the workflow's default.
    pub effort: Option<String>,
    /// Context tier.
    pub context_tier: Option<String>,
    /// Folder, relative to the workflow's.
    pub cwd: Option<String>,
    /// Provider named by the step or the workflow.
    pub provider: Option<String>,
    /// `None`: all tools; empty: none.
    pub tools: Option<Vec<String>>,
    /// Declared output fields as data; `None` when no schema was declared.
    pub schema: Option<Map<String, Value>>,
    /// Keep the text as it is.
    pub raw: bool,
    /// Read the text as JSON and keep a text that is none.
    pub envelope: bool,
    /// Longest time of one attempt of the step.
    pub timeout_seconds: Option<f64>,
    /// Retry policy; the provider's when absent.
    pub retry: Option<Retry>,
    /// Second opinion on the output.
    pub validator: Option<ValidatorCall>,
    /// When a dialog is wanted.
    pub dialog: Option<String>,
    /// Whether the step runs by itself, not as a member or item of a group.
    pub alone: bool,
    /// Session shared between steps.
    pub session_key: Option<String>,
    /// With which session of the agent it begins, and what becomes of it.
    pub session: SessionCall,
    /// `cost.pricing` of the workflow.
    pub pricing: Option<Value>,
    /// `runtime.mcp_servers`, by name.
    pub mcp_servers: Map<String, Value>,
    /// A JSON file with more of them, relative to `cwd`: `mcp` of an Archon node, read when the attempt begins.
    pub mcp_file: Option<String>,
    /// What else the step or the workflow asks of a provider, by key: temperature, skills, session limits.
    pub settings: Map<String, Value>,
    /// An answer that is a text, or fits a JSON Schema; `None` where `schema`, `raw` and `envelope` say what it is.
    pub text: Option<TextAnswer>,
}

/// How the answer to an Archon prompt is read. The output is the text, or the structured answer with `structured` in
/// the facts of the result; a structured answer that nobody asked for is in `value` there.
#[derive(Debug, Clone, PartialEq)]
pub struct TextAnswer {
    /// JSON Schema that it has to fit.
    pub schema: Option<Value>,
    /// How often it is asked for again when it does not.
    pub reasks: u32,
    /// Longest silence of the agent.
    pub idle_seconds: f64,
    /// Whether an empty answer, or one about spent credit, is a failure.
    pub strict: bool,
    /// Whether what was said beside a structured answer is kept, as `beside` in the facts.
    pub beside: bool,
}

/// Another run, started for a step of this one.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildCall {
    /// Where in the run.
    pub path: StepPath,
    /// Its step.
    pub step: String,
    /// From 1.
    pub attempt: u32,
    /// Name of the workflow.
    pub workflow: String,
    /// Its file.
    pub file: String,
    /// The message; the inputs say it all when absent.
    pub message: Option<String>,
    /// Inputs.
    pub inputs: Map<String, Value>,
    /// Whether it works in a worktree of its own, not where its parent works.
    pub worktree: bool,
    /// Request id: the same one is the same run.
    pub request: String,
    /// Whether another run takes the place of one that was cancelled before this attempt began. Items of a fan-out keep
    /// what people have decided about theirs.
    pub anew: bool,
    /// The run that carries the attempt out already, if one does.
    pub child: Option<RunId>,
}

/// A second opinion on an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatorCall {
    /// What the output is judged by.
    pub criteria: String,
    /// Model of the judge.
    pub model: Option<String>,
    /// 0 or 1.
    pub max_retries: u32,
}
