//! The store in memory: for tests and dry runs. Same rules, same refusals as
//! on disk; locks live in a table, so that a test can let a worker die by
//! dropping its lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fermata_engine::event::ProcessId;
use fermata_engine::{Event, EventBody, Fence, RunId, Seq};

use crate::chain::Stored;
use crate::contract::Store;
use crate::derive::forbidden;
use crate::error::{Miss, Result, StoreError};
use crate::lock::{LockTable, RunLock};
use crate::record::{
    Closing, Commits, Created, Decision, NewEvent, NewRun, NewStart, Proposal, RunFilter, RunRow,
    StartAnswer, StartClosed, StartId, StartRow, Took, Trust,
};
use crate::rules::{self, Sealed};
use crate::wake::{Wake, WakeHub};

/// A store that ends with the process.
#[derive(Default)]
pub struct MemStore {
    inner: Mutex<Inner>,
    locks: LockTable,
    hub: WakeHub,
}

#[derive(Default, Clone)]
struct Inner {
    runs: BTreeMap<RunId, RunRow>,
    logs: BTreeMap<RunId, Vec<Stored>>,
    requests: BTreeMap<String, RunId>,
    starts: BTreeMap<StartId, StartRow>,
    blobs: BTreeMap<String, Vec<u8>>,
    trust: BTreeMap<String, Trust>,
    memory: BTreeMap<String, String>,
    created: u64,
    commits: Commits,
}

impl MemStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Breaks a blob, to see what becomes of a step whose output is gone.
    pub fn damage_blob(&self, hash: &str) {
        self.inner().blobs.insert(hash.to_owned(), b"{".to_vec());
    }
}

impl Inner {
    fn row(&self, run: &RunId) -> Result<&RunRow> {
        self.runs
            .get(run)
            .ok_or_else(|| StoreError::not_found(format!("run {run}")))
    }

    fn write(&mut self, sealed: Sealed) -> Vec<Event> {
        if sealed.durable {
            self.commits.synced += 1;
        } else {
            self.commits.relaxed += 1;
        }
        self.logs
            .entry(sealed.row.run.clone())
            .or_default()
            .extend(sealed.stored);
        self.runs.insert(sealed.row.run.clone(), sealed.row);
        sealed.events
    }

    fn insert(&mut self, new: &NewRun) -> Result<RunId> {
        if self.runs.contains_key(&new.run) {
            return Err(forbidden(
                "a second run with the id of the first",
                &new.run.0,
            ));
        }
        let sealed = rules::create(new, self.created + 1)?;
        rules::checkout_free(&sealed.row, self.runs.values())?;
        self.created += 1;
        self.requests
            .insert(sealed.row.request.clone(), new.run.clone());
        self.write(sealed);
        Ok(new.run.clone())
    }

    fn prior(&self, scope: &str) -> Option<&RunRow> {
        rules::prior(self.runs.values().filter(|row| row.scope == scope))
    }

    fn open_start(
        &mut self,
        new: NewStart,
        scope: &str,
        request_id: &str,
        prior: &RunId,
    ) -> StartRow {
        let row = StartRow {
            start: new.start,
            scope: scope.to_owned(),
            workflow: new.workflow,
            prior: prior.clone(),
            request: new.request,
            request_id: request_id.to_owned(),
            created: new.created,
            closed: None,
        };
        self.starts.insert(row.start.clone(), row.clone());
        self.commits.synced += 1;
        row
    }
}

/// Scope and request id of a run about to be created.
pub(crate) fn identity(new: &NewRun) -> Result<(String, String)> {
    match new.events.first().map(|event| &event.body) {
        Some(EventBody::RunQueued { scope, request, .. }) => Ok((scope.clone(), request.clone())),
        _ => Err(forbidden(
            "a log that does not begin with run_queued",
            "nothing",
        )),
    }
}

impl Store for MemStore {
    fn append(
        &self,
        run: &RunId,
        last_seq: Seq,
        fence: Option<Fence>,
        events: &[NewEvent],
    ) -> Result<Vec<Event>> {
        let mut inner = self.inner();
        let before = inner.row(run)?.clone();
        let sealed = rules::append(&before, last_seq, fence, events)?;
        if rules::wakes(&before, &sealed.row) {
            rules::checkout_free(&sealed.row, inner.runs.values())?;
        }
        let listed = sealed.listed;
        let events = inner.write(sealed);
        drop(inner);
        self.hub.wake(Some(run), listed);
        Ok(events)
    }

    fn claim(
        &self,
        run: &RunId,
        worker: ProcessId,
        guard: &RunLock,
    ) -> Result<(Fence, Vec<Event>)> {
        if guard.run() != run {
            return Err(forbidden(
                "a claim",
                &format!("the lock is that of run {}", guard.run()),
            ));
        }
        let mut inner = self.inner();
        let row = rules::claim(inner.row(run)?, worker)?;
        let fence = row.fence;
        inner.runs.insert(run.clone(), row);
        inner.commits.synced += 1;
        drop(inner);
        Ok((fence, self.events(run, 1, usize::MAX)?))
    }

    fn try_lock(&self, run: &RunId) -> Result<Option<RunLock>> {
        Ok(RunLock::in_table(&self.locks, run))
    }

    fn is_locked(&self, run: &RunId) -> Result<bool> {
        Ok(self
            .locks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(run))
    }

    fn create_run(&self, new: NewRun) -> Result<Created> {
        let (_, request) = identity(&new)?;
        let mut inner = self.inner();
        if let Some(existing) = inner.requests.get(&request) {
            return Ok(Created::Existing(existing.clone()));
        }
        let run = inner.insert(&new)?;
        drop(inner);
        self.hub.wake(Some(&run), true);
        Ok(Created::New(run))
    }

    fn start_or_choose(&self, proposal: Proposal) -> Result<Decision> {
        let (scope, request) = identity(&proposal.run)?;
        let mut inner = self.inner();
        if let Some(existing) = inner.requests.get(&request) {
            return Ok(Decision::Existing(existing.clone()));
        }
        let known = inner
            .starts
            .values()
            .find(|start| start.request_id == request)
            .cloned();
        if let Some(start) = known {
            if start.closed.is_some() {
                return Ok(Decision::Closed(Box::new(start)));
            }
            let prior = inner.row(&start.prior)?.clone();
            return Ok(Decision::Choice {
                start: Box::new(start),
                prior: Box::new(prior),
            });
        }
        let prior = inner.prior(&scope).cloned();
        match prior {
            Some(prior) if !proposal.force && rules::asks(&prior) => {
                let start = inner.open_start(proposal.start, &scope, &request, &prior.run);
                drop(inner);
                self.hub.wake(None, true);
                Ok(Decision::Choice {
                    start: Box::new(start),
                    prior: Box::new(prior),
                })
            }
            _ => {
                let run = inner.insert(&proposal.run)?;
                drop(inner);
                self.hub.wake(Some(&run), true);
                Ok(Decision::Queued(run))
            }
        }
    }

    fn close_start(&self, start: &StartId, closing: Closing) -> Result<Took> {
        let mut inner = self.inner();
        let Some(row) = inner.starts.get(start).cloned() else {
            return Err(StoreError::not_found(format!("start request {start}")));
        };
        if row.closed.is_some() {
            return Ok(Took::Already(Box::new(row)));
        }
        let before = inner.clone();
        let fresh = match &closing.run {
            Some(new) => Some(inner.insert(new)?),
            None => None,
        };
        if closing.answer == StartAnswer::RunFresh
            && let Some(prior) = inner.runs.get_mut(&row.prior)
        {
            prior.kept = true;
        }
        let closed = StartClosed {
            answer: closing.answer,
            actor: closing.actor,
            at: closing.at,
            run: fresh.clone().or(closing.resumed),
        };
        if let Some(row) = inner.starts.get_mut(start) {
            row.closed = Some(closed);
        }
        // One transaction, however many rows it wrote.
        inner.commits = Commits {
            synced: before.commits.synced + 1,
            ..before.commits
        };
        drop(inner);
        self.hub.wake(fresh.as_ref(), true);
        Ok(Took::Closed(fresh))
    }

    fn start(&self, start: &StartId) -> Result<StartRow> {
        self.inner()
            .starts
            .get(start)
            .cloned()
            .ok_or_else(|| StoreError::not_found(format!("start request {start}")))
    }

    fn starts(&self) -> Result<Vec<StartRow>> {
        let mut open: Vec<StartRow> = self
            .inner()
            .starts
            .values()
            .filter(|row| row.closed.is_none())
            .cloned()
            .collect();
        open.sort_by(|a, b| (b.created, &b.start).cmp(&(a.created, &a.start)));
        Ok(open)
    }

    fn events(&self, run: &RunId, from: Seq, limit: usize) -> Result<Vec<Event>> {
        let inner = self.inner();
        inner.row(run)?;
        let empty = Vec::new();
        let log = inner.logs.get(run).unwrap_or(&empty);
        let skip = usize::try_from(from.max(1) - 1).unwrap_or(usize::MAX);
        let mut previous = match skip.checked_sub(1).and_then(|index| log.get(index)) {
            Some(stored) => (stored.seq, stored.check.clone()),
            None => (0, String::new()),
        };
        let mut events = Vec::new();
        for stored in log.iter().skip(skip).take(limit) {
            let event =
                stored
                    .clone()
                    .open(run, (previous.0, &previous.1), "the store in memory")?;
            previous = (event.seq, event.check.clone());
            events.push(event);
        }
        Ok(events)
    }

    fn run(&self, run: &RunId) -> Result<RunRow> {
        self.inner().row(run).cloned()
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>> {
        let mut rows: Vec<RunRow> = self
            .inner()
            .runs
            .values()
            .filter(|row| filter.takes(row))
            .cloned()
            .collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.order));
        if filter.limit > 0 {
            rows.truncate(filter.limit);
        }
        Ok(rows)
    }

    fn find(&self, name: &str) -> Result<RunId> {
        let inner = self.inner();
        if name == "@last" {
            return inner
                .runs
                .values()
                .filter(|row| row.parent.is_none())
                .max_by_key(|row| row.order)
                .map(|row| row.run.clone())
                .ok_or_else(|| StoreError::not_found("run yet".to_owned()));
        }
        let ids: BTreeSet<&RunId> = inner.runs.keys().collect();
        rules::named(name, ids.into_iter())
    }

    fn prior(&self, scope: &str) -> Result<Option<RunRow>> {
        Ok(self.inner().prior(scope).cloned())
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<String> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        self.inner().blobs.insert(hash.clone(), bytes.to_vec());
        Ok(hash)
    }

    fn blob(&self, hash: &str) -> Result<Vec<u8>> {
        let Some(bytes) = self.inner().blobs.get(hash).cloned() else {
            return Err(Miss::NotFound(format!("blob {hash}")).into());
        };
        rules::intact(hash, bytes, "the store in memory")
    }

    fn set_trust(&self, root: &str, trust: Option<Trust>) -> Result<()> {
        let mut inner = self.inner();
        match trust {
            Some(trust) => inner.trust.insert(root.to_owned(), trust),
            None => inner.trust.remove(root),
        };
        inner.commits.synced += 1;
        Ok(())
    }

    fn trust(&self, folder: &str) -> Result<Option<Trust>> {
        let inner = self.inner();
        Ok(std::path::Path::new(folder)
            .ancestors()
            .find_map(|above| inner.trust.get(&above.display().to_string()).cloned()))
    }

    fn remember(&self, key: &str, value: &str) -> Result<()> {
        let mut inner = self.inner();
        inner.memory.insert(key.to_owned(), value.to_owned());
        inner.commits.synced += 1;
        Ok(())
    }

    fn recall(&self, key: &str) -> Result<Option<String>> {
        Ok(self.inner().memory.get(key).cloned())
    }

    fn subscribe(&self, run: Option<&RunId>) -> Result<Wake> {
        Ok(self.hub.subscribe(run, None))
    }

    fn commits(&self) -> Commits {
        self.inner().commits
    }
}
