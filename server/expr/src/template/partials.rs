//! The texts that a prompt file may take in by `{% include %}`, `{% import %}` and `{% extends %}`. Rule 2, `!file`.
//! They are gathered before anything is rendered; nothing in here reads a file.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The templates beside a prompt file, by their path below its folder. A text that is no prompt file has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partials {
    files: Option<Arc<BTreeMap<String, Result<String, String>>>>,
}

impl Partials {
    /// Those of a prompt file: a text, or why it cannot be used, for each path.
    #[must_use]
    pub fn of(files: BTreeMap<String, Result<String, String>>) -> Self {
        Self {
            files: Some(Arc::new(files)),
        }
    }

    /// Whether the text they belong to comes from a file.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.files.is_some()
    }

    /// A template by its name: its text, or why it cannot be used; `None` where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Result<String, String>> {
        self.files.as_ref()?.get(&normal(name)?)
    }
}

/// A template's name without empty and `.` parts; `None` where it leaves the folder.
#[must_use]
pub fn normal(name: &str) -> Option<String> {
    let parts = name
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    let mut kept = Vec::new();
    for part in parts {
        if part == ".." || part.contains('\\') {
            return None;
        }
        kept.push(part);
    }
    Some(kept.join("/"))
}
