//! The events of a run's log. On the wire an event is one flat JSON object: the
//! envelope `run, seq, at, type, path, schema, check` and the payload's fields
//! beside them. State-bearing events are synced; those for looking only may be
//! coalesced and are never needed to fold a state.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::gate::{Answer, Gate};
use crate::ids::{Fence, GateId, RunId, Seq, StepPath};

pub use crate::status::{Cause, Status};

/// Version of the event schema that this build writes.
pub const SCHEMA: u32 = 1;

/// One entry of a run's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Event {
    /// The run.
    pub run: RunId,
    /// From 1, dense.
    pub seq: Seq,
    /// UTC milliseconds.
    pub at: u64,
    /// Where in the run; empty for the run itself.
    #[serde(default)]
    pub path: StepPath,
    /// Schema version it was written with.
    pub schema: u32,
    /// Checksum over the previous event's checksum and this event without it (16 hex digits).
    #[serde(default)]
    pub check: String,
    /// Type and payload.
    #[serde(flatten)]
    pub body: EventBody,
}

/// Something that shows runs and answers gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Surface {
    Vscode,
    Neovim,
    Lsp,
    Panel,
    Terminal,
    Mcp,
    Policy,
}

/// Who did something, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Actor {
    /// User name, or the policy's name.
    pub by: String,
    /// From where.
    pub surface: Surface,
}

/// A value in the log: itself, or a blob's content hash when above 32 KiB.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Payload {
    /// Stored beside the log.
    Blob {
        /// Content hash, hex.
        blob: String,
        /// Size in bytes.
        bytes: u64,
    },
    /// The value itself.
    Inline(Value),
}

/// What went wrong with a step or a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Failure {
    /// Upstream's error class where the dialect has one (`ExecutionError`, `ValidationError`, …), else ours.
    pub kind: String,
    /// What was expected, what was found, where, what to do.
    pub message: String,
    /// Entities the message names, for comparing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// A process as the system knows it, so that a recycled pid is never taken for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProcessId {
    /// Process id; also the process group's id.
    pub pid: u32,
    /// Start time in the system's own unit (Linux: clock ticks since boot).
    pub started: u64,
    /// Boot id, empty where the system has none.
    pub boot: String,
}

/// One file of a pinned definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PinnedFile {
    /// Absolute path.
    pub path: String,
    /// Content hash of the bytes before substitution.
    pub blob: String,
    /// Whether it was an open document with unsaved text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsaved: bool,
}

/// Type and payload of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum EventBody {
    // -- the run ---------------------------------------------------------
    RunQueued {
        workflow: String,
        /// Absolute path of the workflow file.
        file: String,
        dialect: String,
        /// Canonical workspace root, workflow and conversation.
        scope: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Inputs as given, before defaults.
        inputs: Map<String, Value>,
        /// Request id: the same request twice is one run.
        request: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<RunId>,
        /// `ask`, `stop`, `continue:N`, `first`.
        gates: String,
        /// Agent override (`scripted:FILE` …).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        #[serde(flatten)]
        actor: Actor,
        /// Folder that scripts and agents run in.
        cwd: String,
        #[serde(default)]
        dry_run: bool,
    },
    DefinitionPinned {
        files: Vec<PinnedFile>,
        /// Name and salted hash of every environment variable that was substituted.
        env: Vec<(String, String)>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps: Option<u64>,
    },
    RunStarted {
        fence: Fence,
        worker: ProcessId,
        version: String,
        /// Seed of every random decision.
        seed: u64,
        /// Wall deadline of the whole run, UTC ms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<u64>,
    },
    /// The inputs that the run really has: as given, with the declared defaults.
    InputsResolved {
        inputs: Map<String, Value>,
    },
    RunWaiting {
        gates: Vec<GateId>,
    },
    /// The worker gave up its lock; an answer queues the run again.
    RunParked {},
    /// Work goes on: after an answer (same worker), or after a resume (queued again).
    RunResumed {
        status: Status,
        #[serde(flatten)]
        actor: Actor,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        definition: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
    },
    RunCompleted {
        output: Payload,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<String>,
        /// Set when a terminate step ended it: its name and reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terminated_by: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    RunFailed {
        cause: Cause,
        error: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Payload>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<Actor>,
    },
    RunCancelled {
        #[serde(flatten)]
        actor: Actor,
        reason: String,
    },
    // -- steps -----------------------------------------------------------
    /// Intent. Everything that was rendered or decided for the attempt is in it.
    StepStarted {
        step: String,
        kind: String,
        /// From 1; above 1 when an earlier attempt left no result.
        attempt: u32,
        /// Counted iterations of the workflow before this step.
        iteration: u64,
        /// Rendered fields (prompt, command, args, duration …).
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        rendered: Map<String, Value>,
    },
    /// Looking only, not synced: the process that carries the attempt out.
    ProcessStarted {
        step: String,
        attempt: u32,
        process: ProcessId,
    },
    /// Looking only, not synced: the run of its own that carries the attempt out.
    ChildStarted {
        step: String,
        attempt: u32,
        child: RunId,
    },
    /// The run of its own waits for people as a whole, until one of its gates is closed.
    ChildWaiting {
        step: String,
        attempt: u32,
        child: RunId,
    },
    StepCompleted {
        step: String,
        attempt: u32,
        output: Payload,
        /// Milliseconds of the attempt.
        elapsed: u64,
        /// By how much the iteration counter grew (1; groups: their members).
        counted: u64,
        /// Extra facts about the attempt (model, tokens, exit code …).
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        detail: Map<String, Value>,
    },
    StepFailed {
        step: String,
        attempt: u32,
        error: Failure,
        elapsed: u64,
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        detail: Map<String, Value>,
    },
    StepSkipped {
        step: String,
        reason: String,
    },
    RouteTaken {
        from: String,
        to: String,
        /// Index of the matching route; `None` when the step has no routes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        when: Option<String>,
        /// Rendered `output` of the route, only towards `$end`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<Value>,
    },
    /// Results from that step on no longer count (`resume --from`).
    StepsInvalidated {
        from: String,
        /// Everything after this seq is forgotten by the scheduler.
        after: Seq,
    },
    GroupStarted {
        group: String,
        kind: String,
        /// Member names or item keys, in order.
        members: Vec<String>,
        /// The items of a for_each, as decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<Payload>,
    },
    GroupCompleted {
        group: String,
        succeeded: u64,
        failed: u64,
    },
    ItemStarted {
        group: String,
        key: String,
        index: u64,
    },
    ItemCompleted {
        group: String,
        key: String,
        index: u64,
        output: Payload,
    },
    ItemFailed {
        group: String,
        key: String,
        index: u64,
        error: Failure,
    },
    SubworkflowStarted {
        step: String,
        workflow: String,
        file: String,
        inputs: Map<String, Value>,
        /// Wall deadline of the sub-workflow, UTC ms; time spent waiting for people is added to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<u64>,
    },
    /// The time of a workflow begins again: the clock was put back since its deadline was set, and nobody can tell how
    /// much of it has passed. The path is the workflow's.
    DeadlineSet {
        /// UTC ms.
        deadline: u64,
    },
    SubworkflowCompleted {
        step: String,
        output: Payload,
    },
    LoopIterationStarted {
        step: String,
        round: u64,
        max: u64,
    },
    LoopIterationCompleted {
        step: String,
        round: u64,
        output: Payload,
        done: bool,
    },
    TimerStarted {
        step: String,
        /// UTC ms.
        deadline: u64,
        seconds: f64,
    },
    TimerFired {
        step: String,
    },
    // -- gates and requests ----------------------------------------------
    IterationLimitReached {
        gate: Gate,
    },
    IterationLimitResolved {
        gate: GateId,
        answer: Answer,
        /// The limit in force from now on.
        max_iterations: u64,
        #[serde(flatten)]
        actor: Actor,
        /// Milliseconds between opening and answer.
        waited: u64,
    },
    GateOpened {
        gate: Gate,
    },
    GateAnswered {
        gate: GateId,
        answer: Answer,
        #[serde(flatten)]
        actor: Actor,
        waited: u64,
    },
    GateWithdrawn {
        gate: GateId,
        reason: String,
    },
    StopRequested {
        #[serde(flatten)]
        actor: Actor,
    },
    AbortRequested {
        #[serde(flatten)]
        actor: Actor,
        #[serde(default)]
        reason: String,
    },
    GuidanceGiven {
        #[serde(flatten)]
        actor: Actor,
        text: String,
    },
    GuidanceApplied {
        step: String,
        texts: u64,
    },
    /// Earlier outputs were cut to keep the context within its budget; from now on these count.
    ContextTrimmed {
        strategy: String,
        /// Outputs that no longer exist.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dropped: Vec<String>,
        /// Outputs that were shortened or added.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        replaced: Map<String, Value>,
    },
    /// More was spent than the workflow's budget allows.
    BudgetExceeded {
        budget_usd: f64,
        spent_usd: f64,
        enforced: bool,
    },
    // -- looking only ----------------------------------------------------
    AgentMessage {
        step: String,
        attempt: u32,
        text: String,
    },
    AgentThought {
        step: String,
        attempt: u32,
        text: String,
    },
    AgentToolCall {
        step: String,
        attempt: u32,
        call: String,
        title: String,
        status: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
    },
    AgentUsage {
        step: String,
        attempt: u32,
        #[serde(flatten)]
        usage: Map<String, Value>,
    },
    ScriptOutput {
        step: String,
        attempt: u32,
        stream: String,
        text: String,
    },
    Warning {
        /// A word for programs, where one reads it: `missing-stub`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
    },
}

impl EventBody {
    /// Whether the event may be written without a sync and is never needed to fold a state.
    #[must_use]
    pub fn looking_only(&self) -> bool {
        matches!(
            self,
            Self::ProcessStarted { .. }
                | Self::ChildStarted { .. }
                | Self::AgentMessage { .. }
                | Self::AgentThought { .. }
                | Self::AgentToolCall { .. }
                | Self::AgentUsage { .. }
                | Self::ScriptOutput { .. }
                | Self::Warning { .. }
        )
    }

    /// The values that may be stored beside the log.
    pub fn payloads_mut(&mut self) -> Vec<&mut Payload> {
        match self {
            Self::StepCompleted { output, .. }
            | Self::ItemCompleted { output, .. }
            | Self::SubworkflowCompleted { output, .. }
            | Self::LoopIterationCompleted { output, .. }
            | Self::RunCompleted { output, .. } => vec![output],
            Self::RunFailed { output, .. } => output.iter_mut().collect(),
            Self::GroupStarted { items, .. } => items.iter_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a surface without lock and fence may append it.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(
            self,
            Self::GateAnswered { .. }
                | Self::IterationLimitResolved { .. }
                | Self::StopRequested { .. }
                | Self::AbortRequested { .. }
                | Self::GuidanceGiven { .. }
        )
    }
}
