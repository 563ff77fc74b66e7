//! The tables, and how a store of an older version becomes one of this. Adding
//! a migration: append to [`MIGRATIONS`], raise nothing else.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::failure;
use crate::error::{Result, StoreError, this_binary};
use crate::home::Home;

/// Marks the file as ours: `FRMT`.
const APPLICATION: i32 = 0x4652_4d54;

/// One step from a version to the next.
pub(crate) struct Migration {
    /// Version after it.
    pub(crate) to: u32,
    /// Lowest program version that may still read, and that may still write, afterwards. Equal to `to` unless the step only adds.
    pub(crate) readers: u32,
    pub(crate) writers: u32,
    pub(crate) sql: &'static str,
}

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        to: 1,
        readers: 1,
        writers: 1,
        sql: FIRST,
    },
    // Every surface looks for live runs every few seconds.
    Migration {
        to: 2,
        readers: 1,
        writers: 1,
        sql: "CREATE INDEX runs_of_status ON runs (status, ord);",
    },
    Migration {
        to: 3,
        readers: 1,
        writers: 1,
        sql: SESSIONS,
    },
];

const FIRST: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
  ord INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  request TEXT NOT NULL UNIQUE,
  scope TEXT NOT NULL,
  parent TEXT,
  status TEXT NOT NULL,
  holds INTEGER NOT NULL,
  kept INTEGER NOT NULL,
  checkout TEXT,
  last_seq INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  facts TEXT NOT NULL
);
CREATE INDEX runs_of_scope ON runs (scope, ord) WHERE parent IS NULL;
CREATE INDEX runs_of_parent ON runs (parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_in_checkout ON runs (checkout) WHERE checkout IS NOT NULL;
CREATE TABLE events (
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  path TEXT NOT NULL,
  schema INTEGER NOT NULL,
  checksum TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE TABLE starts (
  id TEXT PRIMARY KEY,
  request TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  open INTEGER NOT NULL,
  facts TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE trust (root TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE memory (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
";

/// Sessions of agents that are kept from run to run. A program that does not know them leaves them as they are.
const SESSIONS: &str = "
CREATE TABLE sessions (
  workflow TEXT NOT NULL,
  node TEXT NOT NULL,
  scope TEXT NOT NULL,
  agent TEXT NOT NULL,
  session TEXT NOT NULL,
  run TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (workflow, node, scope, agent)
) WITHOUT ROWID;
";

/// What this program may do with the store it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
}

/// The version that this program writes.
pub(crate) fn supported(migrations: &[Migration]) -> u32 {
    migrations.last().map_or(0, |migration| migration.to)
}

/// Brings a store up to date, or says what may be done with it as it is.
pub(crate) fn prepare(
    db: &mut Connection,
    home: &Home,
    path: &Path,
    migrations: &[Migration],
) -> Result<Access> {
    let sql = |error: rusqlite::Error| failure::of(path, &error);
    let supported = supported(migrations);
    let found = version(db, path)?;
    if found == supported {
        return Ok(Access::Write);
    }
    if found > supported {
        return newer(db, path, found, supported);
    }
    if found > 0 {
        let additive = migrations
            .iter()
            .filter(|step| step.to > found)
            .all(|step| step.writers <= found);
        if !additive {
            nobody_works(db, home, path, found, supported)?;
        }
        let backup = path.with_extension(format!("db.v{found}.bak"));
        if !backup.exists() {
            db.execute("VACUUM INTO ?1", [backup.display().to_string()])
                .map_err(sql)?;
            super::private(&backup)?;
        }
    }
    let step = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sql)?;
    // Somebody else may have done it while this process waited for the lock.
    let found: u32 = step
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(sql)?;
    for migration in migrations.iter().filter(|migration| migration.to > found) {
        step.execute_batch(migration.sql).map_err(sql)?;
        for (key, value) in [
            ("readers", migration.readers),
            ("writers", migration.writers),
        ] {
            step.execute(
                "INSERT INTO meta (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                rusqlite::params![key, value.to_string()],
            )
            .map_err(sql)?;
        }
    }
    step.execute(
        "INSERT INTO meta (key, value) VALUES ('program', ?1)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [this_binary()],
    )
    .map_err(sql)?;
    step.pragma_update(None, "application_id", APPLICATION)
        .map_err(sql)?;
    step.pragma_update(None, "user_version", supported.max(found))
        .map_err(sql)?;
    step.commit().map_err(sql)?;
    Ok(Access::Write)
}

/// The version of a store; 0 for an empty file.
pub(crate) fn version(db: &Connection, path: &Path) -> Result<u32> {
    // One statement, so that it sees one moment: another process may be making the store right now, and half of what it
    // does would look like somebody else's database.
    let (application, found, tables): (i32, u32, u32) = db
        .query_row(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
             FROM pragma_application_id, pragma_user_version",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(|error| failure::of(path, &error))?;
    if application != APPLICATION && (tables > 0 || found > 0) {
        return Err(StoreError::Corrupt {
            path: path.display().to_string(),
            what: "expected a Fermata store, found the database of another program".to_owned(),
        });
    }
    Ok(found)
}

fn newer(db: &Connection, path: &Path, found: u32, supported: u32) -> Result<Access> {
    let allowed = |key: &str| -> u32 {
        db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
            row.get::<_, String>(0)
        })
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(found)
    };
    if allowed("writers") <= supported {
        return Ok(Access::Write);
    }
    if allowed("readers") <= supported {
        return Ok(Access::Read);
    }
    Err(StoreError::Version {
        found,
        supported,
        path: path.display().to_string(),
        binary: this_binary(),
    })
}

fn nobody_works(
    db: &Connection,
    home: &Home,
    path: &Path,
    found: u32,
    supported: u32,
) -> Result<()> {
    let sql = |error: rusqlite::Error| failure::of(path, &error);
    let mut query = db
        .prepare("SELECT id FROM runs WHERE status IN ('queued', 'running', 'waiting')")
        .map_err(sql)?;
    let ids = query
        .query_map([], |row| row.get::<_, String>(0))
        .map_err(sql)?
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(sql)?;
    let mut alive = Vec::new();
    for id in ids {
        let run = fermata_engine::RunId(id);
        if crate::lock::RunLock::is_held(&home.locks(), &run)? {
            alive.push(run.short().to_owned());
        }
    }
    if alive.is_empty() {
        return Ok(());
    }
    Err(StoreError::InUse {
        found,
        supported,
        path: path.display().to_string(),
        workers: alive.join(", "),
    })
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
