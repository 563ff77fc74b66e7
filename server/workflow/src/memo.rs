//! What was parsed of a project's files, kept by their bytes: a world that lives longer than one load can hold one.
//! Touches nothing outside; bytes that differ are parsed again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::dialects::archon::project::Member;

/// The bytes of a file, and what they were parsed as.
type Known = (Vec<u8>, Arc<Member>);

/// Parsed files by path.
#[derive(Debug, Default)]
pub struct Memo {
    members: Mutex<HashMap<PathBuf, Known>>,
    parses: AtomicU64,
}

impl Memo {
    /// The file parsed from these bytes, by `parse` where it is not known yet.
    pub(crate) fn member(
        &self,
        path: &Path,
        bytes: &[u8],
        parse: impl FnOnce() -> Member,
    ) -> Arc<Member> {
        let lock = || self.members.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, member)) = lock().get(path)
            && known == bytes
        {
            return Arc::clone(member);
        }
        self.parses.fetch_add(1, Ordering::Relaxed);
        let member = Arc::new(parse());
        lock().insert(path.to_path_buf(), (bytes.to_vec(), Arc::clone(&member)));
        member
    }

    /// How many files were parsed.
    #[must_use]
    pub fn parses(&self) -> u64 {
        self.parses.load(Ordering::Relaxed)
    }
}
