//! The contract, over SQLite.

use fermata_engine::event::ProcessId;
use fermata_engine::{Event, Fence, RunId, Seq};
use rusqlite::{OptionalExtension, params};

use super::SqliteStore;
use crate::blobs;
use crate::chain::open_all;
use crate::contract::Store;
use crate::error::{Result, StoreError};
use crate::lock::RunLock;
use crate::record::{
    Closing, Commits, Created, Decision, NewEvent, NewRun, Proposal, RunFilter, RunRow, SessionKey,
    StartId, StartRow, Took, Trust,
};
use crate::rules;
use crate::tables::{self, Tables};
use crate::wake::Wake;
use crate::watch::announce;

impl SqliteStore {
    fn wake(&self, run: Option<(&RunId, Seq)>, listed: bool) {
        announce(&self.home, run, listed);
        let seq = run.map_or(Seq::MAX, |(_, seq)| seq);
        self.hub.wake_for(run.map(|(run, _)| run), seq, listed);
    }
}

impl Store for SqliteStore {
    fn append(
        &self,
        run: &RunId,
        last_seq: Seq,
        fence: Option<Fence>,
        events: &[NewEvent],
    ) -> Result<Vec<Event>> {
        let durable = rules::must_survive_power(events.iter().map(|event| &event.body));
        let (events, listed) = self.write(durable, |rows| {
            tables::append(rows, run, last_seq, fence, events)
        })?;
        let seq = events.last().map_or(last_seq, |event| event.seq);
        self.wake(Some((run, seq)), listed);
        Ok(events)
    }

    fn claim(
        &self,
        run: &RunId,
        worker: ProcessId,
        guard: &RunLock,
    ) -> Result<(Fence, Vec<Event>)> {
        self.write(true, |rows| {
            let fence = tables::claim(rows, run, worker, guard)?;
            let row = rows.known(run)?;
            let (before, log) = rows.log(row.order, 1, usize::MAX)?;
            let path = rows.path.display().to_string();
            Ok((fence, open_all(run, before, log.into_iter(), &path)?))
        })
    }

    fn try_lock(&self, run: &RunId) -> Result<Option<RunLock>> {
        RunLock::try_acquire(&self.home.locks(), run)
    }

    fn is_locked(&self, run: &RunId) -> Result<bool> {
        RunLock::is_held(&self.home.locks(), run)
    }

    fn create_run(&self, new: NewRun) -> Result<Created> {
        let created = self.write(true, |rows| tables::create_run(rows, &new))?;
        if let Created::New(run) = &created {
            self.wake(Some((run, new.events.len() as Seq)), true);
        }
        Ok(created)
    }

    fn start_or_choose(&self, proposal: Proposal) -> Result<Decision> {
        let length = proposal.run.events.len() as Seq;
        let decision = self.write(true, |rows| tables::start_or_choose(rows, proposal))?;
        match &decision {
            Decision::Queued(run) => self.wake(Some((run, length)), true),
            Decision::Choice { .. } => self.wake(None, true),
            Decision::Existing(_) | Decision::Closed(_) => {}
        }
        Ok(decision)
    }

    fn requested(&self, request: &str) -> Result<Option<Decision>> {
        self.look(|rows| tables::requested(rows, request))
    }

    fn close_start(&self, start: &StartId, closing: Closing) -> Result<Took> {
        let length = closing
            .run
            .as_ref()
            .map_or(0, |run| run.events.len() as Seq);
        let prior = closing
            .append
            .as_ref()
            .map(|also| (also.run.clone(), also.last_seq + also.events.len() as Seq));
        let took = self.write(true, |rows| tables::close_start(rows, start, closing))?;
        if let (Some((run, seq)), Took::Closed(_) | Took::Asks(_)) = (&prior, &took) {
            self.wake(Some((run, *seq)), true);
        }
        if let Took::Asks(_) = &took {
            self.wake(None, true);
        }
        if let Took::Closed(fresh) = &took {
            self.wake(fresh.as_ref().map(|run| (run, length)), true);
        }
        Ok(took)
    }

    fn start(&self, start: &StartId) -> Result<StartRow> {
        self.look(|rows| rows.start(start))?
            .ok_or_else(|| StoreError::not_found(format!("start request {start}")))
    }

    fn starts(&self) -> Result<Vec<StartRow>> {
        self.look(|rows| tables::starts(rows))
    }

    fn events(&self, run: &RunId, from: Seq, limit: usize) -> Result<Vec<Event>> {
        let (before, log) = self.look(|rows| {
            let (order, last) = rows.reach(run)?;
            if from > last {
                return Ok((None, Vec::new()));
            }
            rows.log(order, from, limit)
        })?;
        open_all(
            run,
            before,
            log.into_iter(),
            &self.path.display().to_string(),
        )
    }

    fn run(&self, run: &RunId) -> Result<RunRow> {
        self.look(|rows| rows.known(run))
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>> {
        let mut rows: Vec<RunRow> = self.look(|rows| match (&filter.parent, &filter.scope) {
            (Some(parent), _) => rows.facts(
                "SELECT facts FROM runs WHERE parent = ?1 ORDER BY ord DESC",
                [parent.as_str()],
            ),
            (None, Some(scope)) => rows.facts(
                "SELECT facts FROM runs WHERE scope = ?1 ORDER BY ord DESC",
                [scope],
            ),
            (None, None) if filter.statuses.is_empty() => {
                rows.facts("SELECT facts FROM runs ORDER BY ord DESC", [])
            }
            (None, None) => {
                let words: Vec<&str> = filter.statuses.iter().map(|s| s.as_str()).collect();
                rows.facts(
                    "SELECT facts FROM runs WHERE status IN (SELECT value FROM json_each(?1)) ORDER BY ord DESC",
                    [serde_json::json!(words).to_string()],
                )
            }
        })?;
        rows.retain(|row| filter.takes(row));
        if filter.limit > 0 {
            rows.truncate(filter.limit);
        }
        Ok(rows)
    }

    fn find(&self, name: &str) -> Result<RunId> {
        self.look(|rows| {
            if name == "@last" {
                return rows
                    .db
                    .query_row(
                        "SELECT id FROM runs WHERE parent IS NULL ORDER BY ord DESC LIMIT 1",
                        [],
                        |row| row.get(0).map(RunId),
                    )
                    .optional()
                    .map_err(|e| rows.sql(&e))?
                    .ok_or_else(|| StoreError::not_found("run yet"));
            }
            let mut query = rows
                .db
                .prepare_cached("SELECT id FROM runs")
                .map_err(|e| rows.sql(&e))?;
            let ids = query
                .query_map([], |row| row.get(0).map(RunId))
                .map_err(|e| rows.sql(&e))?
                .collect::<std::result::Result<Vec<_>, _>>()
                .map_err(|e| rows.sql(&e))?;
            rules::named(name, ids.iter())
        })
    }

    fn prior(&self, scope: &str) -> Result<Option<RunRow>> {
        self.look(|rows| Ok(rules::prior(rows.candidates(scope)?.iter()).cloned()))
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<String> {
        blobs::put(&self.home, bytes)
    }

    fn blob(&self, hash: &str) -> Result<Vec<u8>> {
        blobs::get(&self.home, hash)
    }

    fn set_trust(&self, root: &str, trust: Option<Trust>) -> Result<()> {
        self.write(true, |rows| {
            let done = match &trust {
                Some(trust) => rows.db.execute(
                    "INSERT INTO trust (root, facts) VALUES (?1, ?2) ON CONFLICT (root) DO UPDATE SET facts = excluded.facts",
                    params![root, serde_json::json!(trust).to_string()],
                ),
                None => rows.db.execute("DELETE FROM trust WHERE root = ?1", [root]),
            };
            done.map(|_| ()).map_err(|e| rows.sql(&e))
        })
    }

    fn trust(&self, folder: &str) -> Result<Option<Trust>> {
        self.look(|rows| {
            for above in std::path::Path::new(folder).ancestors() {
                let found: Vec<Trust> = rows.facts(
                    "SELECT facts FROM trust WHERE root = ?1",
                    [above.display().to_string()],
                )?;
                if let Some(trust) = found.into_iter().next() {
                    return Ok(Some(trust));
                }
            }
            Ok(None)
        })
    }

    fn remember(&self, key: &str, value: &str) -> Result<()> {
        self.write(true, |rows| {
            rows.db
                .execute(
                    "INSERT INTO memory (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    [key, value],
                )
                .map(|_| ())
                .map_err(|e| rows.sql(&e))
        })
    }

    fn recall(&self, key: &str) -> Result<Option<String>> {
        self.look(|rows| {
            rows.db
                .query_row("SELECT value FROM memory WHERE key = ?1", [key], |row| {
                    row.get(0)
                })
                .optional()
                .map_err(|e| rows.sql(&e))
        })
    }

    fn kept_session(&self, key: &SessionKey) -> Result<Option<String>> {
        self.look(|rows| {
            rows.db
                .query_row(
                    "SELECT session FROM sessions WHERE workflow = ?1 AND node = ?2 AND scope = ?3 AND agent = ?4",
                    params![key.workflow, key.node, key.scope, key.agent],
                    |row| row.get(0),
                )
                .optional()
                .map_err(|e| rows.sql(&e))
        })
    }

    fn forget_sessions(&self, under: &str) -> Result<usize> {
        self.write(true, |rows| {
            let mut query = rows
                .db
                .prepare("SELECT DISTINCT scope FROM sessions")
                .map_err(|e| rows.sql(&e))?;
            let scopes = query
                .query_map([], |row| row.get::<_, String>(0))
                .map_err(|e| rows.sql(&e))?
                .collect::<std::result::Result<Vec<_>, _>>()
                .map_err(|e| rows.sql(&e))?;
            let mut gone = 0;
            for scope in scopes
                .iter()
                .filter(|scope| rules::lies_under(scope, under))
            {
                gone += rows
                    .db
                    .execute("DELETE FROM sessions WHERE scope = ?1", [scope])
                    .map_err(|e| rows.sql(&e))?;
            }
            Ok(gone)
        })
    }

    fn subscribe(&self, run: Option<&RunId>) -> Result<Wake> {
        // Registered first, so that the watcher's first look includes it.
        let registered = self.hub.subscribe(run);
        let watch = self.watch();
        Ok(registered.kept_by(watch))
    }

    fn commits(&self) -> Commits {
        self.writer().commits
    }
}
