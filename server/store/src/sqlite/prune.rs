//! Retention: what is kept of runs that are over. A run that can still go on,
//! or whose worktree still stands, is never taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fermata_engine::RunId;

use super::SqliteStore;
use super::rows::Rows;
use crate::error::Result;
use crate::record::RunRow;

/// A blob younger than this may belong to a row that is about to be written.
const YOUNG: Duration = Duration::from_secs(3600);

/// A session that no run has gone on with for so long is forgotten. Archon's own cleanup takes the same time.
const IDLE_SESSION: Duration = Duration::from_secs(30 * 24 * 3600);

/// How much is kept per scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Top-level runs.
    pub runs: usize,
    /// Bytes of logs, blobs, output and artifacts.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            runs: 200,
            bytes: 2 << 30,
        }
    }
}

/// What pruning did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Runs that are gone, children included.
    pub runs: Vec<RunId>,
    /// Blobs that nothing names any more.
    pub blobs: usize,
    /// Sessions, kept for a next run, that none has gone on with for 30 days.
    pub sessions: usize,
    /// Runs kept only because their worktree still stands (`fermata worktree RUN --remove`).
    pub held_by_worktree: Vec<RunId>,
}

impl SqliteStore {
    /// Deletes the oldest runs that are over, beyond what is to be kept, and blobs that nothing names.
    ///
    /// # Errors
    /// Those of the database; files that cannot be deleted are left for the doctor.
    pub fn prune(&self, keep: Retention) -> Result<Pruned> {
        let sizes = self.look(sizes)?;
        let mut scopes: BTreeMap<String, Vec<(RunRow, u64)>> = BTreeMap::new();
        for (row, bytes) in sizes {
            let bytes = bytes + self.beside(&row.run);
            scopes
                .entry(row.scope.clone())
                .or_default()
                .push((row, bytes));
        }
        let mut pruned = Pruned::default();
        for rows in scopes.values() {
            self.prune_scope(rows, keep, &mut pruned)?;
        }
        pruned.blobs = self.drop_orphans(YOUNG)?;
        pruned.sessions = self.drop_idle_sessions()?;
        Ok(pruned)
    }

    fn drop_idle_sessions(&self) -> Result<usize> {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let before = now.saturating_sub(IDLE_SESSION).as_millis();
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        self.write(true, |rows| {
            rows.db
                .execute("DELETE FROM sessions WHERE at < ?1", [before])
                .map_err(|e| rows.sql(&e))
        })
    }

    /// Rows come newest first; children count for and go with their parent.
    fn prune_scope(
        &self,
        rows: &[(RunRow, u64)],
        keep: Retention,
        pruned: &mut Pruned,
    ) -> Result<()> {
        let top: Vec<&(RunRow, u64)> = rows
            .iter()
            .filter(|(row, _)| row.parent.is_none())
            .collect();
        let family = |run: &RunId| -> Vec<&(RunRow, u64)> {
            rows.iter()
                .filter(|(row, _)| &row.run == run || row.parent.as_ref() == Some(run))
                .collect()
        };
        let mut count = top.len();
        let mut bytes: u64 = rows.iter().map(|(_, bytes)| bytes).sum();
        for (row, _) in top.iter().rev() {
            if count <= keep.runs && bytes <= keep.bytes {
                break;
            }
            let members = family(&row.run);
            if members.iter().any(|(member, _)| !member.status.is_final()) {
                continue;
            }
            let standing = members.iter().any(|(member, _)| {
                member
                    .place
                    .worktree
                    .as_ref()
                    .is_some_and(|path| Path::new(path).exists())
            });
            if standing {
                pruned.held_by_worktree.push(row.run.clone());
                continue;
            }
            for (member, size) in members {
                self.forget(member)?;
                bytes = bytes.saturating_sub(*size);
                pruned.runs.push(member.run.clone());
            }
            count -= 1;
        }
        Ok(())
    }

    fn forget(&self, row: &RunRow) -> Result<()> {
        self.write(true, |rows| {
            // A status that has changed since the list was read keeps the run.
            let gone = rows
                .db
                .execute(
                    "DELETE FROM runs WHERE ord = ?1 AND status IN ('completed', 'cancelled')",
                    [row.order],
                )
                .map_err(|e| rows.sql(&e))?;
            if gone > 0 {
                rows.db
                    .execute("DELETE FROM events WHERE run = ?1", [row.order])
                    .map_err(|e| rows.sql(&e))?;
            }
            Ok(())
        })?;
        let run = row.run.as_str();
        let _ = fs::remove_file(self.home.locks().join(run));
        let _ = fs::remove_file(self.home.wakes().join(run));
        let _ = fs::remove_file(self.home.log(&row.run));
        let _ = fs::remove_dir_all(self.home.artifacts(&row.run));
        crate::watch::announce(&self.home, None, true);
        Ok(())
    }

    /// Bytes of a run's output and artifacts.
    fn beside(&self, run: &RunId) -> u64 {
        size(&self.home.log(run)) + size(&self.home.artifacts(run))
    }

    /// Deletes blobs that no row names and that are older than `age`; returns how many.
    pub(super) fn drop_orphans(&self, age: Duration) -> Result<usize> {
        let named = self.look(|rows| Ok(references(rows)?.into_values().flatten().collect()))?;
        let mut dropped = 0;
        for path in orphans(&self.home, &named, age) {
            dropped += usize::from(fs::remove_file(path).is_ok());
        }
        Ok(dropped)
    }
}

/// Blob files that are not in `named` and older than `age`.
pub(super) fn orphans(
    home: &crate::home::Home,
    named: &BTreeSet<String>,
    age: Duration,
) -> Vec<std::path::PathBuf> {
    let Ok(folders) = fs::read_dir(home.blobs()) else {
        return Vec::new();
    };
    folders
        .filter_map(std::result::Result::ok)
        .filter_map(|folder| fs::read_dir(folder.path()).ok())
        .flatten()
        .filter_map(std::result::Result::ok)
        .filter(|file| {
            let old = file
                .metadata()
                .and_then(|meta| meta.modified())
                .is_ok_and(|at| SystemTime::now().duration_since(at).unwrap_or_default() >= age);
            old && !named.contains(file.file_name().to_string_lossy().as_ref())
        })
        .map(|file| file.path())
        .collect()
}

/// Every blob that a log names, by the order number of its run.
pub(super) fn references(rows: &Rows<'_>) -> Result<BTreeMap<u64, BTreeSet<String>>> {
    let mut query = rows
        .db
        .prepare("SELECT run, body FROM events WHERE instr(body, '\"blob\":\"') > 0")
        .map_err(|e| rows.sql(&e))?;
    let bodies = query
        .query_map([], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?))
        })
        .map_err(|e| rows.sql(&e))?;
    let mut named: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for entry in bodies {
        let (run, body) = entry.map_err(|e| rows.sql(&e))?;
        named.entry(run).or_default().extend(
            body.match_indices("\"blob\":\"")
                .filter_map(|(at, key)| body.get(at + key.len()..at + key.len() + 64))
                .filter(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
                .map(str::to_owned),
        );
    }
    Ok(named)
}

/// Every run with the bytes of its log and of the blobs it names, newest first.
fn sizes(rows: &Rows<'_>) -> Result<Vec<(RunRow, u64)>> {
    let named = references(rows)?;
    let runs: Vec<RunRow> = rows.facts("SELECT facts FROM runs ORDER BY ord DESC", [])?;
    let home = rows.path.parent().unwrap_or(Path::new(""));
    let mut sized = Vec::with_capacity(runs.len());
    for row in runs {
        let log: u64 = rows
            .db
            .query_row(
                "SELECT coalesce(sum(length(body)), 0) FROM events WHERE run = ?1",
                [row.order],
                |row| row.get(0),
            )
            .map_err(|e| rows.sql(&e))?;
        let blobs: u64 = named.get(&row.order).map_or(0, |hashes| {
            hashes
                .iter()
                .map(|hash| size(&home.join("blobs").join(&hash[..2]).join(hash)))
                .sum()
        });
        sized.push((row, log + blobs));
    }
    Ok(sized)
}

/// Bytes of a file, or of everything in a folder; links are not followed.
fn size(path: &Path) -> u64 {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return 0;
    };
    if !meta.is_dir() {
        return meta.len();
    }
    fs::read_dir(path).map_or(0, |entries| {
        entries
            .filter_map(std::result::Result::ok)
            .map(|entry| size(&entry.path()))
            .sum()
    })
}
