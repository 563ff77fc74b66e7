//! What is seen of a path without reading it: another stamp means that there is
//! something else. For paths of whose changes the system does not tell.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Kind, time of change and size; `None` where there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(Option<(bool, Option<SystemTime>, u64)>);

impl Stamp {
    pub(super) fn of(path: &Path) -> Self {
        let found = fs::metadata(path).ok();
        Self(found.map(|found| (found.is_dir(), found.modified().ok(), found.len())))
    }
}
