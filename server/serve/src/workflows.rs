//! What the surfaces here show of workflow files. The binary knows how: the
//! analysis does not lie below this crate.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Workflow files, as the command line sees them. All calls block.
pub trait Workflows: Send + Sync {
    /// The file that a path or a workflow's name means.
    ///
    /// # Errors
    /// One sentence: what was expected, what was found, what to do.
    fn locate(&self, name: &str) -> Result<PathBuf, String>;

    /// The document of `fermata check --format json` for one file; with `text` for that text in the file's place.
    ///
    /// # Errors
    /// Why the file is no workflow or cannot be read.
    fn check(&self, file: &Path, text: Option<&str>) -> Result<Value, String>;

    /// The names and files of the workflows below the current folder.
    fn list(&self) -> Vec<(String, PathBuf)>;

    /// The document of `fermata graph --format json`; `None` where the file is no workflow any more.
    fn graph(&self, file: &Path) -> Option<Value>;
}
