//! The folded state of a run: what every surface shows and every decision reads.
//! How events change it is in `fold`; nothing here decides anything.

mod node;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::event::{Actor, Cause, Failure, Payload, ProcessId, Status};
use crate::gate::{Answered, Gate, Verdict};
use crate::ids::{Fence, GateId, RunId, Seq, StepPath};
use crate::session::Session;

pub use node::{Gave, LoopRecord, NodeRecord, NodeState};

/// A log that does not fold: a hole, a foreign run, or something after the end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The log has a hole or a repetition.
    #[error(
        "event {found} follows event {last}: the log of a run is dense, so a copy is missing or doubled; run `fermata doctor`"
    )]
    Hole {
        /// Last folded.
        last: Seq,
        /// What came.
        found: Seq,
    },
    /// An event after `completed` or `cancelled`.
    #[error("event {0} stands after the run's terminal event")]
    AfterEnd(Seq),
}

/// Where an attempt of a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum StepStatus {
    Running,
    Waiting,
    Completed,
    Failed,
    Skipped,
}

/// One execution of a step: a row of `show`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepRecord {
    /// Where in the run.
    pub path: StepPath,
    /// Its name.
    pub step: String,
    /// Its kind's word.
    pub kind: String,
    /// From 1.
    pub attempt: u32,
    /// Where it stands.
    pub status: StepStatus,
    /// UTC ms.
    pub started: u64,
    /// UTC ms.
    pub ended: Option<u64>,
    /// Seq of the event that holds the result, if any.
    #[serde(skip)]
    pub result_seq: Option<Seq>,
    /// The failure, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The process of the open attempt.
    #[serde(skip)]
    pub process: Option<ProcessId>,
}

/// A gate that holds now.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenGate {
    /// The gate object.
    pub gate: Gate,
    /// UTC ms of opening.
    pub opened: u64,
    /// Seq of the opening event.
    pub seq: Seq,
}

/// How a gate was closed.
#[derive(Debug, Clone, PartialEq)]
pub enum ClosedGate {
    /// By an answer.
    Answered(Answered),
    /// Because its holder was gone; the reason.
    Withdrawn(String),
}

/// What the run was asked to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// Workflow name.
    pub workflow: String,
    /// Workflow file.
    pub file: String,
    /// Dialect word.
    pub dialect: String,
    /// Scope key.
    pub scope: String,
    /// The message, if any.
    pub message: Option<String>,
    /// Inputs as given.
    pub inputs: Map<String, Value>,
    /// Gate policy.
    pub gates: String,
    /// Agent override.
    pub agent: Option<String>,
    /// Folder of execution.
    pub cwd: String,
    /// Parent run.
    pub parent: Option<RunId>,
    /// Stubs instead of agents and scripts.
    pub dry_run: bool,
}

/// The scheduler's memory of one workflow being executed: the root, or a sub-workflow under its path.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// Inputs of this workflow.
    pub inputs: Map<String, Value>,
    /// Results by step or group name, in order of first completion; a later visit replaces.
    pub outputs: IndexMap<String, Payload>,
    /// Names of completed steps and groups in order.
    pub history: Vec<String>,
    /// Counted iterations.
    pub iteration: u64,
    /// Raised limit, once a gate was answered with *continue*.
    pub max_iterations: Option<u64>,
    /// The target of the last route taken; `None` before the first.
    pub next: Option<String>,
    /// Rendered `output` of the route to `$end`.
    pub route_output: Option<Value>,
    /// How often each step was started in this frame.
    pub visits: IndexMap<String, u64>,
    /// What this frame does now.
    pub phase: Phase,
    /// Name of the workflow.
    pub workflow: String,
    /// Absolute path of the workflow's file.
    pub file: String,
    /// Wall deadline of a sub-workflow, UTC ms; the run's own is in [`RunState::deadline`].
    pub deadline: Option<u64>,
    /// How far away it was when it was set, ms.
    pub deadline_span: u64,
    /// Time the run had waited when `deadline` was set, ms.
    pub waited_before: u64,
    /// What judging steps said, oldest first, at most [`Frame::VERDICTS`].
    pub verdicts: Vec<Verdict>,
    /// Guidance texts that this workflow's prompts carry.
    pub guidance: Vec<String>,
    /// US dollars spent by this workflow, its sub-workflows included.
    pub spent_usd: f64,
    /// What had been spent when an exceeded budget was last told, US dollars.
    pub budget_told_usd: Option<f64>,
    /// Results in order, so that a resume from an earlier step can take them back.
    pub journal: Vec<Result>,
}

impl RunState {
    /// Puts the values in place of references to secrets.
    pub(crate) fn reveal(&self, inputs: &mut Map<String, Value>) {
        for value in inputs.values_mut() {
            if let Some(secret) = value.as_str().and_then(|text| self.secrets.get(text)) {
                *value = Value::from(secret.as_str());
            }
        }
    }

    /// Puts the references back in place of the values, for what is logged.
    pub(crate) fn conceal(&self, inputs: &mut Map<String, Value>) {
        for value in inputs.values_mut() {
            let reference = self
                .secrets
                .iter()
                .find(|(_, secret)| value.as_str() == Some(secret.as_str()));
            if let Some((reference, _)) = reference {
                *value = Value::from(reference.as_str());
            }
        }
    }

    /// Knows these secrets from now on.
    pub fn know_secrets(&mut self, secrets: IndexMap<String, String>) {
        self.secrets = secrets;
        let mut frames = std::mem::take(&mut self.frames);
        for frame in frames.values_mut() {
            self.reveal(&mut frame.inputs);
        }
        self.frames = frames;
    }
}

impl Frame {
    /// How many verdicts are kept.
    pub const VERDICTS: usize = 20;
}

/// A result that counted, and what it replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct Result {
    /// Seq of the event that recorded it.
    pub seq: Seq,
    /// Step or group.
    pub name: String,
    /// Its earlier output, if there was one.
    pub replaced: Option<Payload>,
    /// By how much the counter grew.
    pub counted: u64,
}

/// What a frame does now.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Phase {
    /// The next step is due: the target of the last route, or the entry point.
    #[default]
    Ready,
    /// The step or group at that path was started and has no result.
    Running(StepPath),
    /// The step or group at that path has its result; the route is due.
    Finished(StepPath),
    /// The step or group at that path failed, and with it this workflow.
    Failed(StepPath),
    /// The step or group at that path failed in an earlier life of the run and is due again.
    Retry(StepPath),
    /// The iteration limit was reached; `then` is what goes on after *continue*.
    AtLimit {
        /// The gate.
        gate: GateId,
        /// What was due.
        then: Box<Phase>,
    },
    /// The gate was answered with *stop*.
    LimitStopped {
        /// What was due.
        then: Box<Phase>,
    },
    /// The last route led to the end; the output is due.
    Ended,
}

/// An attempt that was started and has no result.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAttempt {
    /// Its step.
    pub step: String,
    /// Its kind's word.
    pub kind: String,
    /// From 1.
    pub attempt: u32,
    /// Fence of the worker that started it; an older one means that nobody carries it out.
    pub fence: Fence,
    /// UTC ms.
    pub started: u64,
    /// What was rendered and decided.
    pub rendered: Map<String, Value>,
    /// Its gate, while and after it holds.
    pub gate: Option<GateId>,
    /// Its timer.
    pub timer: Option<Timer>,
    /// The process that carries it out.
    pub process: Option<ProcessId>,
    /// The run that carries it out.
    pub child: Option<RunId>,
    /// Whether that run waits for people as a whole; one that has a gate may still be at work.
    pub child_waits: bool,
}

impl OpenAttempt {
    /// Whether a process or an agent's turn carries it out: such an attempt ends with its worker. Containers (groups,
    /// loops, sub-workflows), gates and timers just stay open.
    #[must_use]
    pub fn has_process(&self) -> bool {
        match self.kind.as_str() {
            "agent" | "script" | "bash" | "prompt" | "command" => true,
            // A run of its own is watched by its parent's worker; a workflow inside the run is a container.
            "workflow" => self.is_child(),
            _ => false,
        }
    }

    /// Whether a run of its own carries it out. That one goes on whatever becomes of a worker of this run, so any later
    /// worker looks after the same attempt.
    #[must_use]
    pub fn is_child(&self) -> bool {
        self.kind == "workflow" && self.rendered.contains_key("request")
    }
}

/// A timer of an open attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timer {
    /// UTC ms.
    pub deadline: u64,
    /// What was asked for, in seconds.
    pub seconds: f64,
    /// Whether it fired.
    pub fired: bool,
}

/// A group (parallel, for_each) that was started and has no result.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// `parallel` or `for_each`.
    pub kind: String,
    /// The items of a for_each, as decided.
    pub items: Option<Payload>,
    /// Members or items by path, in order.
    pub slots: IndexMap<StepPath, Slot>,
}

/// A member or item of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Member name or item key.
    pub key: String,
    /// Position, from 0.
    pub index: u64,
    /// Where it stands.
    pub status: SlotStatus,
    /// Its output, once completed.
    pub output: Option<Payload>,
    /// Its failure, once failed.
    pub error: Option<Failure>,
}

/// Where a member or item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SlotStatus {
    Pending,
    Running,
    Completed,
    Failed,
}

/// A run, folded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunState {
    /// The run, once queued.
    pub run: Option<RunId>,
    /// Last folded event.
    pub last_seq: Seq,
    /// Checksum of the last folded event.
    pub last_check: String,
    /// Where the run stands.
    pub status: Status,
    /// Why it failed.
    pub cause: Option<Cause>,
    /// The failure in words.
    pub error: Option<Failure>,
    /// Whether it waits without a worker.
    pub parked: bool,
    /// Whether it waits and none of its gates was closed since: from then on its worker may be about to go on.
    pub held: bool,
    /// What was asked.
    pub request: Request,
    /// Fence of the last claim.
    pub fence: Fence,
    /// The worker of the last claim.
    pub worker: Option<ProcessId>,
    /// Seed of the run.
    pub seed: u64,
    /// Wall deadline of the run, UTC ms.
    pub deadline: Option<u64>,
    /// How far away it was when it was set, ms.
    pub deadline_span: u64,
    /// When it was queued, started and ended, UTC ms.
    pub queued_at: u64,
    /// First start, UTC ms.
    pub started_at: Option<u64>,
    /// Terminal event, UTC ms.
    pub ended_at: Option<u64>,
    /// Final output.
    pub output: Option<Payload>,
    /// Archon outcome.
    pub outcome: Option<String>,
    /// Number of steps of the pinned definition.
    pub step_count: Option<u64>,
    /// Every execution of every step by its path, in order of their first intents.
    pub steps: IndexMap<StepPath, StepRecord>,
    /// Gates that hold, in opening order.
    pub open_gates: Vec<OpenGate>,
    /// Gates that were closed.
    pub closed_gates: IndexMap<GateId, ClosedGate>,
    /// Answers that the scheduler has not acted on yet are found by path: path of the gate → answer as data.
    pub answers: IndexMap<GateId, Value>,
    /// A stop that was asked for and not carried out.
    pub stop_requested: Option<Actor>,
    /// An abort that was asked for and not carried out.
    pub abort_requested: Option<(Actor, String)>,
    /// Guidance that no prompt has taken yet.
    pub guidance: Vec<String>,
    /// Attempts without a result, by path.
    pub open: IndexMap<StepPath, OpenAttempt>,
    /// Groups without a result, by path.
    pub groups: IndexMap<StepPath, Group>,
    /// How many gates were opened so far.
    pub gates_opened: u64,
    /// Since when the run waits, UTC ms.
    pub waiting_since: Option<u64>,
    /// How long the run waited for people so far, ms.
    pub waited: u64,
    /// How long it had waited when `deadline` was set, ms.
    pub deadline_waited: u64,
    /// Values behind references among the inputs (`env:NAME` → value). Set by a worker, never in the log, empty for everybody else.
    pub secrets: IndexMap<String, String>,
    /// Whether the root workflow's inputs have their defaults.
    pub inputs_resolved: bool,
    /// Scheduler memory by frame path (empty for the root).
    pub frames: IndexMap<StepPath, Frame>,
    /// Nodes of an Archon run by path, bodies of groups included. Empty for other runs.
    pub nodes: IndexMap<StepPath, NodeRecord>,
    /// Seq of the last time a failed run was put to work again; 0 before.
    pub reopened: Seq,
    /// Seq of the last answer to an approval; 0 before.
    pub approved: Seq,
    /// Rounds of the loops and groups of an Archon run, by path.
    pub loops: IndexMap<StepPath, LoopRecord>,
    /// The last session under each `session_key` of a Conductor run.
    pub sessions: IndexMap<String, Session>,
}
