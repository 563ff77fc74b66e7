//! The table operations over one SQLite transaction.

use std::path::Path;

use fermata_engine::{RunId, Seq};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::failure;
use crate::chain::Stored;
use crate::error::{Result, StoreError};
use crate::record::{RunRow, SessionKey, StartId, StartRow};
use crate::tables::Tables;

/// A connection with its path; inside a transaction when it writes.
pub(crate) struct Rows<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) path: &'a Path,
}

impl Rows<'_> {
    pub(crate) fn sql(&self, error: &rusqlite::Error) -> StoreError {
        failure::of(self.path, error)
    }

    /// Whole rows of a table from their `facts`.
    pub(crate) fn facts<T: serde::de::DeserializeOwned>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<T>> {
        let mut query = self.db.prepare_cached(sql).map_err(|e| self.sql(&e))?;
        let texts = query
            .query_map(values, |row| row.get::<_, String>(0))
            .map_err(|e| self.sql(&e))?
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|e| self.sql(&e))?;
        texts.iter().map(|text| self.read(text)).collect()
    }

    pub(crate) fn read<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|error| StoreError::Corrupt {
            path: self.path.display().to_string(),
            what: format!("a row does not read: {error}"),
        })
    }

    fn write(&self, value: &impl serde::Serialize) -> Result<String> {
        serde_json::to_string(value).map_err(|error| StoreError::Corrupt {
            path: self.path.display().to_string(),
            what: format!("a row cannot be written as JSON: {error}"),
        })
    }

    pub(crate) fn known(&self, run: &RunId) -> Result<RunRow> {
        self.row(run)?
            .ok_or_else(|| StoreError::not_found(format!("run {run}")))
    }

    /// Place of a run in the log, and the number of its last event.
    pub(crate) fn reach(&self, run: &RunId) -> Result<(u64, Seq)> {
        self.db
            .prepare_cached("SELECT ord, last_seq FROM runs WHERE id = ?1")
            .and_then(|mut query| {
                query
                    .query_row([run.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(|e| self.sql(&e))?
            .ok_or_else(|| StoreError::not_found(format!("run {run}")))
    }

    /// The log of a run from a number on, with the checksum in front of it.
    #[allow(clippy::type_complexity, reason = "a pair that two callers take apart")]
    pub(crate) fn log(
        &self,
        order: u64,
        from: Seq,
        limit: usize,
    ) -> Result<(Option<(Seq, String)>, Vec<Stored>)> {
        let from = from.max(1);
        let before = self
            .db
            .prepare_cached("SELECT seq, checksum FROM events WHERE run = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1")
            .and_then(|mut query| {
                query
                    .query_row(params![order, from], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(|e| self.sql(&e))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut query = self
            .db
            .prepare_cached(
                "SELECT seq, at, path, schema, checksum, body FROM events WHERE run = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
            )
            .map_err(|e| self.sql(&e))?;
        let stored = query
            .query_map(params![order, from, limit], stored)
            .map_err(|e| self.sql(&e))?
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|e| self.sql(&e))?;
        Ok((before, stored))
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        seq: row.get(0)?,
        at: row.get(1)?,
        path: row.get(2)?,
        schema: row.get(3)?,
        check: row.get(4)?,
        body: row.get(5)?,
    })
}

impl Tables for Rows<'_> {
    fn row(&self, run: &RunId) -> Result<Option<RunRow>> {
        Ok(self
            .facts("SELECT facts FROM runs WHERE id = ?1", [run.as_str()])?
            .pop())
    }

    fn candidates(&self, scope: &str) -> Result<Vec<RunRow>> {
        let mut rows: Vec<RunRow> = self.facts(
            "SELECT facts FROM runs WHERE scope = ?1 AND parent IS NULL
             AND NOT json_extract(facts, '$.dry_run') ORDER BY ord DESC LIMIT 1",
            [scope],
        )?;
        rows.extend(self.facts::<RunRow>(
            "SELECT facts FROM runs WHERE scope = ?1 AND parent IS NULL AND kept = 0
             AND (holds = 1 OR status IN ('queued', 'running', 'waiting'))
             AND NOT json_extract(facts, '$.dry_run') ORDER BY ord DESC LIMIT 1",
            [scope],
        )?);
        Ok(rows)
    }

    fn holders(&self, checkout: &str) -> Result<Vec<RunRow>> {
        self.facts(
            "SELECT facts FROM runs WHERE checkout = ?1 AND status IN ('queued', 'running', 'waiting')",
            [checkout],
        )
    }

    fn run_of_request(&self, request: &str) -> Result<Option<RunId>> {
        self.db
            .query_row("SELECT id FROM runs WHERE request = ?1", [request], |row| {
                row.get(0).map(RunId)
            })
            .optional()
            .map_err(|e| self.sql(&e))
    }

    fn start_of_request(&self, request: &str) -> Result<Option<StartRow>> {
        Ok(self
            .facts("SELECT facts FROM starts WHERE request = ?1", [request])?
            .pop())
    }

    fn open_starts(&self) -> Result<Vec<StartRow>> {
        self.facts("SELECT facts FROM starts WHERE open = 1", [])
    }

    fn start(&self, start: &StartId) -> Result<Option<StartRow>> {
        Ok(self
            .facts("SELECT facts FROM starts WHERE id = ?1", [start.as_str()])?
            .pop())
    }

    fn next_order(&self) -> Result<u64> {
        self.db
            .query_row("SELECT coalesce(max(ord), 0) + 1 FROM runs", [], |row| {
                row.get(0)
            })
            .map_err(|e| self.sql(&e))
    }

    fn put_row(&mut self, row: &RunRow) -> Result<()> {
        let facts = self.write(row)?;
        self.db
            .prepare_cached(
                "INSERT INTO runs (ord, id, request, scope, parent, status, holds, kept, checkout, last_seq, fence, facts)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (ord) DO UPDATE SET status = excluded.status, holds = excluded.holds, kept = excluded.kept,
                   last_seq = excluded.last_seq, fence = excluded.fence, facts = excluded.facts",
            )
            .and_then(|mut query| {
                query.execute(params![
                    row.order,
                    row.run.as_str(),
                    row.request,
                    row.scope,
                    row.parent.as_ref().map(RunId::as_str),
                    row.status.as_str(),
                    row.holds_gate(),
                    row.kept,
                    row.place.checkout,
                    row.last_seq,
                    row.fence.0,
                    facts,
                ])
            })
            .map_err(|e| self.sql(&e))?;
        Ok(())
    }

    fn push(&mut self, row: &RunRow, events: &[Stored]) -> Result<()> {
        let mut insert = self
            .db
            .prepare_cached(
                "INSERT INTO events (run, seq, at, path, schema, checksum, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .map_err(|e| self.sql(&e))?;
        for event in events {
            insert
                .execute(params![
                    row.order,
                    event.seq,
                    event.at,
                    event.path,
                    event.schema,
                    event.check,
                    event.body,
                ])
                .map_err(|e| self.sql(&e))?;
        }
        Ok(())
    }

    fn put_start(&mut self, start: &StartRow) -> Result<()> {
        let facts = self.write(start)?;
        self.db
            .execute(
                "INSERT INTO starts (id, request, created, open, facts) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (id) DO UPDATE SET open = excluded.open, facts = excluded.facts",
                params![
                    start.start.as_str(),
                    start.request_id,
                    start.created,
                    start.closed.is_none(),
                    facts
                ],
            )
            .map_err(|e| self.sql(&e))?;
        Ok(())
    }

    fn put_session(&mut self, key: &SessionKey, session: &str, run: &RunId, at: u64) -> Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO sessions (workflow, node, scope, agent, session, run, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (workflow, node, scope, agent) DO UPDATE SET session = excluded.session, run = excluded.run, at = excluded.at",
            )
            .and_then(|mut query| {
                query.execute(params![
                    key.workflow,
                    key.node,
                    key.scope,
                    key.agent,
                    session,
                    run.as_str(),
                    at
                ])
            })
            .map_err(|e| self.sql(&e))?;
        Ok(())
    }
}
