//! The seam between the worker and whatever carries out a prompt. The worker
//! knows nothing but this trait; ACP, HTTP and the scripted agent implement it
//! elsewhere. Reading a structured answer out of the text, validating it and
//! asking again is the worker's, so that every provider behaves alike.
//! No protocol types of any provider may appear here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fermata_engine::event::ProcessId;
use fermata_engine::{RunId, SessionStart, StepPath};
use serde_json::{Map, Value};

/// What the turn is for: a step's own prompt, or a side call about its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The step itself.
    Agent,
    /// The second opinion on the step's output.
    Validator,
    /// The question whether a dialog is wanted, and the dialog's own turns.
    Dialog,
}

/// One turn: a prompt to send and what it runs with. Owned, so that a provider may move it into a task.
#[derive(Debug, Clone)]
pub struct StepRequest {
    /// The run.
    pub run: RunId,
    /// Where in the run.
    pub path: StepPath,
    /// The step's name as a provider sees it: `worker[x]` for the item `x` of a for_each,
    /// `writer (validator)` for the second opinion.
    pub step: String,
    /// Key of the for_each item, if any.
    pub item: Option<String>,
    /// What the turn is for.
    pub role: Role,
    /// Which agent to use: the run's override, else the step's or the workflow's provider name.
    pub agent: String,
    /// From 1; above 1 when an earlier attempt of the step left no result.
    pub attempt: u32,
    /// Round of the loop that the step lies in, from 1; absent outside of loops.
    pub round: Option<u64>,
    /// Names the conversation. Turns with the same name belong to one session of the agent:
    /// the first opens it, [`AgentProvider::end`] closes it.
    pub conversation: String,
    /// From 1 within the conversation. Turns above 1 are re-prompts and must reach the same session.
    pub turn: u32,
    /// Session shared between steps, where the dialect asks for one.
    pub session_key: Option<String>,
    /// With which session the conversation begins; with `session_key`, only where that one is not open. Looked at
    /// at the first turn. One that cannot be found again is begun anew with a warning, unless it is needed: then the
    /// turn fails with [`AgentErrorKind::Session`] before the prompt is sent. An agent that cannot copy a session goes
    /// on with the original, and says so once.
    pub session: SessionStart,
    /// Whether a later step may go on with the session: [`AgentProvider::end`] does not close it then.
    pub stays_open: bool,
    /// Absolute folder that the agent works in.
    pub cwd: PathBuf,
    /// The text to send.
    pub prompt: String,
    /// Instructions that precede the conversation, if any.
    pub system_prompt: Option<String>,
    /// JSON Schema (2020-12) of the wanted answer. A provider that has a native way to ask for it
    /// uses it; the worker asks for JSON in `prompt` as well and validates in any case.
    pub schema: Option<Value>,
    /// Model; the agent's default when absent.
    pub model: Option<String>,
    /// Reasoning effort (`low` … `max`), if any.
    pub effort: Option<String>,
    /// Context tier (`default`, `long_context`), if any.
    pub context_tier: Option<String>,
    /// `None`: all tools; empty: none.
    pub tools: Option<Vec<String>>,
    /// Added to the agent's environment.
    pub env: Vec<(String, String)>,
    /// What to do when the agent asks to run a tool.
    pub permissions: PermissionPolicy,
    /// Servers of tools that the session gets, in the file's order.
    pub tool_servers: Vec<ToolServer>,
    /// What else the file asks for, by its key there (`temperature`, `skills`, …). What a provider
    /// has no way to pass on it says once, by [`AgentSink::warning`].
    pub settings: Map<String, Value>,
    /// Longest time for this turn. The worker drops the future soon after it; a provider that
    /// can cancel politely does so itself and returns [`AgentErrorKind::Timeout`].
    pub timeout: Option<Duration>,
}

/// A server of tools (MCP) that an agent is told to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolServer {
    /// Its name in the file.
    pub name: String,
    /// How it is reached.
    pub way: ToolServerWay,
    /// What the file says about it that the way does not hold: a choice of its tools, a time-out.
    pub other: Vec<String>,
}

/// How a server of tools is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolServerWay {
    /// A process that the agent starts.
    Process {
        /// Program; a bare name is looked for on the agent's PATH.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Added to its environment.
        env: Vec<(String, String)>,
    },
    /// An address.
    Address {
        /// The address.
        url: String,
        /// Server-sent events instead of plain HTTP.
        events: bool,
        /// Headers of each request.
        headers: Vec<(String, String)>,
    },
}

/// What to do when an agent asks to run a tool. Comes from the user, never from a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionPolicy {
    /// For tools that no rule names.
    pub default: PermissionRule,
    /// Rule by the tool's kind (`read`, `edit`, `execute`, `fetch`, …); the first that fits counts.
    pub by_kind: Vec<(String, PermissionRule)>,
}

impl PermissionPolicy {
    /// The rule for a tool of that kind.
    #[must_use]
    pub fn rule(&self, kind: Option<&str>) -> PermissionRule {
        self.by_kind
            .iter()
            .find(|(k, _)| Some(k.as_str()) == kind)
            .map_or(self.default, |(_, rule)| *rule)
    }
}

/// One decision of a permission policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PermissionRule {
    /// A permission gate is opened and the agent waits.
    #[default]
    Ask,
    /// Allowed this once, without asking.
    Allow,
    /// Rejected this once, without asking.
    Reject,
}

/// An agent's wish to run a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionRequest {
    /// Id of the tool call within the session.
    pub call: String,
    /// What the agent wants to do, in its words; empty when it did not say.
    pub title: String,
    /// Kind of tool (`read`, `edit`, `execute`, …), if told.
    pub kind: Option<String>,
    /// The tool's input as data, if told.
    pub input: Option<Value>,
    /// What the agent offers, in its order.
    pub options: Vec<PermissionChoice>,
}

/// One thing an agent offers at a permission request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionChoice {
    /// Kind of the choice; decisions are made by kind, never by the agent's own ids.
    pub option: PermissionOption,
    /// The agent's label.
    pub label: String,
}

/// The four kinds of permission choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum PermissionOption {
    AllowOnce,
    AllowAlways,
    RejectOnce,
    RejectAlways,
}

impl PermissionOption {
    /// The word in gates and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowOnce => "allow_once",
            Self::AllowAlways => "allow_always",
            Self::RejectOnce => "reject_once",
            Self::RejectAlways => "reject_always",
        }
    }

    /// The choice for a word of a gate's answer.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "allow_once" => Some(Self::AllowOnce),
            "allow_always" => Some(Self::AllowAlways),
            "reject_once" => Some(Self::RejectOnce),
            "reject_always" => Some(Self::RejectAlways),
            _ => None,
        }
    }
}

/// What became of a permission request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionDecision {
    /// Chosen by a person or by the policy.
    Chosen(PermissionOption),
    /// The gate was withdrawn: tell the agent that the request is cancelled.
    Cancelled,
}

/// A tool call as it is shown. A provider sends it again whenever something about it changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolCall {
    /// Id within the session.
    pub call: String,
    /// Title.
    pub title: String,
    /// `pending`, `in_progress`, `completed` or `failed`.
    pub status: String,
    /// Kind of tool, if told.
    pub kind: Option<String>,
}

/// Where a provider reports what happens during a turn. Cheap to call; never blocks, except [`AgentSink::permission`].
#[async_trait]
pub trait AgentSink: Send + Sync {
    /// A piece of the answer.
    fn message(&self, text: &str);
    /// A piece of reasoning.
    fn thought(&self, text: &str);
    /// A tool call appeared or changed.
    fn tool_call(&self, call: ToolCall);
    /// Token counts, context size or cost as reported.
    fn usage(&self, usage: Map<String, Value>);
    /// Something a person should know that is not part of the answer.
    fn warning(&self, text: &str);
    /// The process (group leader) that carries the turn out, so that a later worker can end it.
    fn process(&self, process: ProcessId);
    /// Opens a permission gate and waits for its answer, however long it takes. The policy has
    /// been applied by the time this resolves: providers call it for every request and decide nothing.
    async fn permission(&self, request: PermissionRequest) -> PermissionDecision;
}

/// Why a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// The agent was done.
    EndTurn,
    /// A token limit.
    MaxTokens,
    /// A limit on model requests within the turn.
    MaxTurnRequests,
    /// The model refused.
    Refusal,
    /// The turn was cancelled.
    Cancelled,
}

/// Token counts and cost of one turn; absent where not reported.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// Input tokens.
    pub input: Option<u64>,
    /// Output tokens.
    pub output: Option<u64>,
    /// Input tokens read from the cache.
    pub cache_read: Option<u64>,
    /// Input tokens written to the cache.
    pub cache_write: Option<u64>,
    /// US dollars, as the agent itself says.
    pub cost_usd: Option<f64>,
}

/// What a turn gave.
#[derive(Debug, Clone, PartialEq)]
pub struct StepOutput {
    /// The whole answer as text.
    pub text: String,
    /// The structured answer, where the provider obtained one natively (a submitted result,
    /// a native schema). Validated by the worker like any other.
    pub value: Option<Value>,
    /// Why the turn ended.
    pub stop: StopReason,
    /// Token counts and cost.
    pub usage: Usage,
    /// The model that answered, as far as it is known: not one that was asked for and could not be had.
    pub model: Option<String>,
    /// The agent's id of the session, by which a later step, worker or run may find it again.
    pub session: Option<String>,
    /// Titles of tool calls that were rejected during the turn; stop reasons are not portable.
    pub denied: Vec<String>,
}

/// Which kind of failure a turn ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgentErrorKind {
    /// The agent or its model endpoint reported an error.
    Provider,
    /// No answer in time.
    Timeout,
    /// Not logged in; the message names the command that logs in.
    Auth,
    /// The agent could not be started or spoke an unknown protocol.
    Start,
    /// The agent cannot do what the step asks for (a model, an effort, a schema).
    Unsupported,
    /// A session that the step needs cannot be found again.
    Session,
    /// A dry run's script has no answer to this; only the agent of dry runs fails so.
    NoStub,
}

/// A turn that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AgentError {
    /// Kind of failure.
    pub kind: AgentErrorKind,
    /// What was expected, what was found, where, what to do.
    pub message: String,
    /// Whether the same turn may succeed when tried again.
    pub retryable: bool,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
}

/// No agent of that name can be used here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no agent can carry out `{name}`: looked for {}; {advice}", looked_for.join(", "))]
pub struct NoAgent {
    /// The agent asked for.
    pub name: String,
    /// Programs, configuration entries and files that were looked for, in order.
    pub looked_for: Vec<String>,
    /// What to install, configure or pass.
    pub advice: String,
}

/// Something that carries out prompts. One value serves a whole run; turns of different steps
/// come concurrently. A dropped `run_step` future must end what the turn started.
#[async_trait]
pub trait AgentProvider: Send + Sync {
    /// Whether an agent of that name could be used. Cheap; nothing is started.
    ///
    /// # Errors
    /// [`NoAgent`] with everything that was looked for.
    fn available(&self, name: &str) -> Result<(), NoAgent>;

    /// Sends one prompt and waits for the end of the turn.
    ///
    /// # Errors
    /// [`AgentError`]; the worker retries only those marked retryable, as the step's retry policy says.
    async fn run_step(
        &self,
        request: StepRequest,
        sink: Arc<dyn AgentSink>,
    ) -> Result<StepOutput, AgentError>;

    /// Whether answers of that agent fit a wanted schema by themselves, so that one which does not is final. Agents that
    /// are only asked for it are asked again.
    fn enforces(&self, _agent: &str) -> bool {
        false
    }

    /// The conversation is over: its session can be closed. Unknown names are ignored.
    async fn end(&self, conversation: &str);

    /// The run is over: ends every process within its grace periods.
    async fn shutdown(&self);
}
