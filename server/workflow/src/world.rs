//! The one door through which pure code sees the outside: files (with open
//! documents over disk), environment, home and PATH. Implementations live at
//! the edge; nothing in here may touch the system itself (invariant 3).

use std::io;
use std::path::{Component, Path, PathBuf};

use crate::memo::Memo;

/// What a path names, without following the question any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// A regular file (or a link to one).
    File,
    /// A folder (or a link to one).
    Folder,
    /// Something else: a device, a socket, a pipe.
    Other,
}

/// Everything that checking and lowering may ask about the machine.
///
/// Paths are absolute. Answers may come from open documents, from a pinned
/// definition or from disk; the caller cannot tell and must not care.
pub trait World: Send + Sync {
    /// The bytes of a file as the user sees them now.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What stands at `path`; an error where nothing does or it cannot be told.
    fn kind(&self, path: &Path) -> io::Result<PathKind>;
    /// The names (not paths) in a folder, sorted.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// The path with links and `..` resolved; used to recognise one file under two names.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;
    /// An environment variable of the requesting surface; `None` when unset.
    fn env(&self, name: &str) -> Option<String>;
    /// The user's home folder.
    fn home(&self) -> Option<PathBuf>;
    /// The absolute path of a program on PATH, or `None`.
    fn program(&self, name: &str) -> Option<PathBuf>;
    /// Where what was parsed of other files is kept from load to load; none by default.
    fn memo(&self) -> Option<&Memo> {
        None
    }
}

/// The path with `.` and `..` taken out by text, as the dialects do before they look; no link is followed.
#[must_use]
pub fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
