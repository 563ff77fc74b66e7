//! The store in memory: for tests and dry runs. Same rules, same refusals as
//! on disk; locks live in a table, so that a test can let a worker die by
//! dropping its lock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fermata_engine::event::ProcessId;
use fermata_engine::{Event, Fence, RunId, Seq};

use crate::chain::{Stored, open_all};
use crate::contract::Store;
use crate::error::{Miss, Result, StoreError};
use crate::lock::{LockTable, RunLock};
use crate::record::{
    Closing, Commits, Created, Decision, NewEvent, NewRun, Proposal, RunFilter, RunRow, SessionKey,
    StartId, StartRow, Took, Trust,
};
use crate::rules;
use crate::tables::{self, Tables};
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
    sessions: BTreeMap<SessionKey, String>,
    created: u64,
    commits: Commits,
}

impl MemStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Breaks a blob, to see what becomes of a step whose output is gone.
    pub fn damage_blob(&self, hash: &str) {
        self.inner().blobs.insert(hash.to_owned(), b"{".to_vec());
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn known(&self, run: &RunId) -> Result<&RunRow> {
        self.runs
            .get(run)
            .ok_or_else(|| StoreError::not_found(format!("run {run}")))
    }

    fn top(&self, scope: &str) -> Vec<RunRow> {
        self.runs
            .values()
            .filter(|row| row.scope == scope && row.parent.is_none())
            .cloned()
            .collect()
    }
}

impl Tables for Inner {
    fn row(&self, run: &RunId) -> Result<Option<RunRow>> {
        Ok(self.runs.get(run).cloned())
    }

    fn candidates(&self, scope: &str) -> Result<Vec<RunRow>> {
        Ok(self.top(scope))
    }

    fn holders(&self, checkout: &str) -> Result<Vec<RunRow>> {
        Ok(self
            .runs
            .values()
            .filter(|row| row.status.is_live() && row.place.checkout.as_deref() == Some(checkout))
            .cloned()
            .collect())
    }

    fn run_of_request(&self, request: &str) -> Result<Option<RunId>> {
        Ok(self.requests.get(request).cloned())
    }

    fn start_of_request(&self, request: &str) -> Result<Option<StartRow>> {
        Ok(self
            .starts
            .values()
            .find(|start| start.request_id == request)
            .cloned())
    }

    fn open_starts(&self) -> Result<Vec<StartRow>> {
        let open = self.starts.values().filter(|row| row.closed.is_none());
        Ok(open.cloned().collect())
    }

    fn start(&self, start: &StartId) -> Result<Option<StartRow>> {
        Ok(self.starts.get(start).cloned())
    }

    fn next_order(&self) -> Result<u64> {
        Ok(self.created + 1)
    }

    fn put_row(&mut self, row: &RunRow) -> Result<()> {
        self.created = self.created.max(row.order);
        self.requests.insert(row.request.clone(), row.run.clone());
        self.runs.insert(row.run.clone(), row.clone());
        Ok(())
    }

    fn push(&mut self, row: &RunRow, events: &[Stored]) -> Result<()> {
        self.logs
            .entry(row.run.clone())
            .or_default()
            .extend_from_slice(events);
        Ok(())
    }

    fn put_start(&mut self, start: &StartRow) -> Result<()> {
        self.starts.insert(start.start.clone(), start.clone());
        Ok(())
    }

    fn put_session(&mut self, key: &SessionKey, session: &str, _: &RunId, _: u64) -> Result<()> {
        self.sessions.insert(key.clone(), session.to_owned());
        Ok(())
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
        let (events, listed) = tables::append(&mut *inner, run, last_seq, fence, events)?;
        if rules::must_survive_power(events.iter().map(|event| &event.body)) {
            inner.commits.synced += 1;
        } else {
            inner.commits.relaxed += 1;
        }
        drop(inner);
        let seq = events.last().map_or(last_seq, |event| event.seq);
        self.hub.wake_for(Some(run), seq, listed);
        Ok(events)
    }

    fn claim(
        &self,
        run: &RunId,
        worker: ProcessId,
        guard: &RunLock,
    ) -> Result<(Fence, Vec<Event>)> {
        let mut inner = self.inner();
        let fence = tables::claim(&mut *inner, run, worker, guard)?;
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
        let mut inner = self.inner();
        let created = tables::create_run(&mut *inner, &new)?;
        if let Created::New(run) = &created {
            inner.commits.synced += 1;
            drop(inner);
            self.hub.wake(Some(run), true);
        }
        Ok(created)
    }

    fn start_or_choose(&self, proposal: Proposal) -> Result<Decision> {
        let mut inner = self.inner();
        let decision = tables::start_or_choose(&mut *inner, proposal)?;
        inner.commits.synced += 1;
        drop(inner);
        match &decision {
            Decision::Queued(run) => self.hub.wake(Some(run), true),
            Decision::Choice { .. } => self.hub.wake(None, true),
            Decision::Existing(_) | Decision::Closed(_) => {}
        }
        Ok(decision)
    }

    fn requested(&self, request: &str) -> Result<Option<Decision>> {
        tables::requested(&*self.inner(), request)
    }

    fn close_start(&self, start: &StartId, closing: Closing) -> Result<Took> {
        let mut inner = self.inner();
        let prior = closing.append.as_ref().map(|also| also.run.clone());
        // Closing touches several rows; what fails half-way must leave nothing.
        let before = closing.append.is_some().then(|| inner.clone());
        let took = match (tables::close_start(&mut *inner, start, closing), before) {
            (Err(error), Some(before)) => {
                *inner = before;
                return Err(error);
            }
            (took, _) => took?,
        };
        inner.commits.synced += 1;
        drop(inner);
        if let Some(prior) = &prior {
            self.hub.wake(Some(prior), true);
        }
        if let Took::Asks(_) = &took {
            self.hub.wake(None, true);
        }
        if let Took::Closed(fresh) = &took {
            self.hub.wake(fresh.as_ref(), true);
        }
        Ok(took)
    }

    fn start(&self, start: &StartId) -> Result<StartRow> {
        self.inner()
            .starts
            .get(start)
            .cloned()
            .ok_or_else(|| StoreError::not_found(format!("start request {start}")))
    }

    fn starts(&self) -> Result<Vec<StartRow>> {
        tables::starts(&*self.inner())
    }

    fn events(&self, run: &RunId, from: Seq, limit: usize) -> Result<Vec<Event>> {
        let inner = self.inner();
        inner.known(run)?;
        let first = usize::try_from(from.max(1) - 1).unwrap_or(usize::MAX);
        let log = inner.logs.get(run).map_or(&[][..], Vec::as_slice);
        let before = first
            .checked_sub(1)
            .and_then(|index| log.get(index))
            .map(|stored| (stored.seq, stored.check.clone()));
        let wanted = log.iter().skip(first).take(limit).cloned();
        open_all(run, before, wanted, "the store in memory")
    }

    fn run(&self, run: &RunId) -> Result<RunRow> {
        self.inner().known(run).cloned()
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
                .ok_or_else(|| StoreError::not_found("run yet"));
        }
        rules::named(name, inner.runs.keys())
    }

    fn prior(&self, scope: &str) -> Result<Option<RunRow>> {
        Ok(rules::prior(self.inner().top(scope).iter()).cloned())
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

    fn kept_session(&self, key: &SessionKey) -> Result<Option<String>> {
        Ok(self.inner().sessions.get(key).cloned())
    }

    fn forget_sessions(&self, under: &str) -> Result<usize> {
        let mut inner = self.inner();
        let before = inner.sessions.len();
        inner
            .sessions
            .retain(|key, _| !rules::lies_under(&key.scope, under));
        inner.commits.synced += 1;
        Ok(before - inner.sessions.len())
    }

    fn subscribe(&self, run: Option<&RunId>) -> Result<Wake> {
        Ok(self.hub.subscribe(run))
    }

    fn commits(&self) -> Commits {
        self.inner().commits
    }
}
