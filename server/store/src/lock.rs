//! The lock of a run: held by its worker for as long as it lives, gone exactly
//! when the process dies. It needs no clock and no heartbeat. Files are opened
//! close-on-exec by the standard library, so children never keep it.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fermata_engine::RunId;

use crate::error::{Result, StoreError};
use crate::private::private_file;

/// Attempts and pause of an acquisition: somebody who only asks whether the lock is held keeps it for a moment.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(5);

/// The lock of one run, given back when dropped.
#[derive(Debug)]
pub struct RunLock {
    run: RunId,
    held: Held,
}

#[derive(Debug)]
enum Held {
    File(File),
    Table(LockTable),
}

/// Locks in memory, for stores without files.
pub(crate) type LockTable = Arc<Mutex<BTreeSet<RunId>>>;

impl RunLock {
    /// Takes the lock, or `None` when a living process holds it.
    ///
    /// # Errors
    /// [`StoreError::Io`] and its kin when the file cannot be opened or locked.
    pub(crate) fn try_acquire(folder: &Path, run: &RunId) -> Result<Option<Self>> {
        let file = open(folder, run)?;
        for attempt in 0..ATTEMPTS {
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Some(Self {
                        run: run.clone(),
                        held: Held::File(file),
                    }));
                }
                Err(TryLockError::WouldBlock) if attempt + 1 < ATTEMPTS => {
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(StoreError::io(folder, &error)),
            }
        }
        Ok(None)
    }

    /// Takes the lock as soon as whoever holds it lets go of it: somebody who resumes, stops or looks after a run keeps
    /// its lock for as long as that takes. `None` once `still_wanted` says no; it is asked after each try in vain.
    ///
    /// # Errors
    /// As for [`RunLock::try_acquire`], and those of `still_wanted`.
    pub fn acquire_while<E: From<StoreError>>(
        folder: &Path,
        run: &RunId,
        mut still_wanted: impl FnMut() -> std::result::Result<bool, E>,
    ) -> std::result::Result<Option<Self>, E> {
        loop {
            if let Some(lock) = Self::try_acquire(folder, run)? {
                return Ok(Some(lock));
            }
            if !still_wanted()? {
                return Ok(None);
            }
        }
    }

    /// Whether a living process holds the lock. Askers do not disturb each other.
    ///
    /// # Errors
    /// As for [`RunLock::try_acquire`].
    pub(crate) fn is_held(folder: &Path, run: &RunId) -> Result<bool> {
        match File::open(folder.join(run.as_str())) {
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => {
                    let _ = file.unlock();
                    Ok(false)
                }
                Err(TryLockError::WouldBlock) => Ok(true),
                Err(TryLockError::Error(error)) => Err(StoreError::io(folder, &error)),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::io(folder, &error)),
        }
    }

    pub(crate) fn in_table(table: &LockTable, run: &RunId) -> Option<Self> {
        table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(run.clone())
            .then(|| Self {
                run: run.clone(),
                held: Held::Table(Arc::clone(table)),
            })
    }

    /// The run that it belongs to.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        match &self.held {
            // Said aloud, because a child between fork and exec has a copy of the open file for a moment.
            Held::File(file) => {
                let _ = file.unlock();
            }
            Held::Table(table) => {
                table
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .remove(&self.run);
            }
        }
    }
}

fn open(folder: &Path, run: &RunId) -> Result<File> {
    let path = folder.join(run.as_str());
    private_file()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| StoreError::io(&path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_cannot_be_taken_and_is_free_after_drop() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::from("r1");
        assert!(!RunLock::is_held(folder.path(), &run).unwrap());
        let lock = RunLock::try_acquire(folder.path(), &run).unwrap().unwrap();
        assert!(RunLock::is_held(folder.path(), &run).unwrap());
        assert!(RunLock::try_acquire(folder.path(), &run).unwrap().is_none());
        drop(lock);
        assert!(RunLock::try_acquire(folder.path(), &run).unwrap().is_some());
    }

    #[test]
    fn a_lock_is_waited_for_as_long_as_it_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::from("r1");
        let mut held = RunLock::try_acquire(folder.path(), &run).unwrap();
        let mut tries = 0;
        let patient = RunLock::acquire_while(folder.path(), &run, || {
            tries += 1;
            if tries == 3 {
                held = None;
            }
            Ok::<_, StoreError>(true)
        });
        assert!(patient.unwrap().is_some());
        assert_eq!(tries, 3);
        let held = RunLock::try_acquire(folder.path(), &run).unwrap();
        let done = RunLock::acquire_while(folder.path(), &run, || Ok::<_, StoreError>(false));
        assert!(done.unwrap().is_none());
        drop(held);
    }
}
