//! Diagnostics for people and programs: one file per format. All of them read
//! the same [`Checked`]; none of them decides anything.

pub(crate) mod github;
pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod sarif;

use std::path::PathBuf;

use fermata_workflow::loader::Loaded;
use fermata_workflow::{Diagnostic, Dialect, Severity};

/// One file with everything that is to be said about it.
pub(crate) struct Checked {
    /// As it was named, relative to the current folder where it lies below it.
    pub(crate) shown: PathBuf,
    pub(crate) dialect: Dialect,
    pub(crate) loaded: Loaded,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// Whether the dialect's own tool would reject the file.
    pub(crate) fn rejected(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::rejects)
    }

    /// How many diagnostics have this severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.diagnostics
            .iter()
            .filter(|d| d.severity == severity)
            .count()
    }
}

/// The word for a severity in every machine-readable format of ours.
pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "information",
        Severity::Hint => "hint",
    }
}
