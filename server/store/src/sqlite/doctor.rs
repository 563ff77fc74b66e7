//! The doctor: is the store whole, and what can be mended without inventing
//! anything. A log is never rewritten: a damaged one is marked, so that its
//! run can be looked at and abandoned, but not resumed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use fermata_engine::RunId;

use super::prune::{orphans, references};
use super::rows::Rows;
use super::{SqliteStore, failure};
use crate::chain::open_all;
use crate::error::{Result, StoreError};
use crate::home::Home;
use crate::record::{NewEvent, NewRun, RunRow};
use crate::rules;
use crate::tables::Tables;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// Where.
    pub place: String,
    /// What was expected and what was found.
    pub what: String,
    /// What to do, where the doctor cannot.
    pub advice: String,
    /// Whether this visit mended it.
    pub repaired: bool,
}

/// Examines a home folder, and with `repair` mends what can be mended.
///
/// # Errors
/// Those of the database when it cannot be opened at all; the message says what to do.
pub fn doctor(home: &Home, repair: bool) -> Result<Vec<Finding>> {
    let store = SqliteStore::open(home)?;
    let mut visit = Visit {
        store: &store,
        repair,
        findings: Vec::new(),
    };
    visit.integrity()?;
    let rows =
        store.look(|rows| rows.facts::<RunRow>("SELECT facts FROM runs ORDER BY ord", []))?;
    for row in &rows {
        visit.run(row)?;
    }
    visit.blobs(&rows)?;
    visit.strays(&rows);
    visit.modes();
    Ok(visit.findings)
}

struct Visit<'a> {
    store: &'a SqliteStore,
    repair: bool,
    findings: Vec<Finding>,
}

impl Visit<'_> {
    fn find(
        &mut self,
        place: impl Into<String>,
        what: impl Into<String>,
        advice: &str,
        repaired: bool,
    ) {
        self.findings.push(Finding {
            place: place.into(),
            what: what.into(),
            advice: if repaired {
                String::new()
            } else {
                advice.to_owned()
            },
            repaired,
        });
    }

    fn integrity(&mut self) -> Result<()> {
        let path = self.store.path.display().to_string();
        let said: Vec<String> = self.store.look(|rows| {
            let mut query = rows
                .db
                .prepare("PRAGMA integrity_check(20)")
                .map_err(|e| rows.sql(&e))?;
            query
                .query_map([], |row| row.get(0))
                .and_then(Iterator::collect)
                .map_err(|e| rows.sql(&e))
        })?;
        for line in said.into_iter().filter(|line| line != "ok") {
            let mended = self.repair
                && line.contains("index")
                && self
                    .store
                    .writer()
                    .db
                    .execute_batch("REINDEX")
                    .map_err(|error| failure::of(&self.store.path, &error))
                    .is_ok();
            self.find(
                path.clone(),
                line,
                "move the file aside, keep it, and copy back a backup (*.bak beside it)",
                mended,
            );
        }
        Ok(())
    }

    /// Log dense, chained, folding to the row.
    fn run(&mut self, row: &RunRow) -> Result<()> {
        let place = format!("run {}", row.run);
        let derived = self.store.look(|rows| Ok(derive(rows, row)))?;
        match derived {
            // It is whole; only this program cannot read it.
            Err(error @ StoreError::Version { .. }) => self.find(
                place,
                error.to_string(),
                "look at this run with the newer fermata",
                false,
            ),
            Err(error) => {
                let marked = self.repair
                    && self
                        .store
                        .write(true, |rows| {
                            let mut row = rows.known(&row.run)?;
                            row.damaged = true;
                            rows.put_row(&row)
                        })
                        .is_ok();
                if !row.damaged {
                    self.find(
                        place,
                        format!("its log is damaged: {error}"),
                        "`fermata doctor --repair` marks it, so that it can be abandoned; what it did is not lost from its worktree and artifacts",
                        marked,
                    );
                }
            }
            Ok(derived) if &derived != row => {
                let mended = self.repair
                    && self
                        .store
                        .write(true, |rows| {
                            // Only if nobody has gone on meanwhile.
                            if rows.known(&row.run)?.last_seq == row.last_seq {
                                rows.put_row(&derived)?;
                            }
                            Ok(())
                        })
                        .is_ok();
                self.find(
                    place,
                    format!(
                        "its row says {} after event {}, its log says {} after event {}",
                        row.status.as_str(),
                        row.last_seq,
                        derived.status.as_str(),
                        derived.last_seq
                    ),
                    "`fermata doctor --repair` derives the row from the log again",
                    mended,
                );
            }
            Ok(_) => {}
        }
        Ok(())
    }

    fn blobs(&mut self, rows: &[RunRow]) -> Result<()> {
        let named = self.store.look(references)?;
        for (order, hashes) in &named {
            let run = rows
                .iter()
                .find(|row| row.order == *order)
                .map_or_else(|| "a run that is gone".to_owned(), |row| row.run.0.clone());
            for hash in hashes {
                if let Err(error) = crate::blobs::get(&self.store.home, hash) {
                    self.find(
                        format!("run {run}"),
                        error.to_string(),
                        "nothing can bring it back; on resume the step whose result it was runs again",
                        false,
                    );
                }
            }
        }
        let all: BTreeSet<String> = named.into_values().flatten().collect();
        let stray = orphans(&self.store.home, &all, Duration::from_secs(3600));
        if !stray.is_empty() {
            let mended = self.repair && self.store.drop_orphans(Duration::from_secs(3600)).is_ok();
            self.find(
                self.store.home.blobs().display().to_string(),
                format!("{} blobs that no run names", stray.len()),
                "`fermata doctor --repair` deletes them",
                mended,
            );
        }
        Ok(())
    }

    /// Files of runs that are not in the store.
    fn strays(&mut self, rows: &[RunRow]) {
        let known: BTreeSet<&str> = rows.iter().map(|row| row.run.as_str()).collect();
        for folder in [
            self.store.home.locks(),
            self.store.home.wakes(),
            self.store.home.logs(),
        ] {
            for path in list(&folder) {
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let run = name.strip_suffix(".log").unwrap_or(&name);
                // Only what looks like a run's: people put other files anywhere.
                let ours = run.len() == 26 && run.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if !ours || known.contains(run) {
                    continue;
                }
                let held =
                    crate::lock::RunLock::is_held(&self.store.home.locks(), &RunId::from(run))
                        .unwrap_or(true);
                let mended = self.repair && !held && fs::remove_file(&path).is_ok();
                self.find(
                    path.display().to_string(),
                    "belongs to no run in the store",
                    "`fermata doctor --repair` deletes it unless a process holds it",
                    mended,
                );
            }
        }
    }

    #[cfg(unix)]
    fn modes(&mut self) {
        use std::os::unix::fs::PermissionsExt;
        let home = self.store.home.clone();
        let folders = [
            home.root().to_path_buf(),
            home.locks(),
            home.wakes(),
            home.blobs(),
            home.logs(),
        ];
        let wanted = folders
            .into_iter()
            .map(|path| (path, 0o700))
            .chain([(home.database(), 0o600)]);
        for (path, mode) in wanted {
            let Ok(meta) = fs::metadata(&path) else {
                continue;
            };
            let found = meta.permissions().mode() & 0o777;
            if found & 0o077 == 0 {
                continue;
            }
            let mended =
                self.repair && fs::set_permissions(&path, fs::Permissions::from_mode(mode)).is_ok();
            self.find(
                path.display().to_string(),
                format!("expected mode {mode:o}, found {found:o}: others can look in"),
                "`fermata doctor --repair` or `chmod go= …`",
                mended,
            );
        }
    }

    #[cfg(not(unix))]
    fn modes(&mut self) {}
}

fn list(folder: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(folder).map_or_else(
        |_| Vec::new(),
        |entries| {
            entries
                .filter_map(std::result::Result::ok)
                .map(|entry| entry.path())
                .collect()
        },
    )
}

/// The row that the log gives, with what is not in the log taken over.
fn derive(rows: &Rows<'_>, row: &RunRow) -> Result<RunRow> {
    let (before, log) = rows.log(row.order, 1, usize::MAX)?;
    let events = open_all(&row.run, before, log.into_iter(), "its log")?;
    let new = NewRun {
        run: row.run.clone(),
        events: events
            .first()
            .map(|event| NewEvent {
                at: event.at,
                path: event.path.clone(),
                body: event.body.clone(),
            })
            .into_iter()
            .collect(),
        place: row.place.clone(),
    };
    let mut derived = rules::replay(&new, row.order, &events)?;
    derived.fence = row.fence.max(derived.fence);
    derived.worker.clone_from(&row.worker);
    derived.kept = row.kept;
    derived.damaged = row.damaged;
    Ok(derived)
}
