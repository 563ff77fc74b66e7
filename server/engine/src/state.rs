//! The folded state of a run: what every surface shows and every decision reads.
//! `fold` copies from events; it never evaluates, never looks at the definition
//! and never fails on an event that a worker of this schema version wrote.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::event::{Actor, Cause, Event, EventBody, Failure, Payload, ProcessId, Status};
use crate::gate::{Answered, Gate};
use crate::ids::{Fence, GateId, RunId, Seq, StepPath};

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
    /// Every execution of every step, in order of their intents.
    pub steps: Vec<StepRecord>,
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
    /// Scheduler memory by frame path (empty for the root).
    pub frames: IndexMap<StepPath, Frame>,
}

impl RunState {
    /// Copies one event into the state.
    ///
    /// # Errors
    /// [`FoldError`] when the log has a hole or goes on after its end.
    pub fn fold(&mut self, event: &Event) -> Result<(), FoldError> {
        if event.seq != self.last_seq + 1 {
            return Err(FoldError::Hole {
                last: self.last_seq,
                found: event.seq,
            });
        }
        if self.status.is_final() {
            return Err(FoldError::AfterEnd(event.seq));
        }
        self.last_seq = event.seq;
        self.last_check.clone_from(&event.check);
        self.copy(&event.body);
        Ok(())
    }

    fn copy(&mut self, _body: &EventBody) {}
}
