//! What goes in and out of the store: rows, proposals, decisions. Plain data.

use fermata_engine::event::{PinnedFile, ProcessId};
use fermata_engine::{
    Actor, Cause, EventBody, Failure, Fence, Gate, Payload, RunId, Seq, Status, StepPath,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An event before the store numbers it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// UTC milliseconds.
    pub at: u64,
    /// Where in the run.
    pub path: StepPath,
    /// Type and payload.
    pub body: EventBody,
}

impl NewEvent {
    /// An event of the run itself.
    #[must_use]
    pub fn root(at: u64, body: EventBody) -> Self {
        Self {
            at,
            path: StepPath::root(),
            body,
        }
    }
}

/// Whose session is kept from run to run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey {
    /// Name of the workflow.
    pub workflow: String,
    /// Its node.
    pub node: String,
    /// Scope of its runs: checkout, workflow file, conversation.
    pub scope: String,
    /// The agent that has it.
    pub agent: String,
}

/// Id of a start request: like a run id, with `s` in front.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StartId(pub String);

impl StartId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StartId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a run works, decided when it is created and never changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Canonical checkout that the run holds while it is live, its own worktree included: a second such run is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout: Option<String>,
    /// Worktree that the worker makes before the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worktree: Option<String>,
    /// Branch of that worktree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Repository that the worktree is made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Whether uncommitted changes of tracked files go along.
    #[serde(default)]
    pub with_changes: bool,
}

/// A run about to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Its id; see [`crate::new_run_id`].
    pub run: RunId,
    /// First events: `run_queued`, `definition_pinned`, warnings.
    pub events: Vec<NewEvent>,
    /// Where it works.
    pub place: Place,
}

/// A start request about to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStart {
    /// Its id.
    pub start: StartId,
    /// Name of the workflow, for lists.
    pub workflow: String,
    /// The request, complete: reaches the run unchanged.
    pub request: Value,
    /// UTC milliseconds.
    pub created: u64,
}

/// What [`crate::Store::start_or_choose`] decides about.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The fresh run, should there be one. Its scope and request id are in its `run_queued`.
    pub run: NewRun,
    /// The start request, should there be a choice.
    pub start: NewStart,
    /// Start fresh whatever the prior is.
    pub force: bool,
    /// Files with uncommitted changes that somebody has to decide about before the fresh run's worktree is made; empty
    /// when there are none or it is decided.
    pub changes: Vec<String>,
}

/// How a proposal came out.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// A fresh run was queued.
    Queued(RunId),
    /// This request id became that run before.
    Existing(RunId),
    /// An earlier run, or what becomes of uncommitted changes, has to be decided about. The start request is stored
    /// (or was, for the same request id).
    Choice {
        /// The open start request.
        start: Box<StartRow>,
        /// The run it is about; `None` when it is about uncommitted changes.
        prior: Option<Box<RunRow>>,
    },
    /// This request id led to a choice that was already answered, without a run of its own.
    Closed(Box<StartRow>),
}

/// An answer to an open start request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum StartAnswer {
    Resume,
    AbandonAndRun,
    RunFresh,
    WithChanges,
    FromHead,
    Dismiss,
}

impl StartAnswer {
    /// About an earlier run, in the order to offer.
    pub const ABOUT_PRIOR: &'static [Self] = &[
        Self::Resume,
        Self::AbandonAndRun,
        Self::RunFresh,
        Self::Dismiss,
    ];

    /// About uncommitted changes, in the order to offer.
    pub const ABOUT_CHANGES: &'static [Self] = &[Self::WithChanges, Self::FromHead, Self::Dismiss];

    /// Every answer there is.
    pub const ALL: &'static [Self] = &[
        Self::Resume,
        Self::AbandonAndRun,
        Self::RunFresh,
        Self::WithChanges,
        Self::FromHead,
        Self::Dismiss,
    ];

    /// The answer of that word.
    ///
    /// # Errors
    /// What was expected, and what was found.
    pub fn read(word: &str) -> std::result::Result<Self, String> {
        let known = Self::ALL.iter().find(|answer| answer.as_str() == word);
        known.copied().ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|answer| answer.as_str()).collect();
            format!("expected one of {}, found `{word}`", words.join(", "))
        })
    }

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::AbandonAndRun => "abandon_and_run",
            Self::RunFresh => "run_fresh",
            Self::WithChanges => "with_changes",
            Self::FromHead => "from_head",
            Self::Dismiss => "dismiss",
        }
    }
}

/// An append that belongs to the closing of a start request: the prior goes on, or ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Append {
    /// The run.
    pub run: RunId,
    /// The last event that was folded.
    pub last_seq: Seq,
    /// The fence of whoever holds the lock.
    pub fence: Option<Fence>,
    /// What to append.
    pub events: Vec<NewEvent>,
}

/// How to close a start request.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// The answer.
    pub answer: StartAnswer,
    /// Who, from where.
    pub actor: Actor,
    /// UTC milliseconds.
    pub at: u64,
    /// The fresh run, for `abandon_and_run` and `run_fresh`.
    pub run: Option<NewRun>,
    /// The run that goes on, for `resume`.
    pub resumed: Option<RunId>,
    /// What happens to the prior, in the same transaction.
    pub append: Option<Append>,
    /// Files with uncommitted changes that have to be decided about now that the prior is: the request stays open and
    /// asks about them.
    pub ask: Vec<String>,
}

/// How closing came out.
#[derive(Debug, Clone, PartialEq)]
pub enum Took {
    /// Closed by this call; the fresh run, if there is one.
    Closed(Option<RunId>),
    /// The earlier run is decided about; the request asks about uncommitted changes now.
    Asks(Box<StartRow>),
    /// Somebody was first.
    Already(Box<StartRow>),
}

/// How an open start request was closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartClosed {
    /// The answer.
    pub answer: StartAnswer,
    /// Who, from where.
    #[serde(flatten)]
    pub actor: Actor,
    /// UTC milliseconds.
    pub at: u64,
    /// The run that it became or that went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

/// A start request that led to a choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartRow {
    /// Its id.
    pub start: StartId,
    /// Scope key.
    pub scope: String,
    /// Name of the workflow.
    pub workflow: String,
    /// The run that has to be decided about; `None` when it is about uncommitted changes.
    pub prior: Option<RunId>,
    /// Files with uncommitted changes that have to be decided about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// The request as it came.
    pub request: Value,
    /// Request id.
    pub request_id: String,
    /// UTC milliseconds.
    pub created: u64,
    /// Its place among those that are open: later ones have more.
    #[serde(default)]
    pub order: u64,
    /// Set once answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<StartClosed>,
}

impl StartRow {
    /// What can be answered.
    #[must_use]
    pub fn answers(&self) -> &'static [StartAnswer] {
        match &self.prior {
            Some(_) => StartAnswer::ABOUT_PRIOR,
            None => StartAnswer::ABOUT_CHANGES,
        }
    }
}

/// A run's row: what lists show, derived from its events in the transaction that writes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Its id.
    pub run: RunId,
    /// Order of creation in this store: larger is newer, whatever the clock said.
    pub order: u64,
    /// Workflow name.
    pub workflow: String,
    /// Workflow file.
    pub file: String,
    /// Dialect word.
    pub dialect: String,
    /// Scope key.
    pub scope: String,
    /// Request id.
    pub request: String,
    /// Parent run, for Archon's child runs.
    pub parent: Option<RunId>,
    /// Message, if any.
    pub message: Option<String>,
    /// Inputs as given.
    pub inputs: Map<String, Value>,
    /// Gate policy.
    pub policy: String,
    /// Agent override in force.
    pub agent: Option<String>,
    /// Folder of execution.
    pub cwd: String,
    /// Stubs instead of agents.
    pub dry_run: bool,
    /// Who asked for it.
    pub actor: Actor,
    /// Where it stands.
    pub status: Status,
    /// Why it failed.
    pub cause: Option<Cause>,
    /// The failure in words.
    pub error: Option<Failure>,
    /// Waits without a worker.
    pub parked: bool,
    /// Gates that hold, in opening order.
    pub gates: Vec<Gate>,
    /// Step that was started last.
    pub step: Option<String>,
    /// Events with the first results of the workflow's own steps. Without the steps' names: the row is read and written
    /// at each append, and must stay small in a long run.
    #[serde(default)]
    pub results: Vec<Seq>,
    /// How many results the workflow's own steps have had, also those that were taken back.
    #[serde(default)]
    pub executed: u64,
    /// A step has had a result of a later visit: a loop went round.
    #[serde(default)]
    pub looped: bool,
    /// Queued, first started, ended: UTC ms.
    pub queued: u64,
    /// First start, UTC ms.
    pub started: Option<u64>,
    /// Terminal event, UTC ms.
    pub ended: Option<u64>,
    /// When it was last put into the queue (creation, resume, answer while parked), UTC ms.
    pub due: u64,
    /// Archon outcome.
    pub outcome: Option<String>,
    /// Final output.
    pub output: Option<Payload>,
    /// Files of the pinned definition.
    pub definition: Vec<PinnedFile>,
    /// Variables that the definition names, with salted hashes.
    pub env: Vec<(String, String)>,
    /// Steps of the pinned definition.
    pub steps: Option<u64>,
    /// A stop was asked for and has not been carried out.
    pub stopping: bool,
    /// An abort was asked for and has not been carried out.
    pub aborting: bool,
    /// Where it works.
    pub place: Place,
    /// Last event.
    pub last_seq: Seq,
    /// Its checksum.
    pub last_check: String,
    /// When it was written, UTC ms.
    pub last_at: u64,
    /// Fence of the last claim.
    pub fence: Fence,
    /// Process of the last claim.
    pub worker: Option<ProcessId>,
    /// *Run fresh, keep it* was answered about it.
    pub kept: bool,
    /// The doctor found its log damaged: it can be looked at and abandoned, not resumed.
    #[serde(default)]
    pub damaged: bool,
}

impl RunRow {
    /// How far it is: `5 of 9 steps`, or `30 steps run, limit 30` once a loop has gone round, where a part of all
    /// the steps would say nothing; `None` before the first result.
    #[must_use]
    pub fn progress(&self) -> Option<String> {
        let done = self.results.len();
        if self.looped {
            let limit = self.gates.iter().find_map(|gate| gate.limit.as_ref());
            let limit = limit.map_or_else(String::new, |limit| {
                format!(", limit {}", limit.max_iterations)
            });
            return Some(format!("{} steps run{limit}", self.executed));
        }
        match self.steps {
            Some(1) => Some(format!("{done} of 1 step")),
            Some(all) => Some(format!("{done} of {all} steps")),
            None if done > 0 => Some(format!("{done} steps")),
            None => None,
        }
    }

    /// Whether it stands at a gate (a failed run may: it was interrupted there).
    pub(crate) fn holds_gate(&self) -> bool {
        !self.gates.is_empty() && !self.status.is_final()
    }
}

/// Which runs to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only this scope.
    pub scope: Option<String>,
    /// Only scopes whose canonical root is this folder or lies in it.
    pub under: Option<String>,
    /// Child runs too.
    pub children: bool,
    /// Only the children of this run.
    pub parent: Option<RunId>,
    /// Only these; empty means every status.
    pub statuses: Vec<Status>,
    /// At most so many; 0 means all.
    pub limit: usize,
}

/// Result of [`crate::Store::create_run`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    New(RunId),
    /// The request id became this run before.
    Existing(RunId),
}

/// A repository that the user allows runs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// Canonical root.
    pub root: String,
    /// UTC ms.
    pub at: u64,
    /// Who, from where.
    #[serde(flatten)]
    pub actor: Actor,
}

/// How many transactions were committed since the store was opened, by this process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Commits {
    /// Synced to disk before they returned.
    pub synced: u64,
    /// Of looking-only events, not synced.
    pub relaxed: u64,
}
