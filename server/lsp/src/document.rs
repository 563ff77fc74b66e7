//! One open document: its text, its last analysis, and who waits for the next.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_syntax::{Encoding, Position as Place, edit};
use fermata_workflow::{Diagnostic, Dialect, Loaded};
use tower_lsp::ls_types::TextDocumentContentChangeEvent;

/// What a finished analysis knows.
#[derive(Debug, Clone)]
pub(crate) struct Analysis {
    /// Revision of the document that it is of.
    pub(crate) revision: u64,
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) diagnostics: Arc<Vec<Diagnostic>>,
    /// `None`: the text is no workflow, and nothing is said about it.
    pub(crate) dialect: Option<Dialect>,
    /// Every file and folder that it looked at.
    pub(crate) asked: Arc<BTreeSet<PathBuf>>,
}

/// Something that wants the analysis of the newest text.
pub(crate) type Waiting = Box<dyn FnOnce(Option<&Analysis>) + Send>;

/// One open document.
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) version: i32,
    /// Set once the text was proven to be a workflow; stays until the document is closed.
    pub(crate) attached: Option<Dialect>,
    pub(crate) analysis: Option<Analysis>,
    /// Goes up with every edit, and when something that the text includes has changed.
    pub(crate) revision: u64,
    /// Whether an analysis is under way.
    pub(crate) in_flight: bool,
    pub(crate) waiting: Vec<Waiting>,
}

impl Document {
    pub(crate) fn new(path: PathBuf, text: String, version: i32) -> Self {
        Self {
            path,
            text,
            version,
            attached: None,
            analysis: None,
            revision: 0,
            in_flight: false,
            waiting: Vec::new(),
        }
    }

    /// Applies the edits of one notification, each to the text that the one before it left.
    pub(crate) fn change(
        &mut self,
        changes: Vec<TextDocumentContentChangeEvent>,
        version: i32,
        encoding: Encoding,
    ) {
        for change in changes {
            let range = change.range.map(|range| {
                let place = |position: tower_lsp::ls_types::Position| Place {
                    line: position.line,
                    character: position.character,
                };
                (place(range.start), place(range.end))
            });
            edit::apply(&mut self.text, range, encoding, &change.text);
        }
        self.version = version;
        self.revision += 1;
    }

    /// Whether the last analysis looked at a path, which has changed; a text that is no workflow looks at nothing.
    pub(crate) fn uses(&self, path: &Path) -> bool {
        let Some(analysis) = &self.analysis else {
            return true;
        };
        analysis.dialect.is_some()
            && path != self.path
            && fermata_store::Index::concerns(&analysis.asked, path)
    }

    /// Whether the last analysis is of the newest text and of what it includes now.
    pub(crate) fn is_fresh(&self) -> bool {
        self.analysis
            .as_ref()
            .is_some_and(|analysis| analysis.revision == self.revision)
    }
}
