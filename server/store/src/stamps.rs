//! Files and folders that the system does not watch (its watches are used up, or the file system has none): what they
//! were like when they were first asked for, and which of them are not like that any more.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// What tells that something else is at a path: when it was written, its size, and whether it is a folder. `None`:
/// nothing is there.
type Stamp = Option<(Option<SystemTime>, u64, bool)>;

fn stamp(path: &Path) -> Stamp {
    let there = std::fs::metadata(path).ok()?;
    Some((there.modified().ok(), there.len(), there.is_dir()))
}

/// What is looked at from time to time.
#[derive(Default)]
pub(crate) struct Stamps {
    known: Mutex<HashMap<PathBuf, Stamp>>,
}

impl Stamps {
    /// Has a path looked at from now on; to be called before it is read.
    pub(crate) fn note(&self, path: &Path) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains_key(path) {
            known.insert(path.to_path_buf(), stamp(path));
        }
    }

    /// The paths that have changed. They are looked at no longer: who still needs one reads it again.
    pub(crate) fn changed(&self) -> Vec<PathBuf> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.clone();
        // The disk may be slow: readers do not wait for it.
        drop(known);
        let changed: Vec<PathBuf> = before
            .into_iter()
            .filter(|(path, before)| stamp(path) != *before)
            .map(|(path, _)| path)
            .collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for path in &changed {
            known.remove(path);
        }
        changed
    }
}
