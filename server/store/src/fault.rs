//! A store that fails where a test wants it to: before the call (nothing
//! happened) or after it (it happened, but the caller is not told, as when a
//! process dies between a commit and its next statement).

use std::sync::{Mutex, PoisonError};

use fermata_engine::event::ProcessId;
use fermata_engine::{Event, Fence, RunId, Seq};

use crate::contract::Store;
use crate::error::{Result, StoreError};
use crate::lock::RunLock;
use crate::record::{
    Closing, Commits, Created, Decision, NewEvent, NewRun, Proposal, RunFilter, RunRow, SessionKey,
    StartId, StartRow, Took, Trust,
};
use crate::wake::Wake;

/// The functions of the contract, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Call {
    Append,
    Claim,
    TryLock,
    IsLocked,
    CreateRun,
    StartOrChoose,
    Requested,
    CloseStart,
    Start,
    Starts,
    Events,
    Run,
    Runs,
    Find,
    Prior,
    PutBlob,
    Blob,
    SetTrust,
    Trust,
    Remember,
    Recall,
    KeptSession,
    ForgetSessions,
    Subscribe,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happened.
    Before(StoreError),
    /// It happened, and the caller gets this error all the same.
    After(StoreError),
}

/// Decides for each call, by its name and its number (from 0), whether and how it fails.
type Plan = Box<dyn FnMut(Call, u64) -> Option<Fault> + Send>;

/// A store around another one.
pub struct Faulty<S> {
    inner: S,
    plan: Mutex<(u64, Option<Plan>)>,
}

impl<S: Store> Faulty<S> {
    /// Fails never, until [`Faulty::plan`].
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            plan: Mutex::new((0, None)),
        }
    }

    /// Sets the plan from now on; calls are numbered from 0 again.
    pub fn plan(&self, plan: impl FnMut(Call, u64) -> Option<Fault> + Send + 'static) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = (0, Some(Box::new(plan)));
    }

    /// No more faults; returns how many calls there were under the last plan.
    pub fn heal(&self) -> u64 {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.1 = None;
        plan.0
    }

    /// The store inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn through<T>(&self, call: Call, run: impl FnOnce(&S) -> Result<T>) -> Result<T> {
        let fault = {
            let mut guard = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
            let (number, plan) = &mut *guard;
            let fault = plan.as_mut().and_then(|plan| plan(call, *number));
            *number += 1;
            fault
        };
        match fault {
            None => run(&self.inner),
            Some(Fault::Before(error)) => Err(error),
            Some(Fault::After(error)) => {
                run(&self.inner)?;
                Err(error)
            }
        }
    }
}

impl<S: Store> Store for Faulty<S> {
    fn append(
        &self,
        run: &RunId,
        last_seq: Seq,
        fence: Option<Fence>,
        events: &[NewEvent],
    ) -> Result<Vec<Event>> {
        self.through(Call::Append, |s| s.append(run, last_seq, fence, events))
    }

    fn claim(
        &self,
        run: &RunId,
        worker: ProcessId,
        guard: &RunLock,
    ) -> Result<(Fence, Vec<Event>)> {
        self.through(Call::Claim, |s| s.claim(run, worker, guard))
    }

    fn try_lock(&self, run: &RunId) -> Result<Option<RunLock>> {
        self.through(Call::TryLock, |s| s.try_lock(run))
    }

    fn is_locked(&self, run: &RunId) -> Result<bool> {
        self.through(Call::IsLocked, |s| s.is_locked(run))
    }

    fn create_run(&self, new: NewRun) -> Result<Created> {
        self.through(Call::CreateRun, |s| s.create_run(new))
    }

    fn start_or_choose(&self, proposal: Proposal) -> Result<Decision> {
        self.through(Call::StartOrChoose, |s| s.start_or_choose(proposal))
    }

    fn requested(&self, request: &str) -> Result<Option<Decision>> {
        self.through(Call::Requested, |s| s.requested(request))
    }

    fn close_start(&self, start: &StartId, closing: Closing) -> Result<Took> {
        self.through(Call::CloseStart, |s| s.close_start(start, closing))
    }

    fn start(&self, start: &StartId) -> Result<StartRow> {
        self.through(Call::Start, |s| s.start(start))
    }

    fn starts(&self) -> Result<Vec<StartRow>> {
        self.through(Call::Starts, |s| s.starts())
    }

    fn events(&self, run: &RunId, from: Seq, limit: usize) -> Result<Vec<Event>> {
        self.through(Call::Events, |s| s.events(run, from, limit))
    }

    fn run(&self, run: &RunId) -> Result<RunRow> {
        self.through(Call::Run, |s| s.run(run))
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>> {
        self.through(Call::Runs, |s| s.runs(filter))
    }

    fn find(&self, name: &str) -> Result<RunId> {
        self.through(Call::Find, |s| s.find(name))
    }

    fn prior(&self, scope: &str) -> Result<Option<RunRow>> {
        self.through(Call::Prior, |s| s.prior(scope))
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<String> {
        self.through(Call::PutBlob, |s| s.put_blob(bytes))
    }

    fn blob(&self, hash: &str) -> Result<Vec<u8>> {
        self.through(Call::Blob, |s| s.blob(hash))
    }

    fn set_trust(&self, root: &str, trust: Option<Trust>) -> Result<()> {
        self.through(Call::SetTrust, |s| s.set_trust(root, trust))
    }

    fn trust(&self, folder: &str) -> Result<Option<Trust>> {
        self.through(Call::Trust, |s| s.trust(folder))
    }

    fn remember(&self, key: &str, value: &str) -> Result<()> {
        self.through(Call::Remember, |s| s.remember(key, value))
    }

    fn recall(&self, key: &str) -> Result<Option<String>> {
        self.through(Call::Recall, |s| s.recall(key))
    }

    fn kept_session(&self, key: &SessionKey) -> Result<Option<String>> {
        self.through(Call::KeptSession, |s| s.kept_session(key))
    }

    fn forget_sessions(&self, under: &str) -> Result<usize> {
        self.through(Call::ForgetSessions, |s| s.forget_sessions(under))
    }

    fn subscribe(&self, run: Option<&RunId>) -> Result<Wake> {
        self.through(Call::Subscribe, |s| s.subscribe(run))
    }

    fn commits(&self) -> Commits {
        self.inner.commits()
    }
}
