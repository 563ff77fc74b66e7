//! The contract of every store. Object-safe, synchronous, usable from any thread.

use fermata_engine::event::ProcessId;
use fermata_engine::{Event, Fence, RunId, Seq};

use crate::error::Result;
use crate::lock::RunLock;
use crate::record::{
    Closing, Commits, Created, Decision, NewEvent, NewRun, Proposal, RunFilter, RunRow, SessionKey,
    StartId, StartRow, Took, Trust,
};
use crate::wake::Wake;

/// Runs, events, start requests, blobs and trust. Every function that changes something is one transaction that either
/// happened whole or not at all; all of them return [`crate::StoreError`], and [`crate::Miss`] when somebody was first.
pub trait Store: Send + Sync {
    /// Appends to a run's log, guarded by the last event that the writer has folded and, for the worker, by its fence.
    /// Assigns dense numbers and chained checks and derives the run's row in the same transaction. Synced to disk
    /// when any event is state-bearing. Returns the events as stored.
    ///
    /// Without a fence only requests may be appended: answers, stop, abort, guidance; and `run_resumed {queued}` (with
    /// `steps_invalidated`, `definition_pinned` and warnings beside it) on a run that failed or is parked.
    fn append(
        &self,
        run: &RunId,
        last_seq: Seq,
        fence: Option<Fence>,
        events: &[NewEvent],
    ) -> Result<Vec<Event>>;

    /// Claims a run for a process that holds its lock: the fence grows by one, older workers can write nothing more.
    /// Returns it with the whole log. Refused only for completed and cancelled runs: what the status allows is for
    /// the caller to see in the log.
    fn claim(&self, run: &RunId, worker: ProcessId, guard: &RunLock)
    -> Result<(Fence, Vec<Event>)>;

    /// Takes the lock of a run, or `None` when a living process holds it.
    fn try_lock(&self, run: &RunId) -> Result<Option<RunLock>>;

    /// Whether a living process holds the lock of a run.
    fn is_locked(&self, run: &RunId) -> Result<bool>;

    /// Creates a run without asking about earlier ones (child runs, and starts whose policy was decided elsewhere).
    fn create_run(&self, new: NewRun) -> Result<Created>;

    /// The start policy: looks for an earlier run to ask about and either queues the fresh run or stores the start
    /// request, in one transaction.
    fn start_or_choose(&self, proposal: Proposal) -> Result<Decision>;

    /// What became of a request id: a run, an open choice, a closed one; `None` when it is new.
    fn requested(&self, request: &str) -> Result<Option<Decision>>;

    /// Closes an open start request exactly once, together with what happens to the prior; for `run_fresh` the prior is remembered as kept, and the fresh run
    /// is created in the same transaction.
    fn close_start(&self, start: &StartId, closing: Closing) -> Result<Took>;

    /// A start request by id, open or closed.
    fn start(&self, start: &StartId) -> Result<StartRow>;

    /// Open start requests, newest first.
    fn starts(&self) -> Result<Vec<StartRow>>;

    /// Events of a run from a number on (at least 1), at most `limit`; checksums verified.
    fn events(&self, run: &RunId, from: Seq, limit: usize) -> Result<Vec<Event>>;

    /// The row of a run.
    fn run(&self, run: &RunId) -> Result<RunRow>;

    /// Rows of runs, newest first.
    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>>;

    /// The run that a unique prefix or suffix of an id, or `@last`, names.
    fn find(&self, name: &str) -> Result<RunId>;

    /// The earlier run that a request in this scope would be about (design/runs.md, "Start policy"), whether or not it leads to a choice.
    fn prior(&self, scope: &str) -> Result<Option<RunRow>>;

    /// Stores bytes under their content hash (hex), synced before it returns.
    fn put_blob(&self, bytes: &[u8]) -> Result<String>;

    /// The bytes of a blob; [`crate::StoreError::Corrupt`] when they do not have that hash any more.
    fn blob(&self, hash: &str) -> Result<Vec<u8>>;

    /// Remembers that the user trusts a repository root, or no longer does (`None`).
    fn set_trust(&self, root: &str, trust: Option<Trust>) -> Result<()>;

    /// The trust record that covers a folder: its own or that of a folder above.
    fn trust(&self, folder: &str) -> Result<Option<Trust>>;

    /// Remembers one small thing of the user's (an answer asked once per scope, the salt of hashes).
    fn remember(&self, key: &str, value: &str) -> Result<()>;

    /// What was remembered.
    fn recall(&self, key: &str) -> Result<Option<String>>;

    /// The session that runs have kept under that name, as the agent calls it: the last one that a result named
    /// ([`fermata_engine::EventBody::kept_session`]), written in the transaction of that result.
    fn kept_session(&self, key: &SessionKey) -> Result<Option<String>>;

    /// Forgets the sessions that runs of the workspaces under a folder have kept; how many there were.
    fn forget_sessions(&self, under: &str) -> Result<usize>;

    /// Wakes when a run's log, or any run or start request (`None`), has changed. A hint, never the truth.
    fn subscribe(&self, run: Option<&RunId>) -> Result<Wake>;

    /// Transactions of this process so far.
    fn commits(&self) -> Commits;
}
