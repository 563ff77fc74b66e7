//! One open document: its text, its last analysis, and who waits for the next.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_analysis::RuleSettings;
use fermata_ide::Snapshot;
use fermata_store::{Asked, IndexedWorld};
use fermata_syntax::{Encoding, Position as Place, edit};
use fermata_workflow::surroundings::Neighbour;
use fermata_workflow::{Diagnostic, Dialect, Loaded, loader};
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
    /// Everything that it asked of the disk.
    asked: Arc<Asked>,
    /// Files of the workflows that its steps run or include.
    pub(crate) links: Arc<BTreeSet<PathBuf>>,
    /// What the others of its project see of it.
    pub(crate) outline: Option<Outline>,
}

/// What an Archon workflow is for those of its project that neither run nor include it. As long as this stays, an edit is
/// nothing to them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outline {
    name: String,
    /// Whether nobody else may have the name.
    is_named: bool,
    /// Its inputs and the like, where it is sound.
    neighbour: Option<Neighbour>,
}

impl Analysis {
    /// Loads and analyses a file as the world shows it. Blocks.
    pub(crate) fn of(
        world: IndexedWorld,
        path: &Path,
        attached: Option<Dialect>,
        rules: &RuleSettings,
        revision: u64,
    ) -> Self {
        let loaded = match attached {
            Some(dialect) => loader::load_as(&world, path, dialect),
            None => loader::load(&world, path),
        };
        let dialect = loaded.dialect;
        let diagnostics = dialect.map_or_else(Vec::new, |_| fermata_analysis::run(&loaded, rules));
        let outline = loaded
            .workflow
            .as_ref()
            .filter(|workflow| workflow.dialect == Dialect::Archon)
            .map(|workflow| {
                let mut around = loaded.surroundings.workflows.values();
                Outline {
                    name: workflow.name.as_str().to_owned(),
                    is_named: loaded.surroundings.is_named,
                    neighbour: around.find(|neighbour| neighbour.path == path).cloned(),
                }
            });
        let snapshot = Snapshot {
            loaded: Arc::new(loaded),
            diagnostics: Arc::new(diagnostics),
            facts: Arc::default(),
        };
        let leaving = fermata_ide::leaving(&snapshot).into_iter();
        let sources = snapshot.loaded.sources.iter();
        // What was included is a link also where its name means nothing any more.
        let included = sources.map(|(_, source)| source.path.clone());
        let links = leaving.map(|leaving| leaving.file).chain(included);
        let links: BTreeSet<PathBuf> = links.filter(|file| file != path).collect();
        Self {
            revision,
            loaded: snapshot.loaded,
            diagnostics: snapshot.diagnostics,
            dialect,
            asked: Arc::new(world.asked()),
            links: Arc::new(links),
            outline,
        }
    }

    /// Whether something that it looked at has changed at a path.
    pub(crate) fn concerns(&self, path: &Path) -> bool {
        self.asked.concerns(path)
    }
}

/// Something that wants the analysis of the newest text.
pub(crate) type Waiting = Box<dyn FnOnce(Option<&Analysis>) + Send>;

/// An analysis under way, and what has changed since it began: that it may have read or not.
pub(crate) struct Flight {
    pub(crate) revision: u64,
    /// The version of the text that it is of.
    pub(crate) version: i32,
    changed: BTreeSet<PathBuf>,
}

impl Flight {
    /// Whether the analysis of a path may have come out of what was there before a change of another.
    pub(crate) fn is_outdated(&self, path: &Path, analysis: &Analysis) -> bool {
        let mut others = self.changed.iter().filter(|changed| *changed != path);
        analysis.dialect.is_some() && others.any(|changed| analysis.concerns(changed))
    }
}

/// One open document.
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) version: i32,
    /// Set once the text was proven to be a workflow; stays until the document is closed.
    pub(crate) attached: Option<Dialect>,
    pub(crate) analysis: Option<Analysis>,
    /// Another one with every edit, and when something that the text includes has changed; no two documents of a session
    /// ever have the same.
    pub(crate) revision: u64,
    pub(crate) in_flight: Option<Flight>,
    /// The version of the text that the last analysis is of.
    pub(crate) analysed: i32,
    /// Whether what its own analysis says was published: nobody else has to speak for it.
    pub(crate) speaks: bool,
    /// Whether the analysis of the newest revision has panicked: nothing is known of it, and nobody waits for more.
    pub(crate) failed: bool,
    pub(crate) waiting: Vec<Waiting>,
    /// Whether the newest revision is the client's own edit, after which it asks by itself.
    pub(crate) edited: bool,
    /// Other files that the client was told about because of this one.
    pub(crate) related: BTreeSet<PathBuf>,
}

impl Document {
    pub(crate) fn new(path: PathBuf, text: String, version: i32, revision: u64) -> Self {
        Self {
            path,
            text,
            version,
            attached: None,
            analysis: None,
            revision,
            in_flight: None,
            analysed: version,
            speaks: false,
            failed: false,
            waiting: Vec::new(),
            edited: true,
            related: BTreeSet::new(),
        }
    }

    /// Applies the edits of one notification, each to the text that the one before it left.
    pub(crate) fn change(
        &mut self,
        changes: Vec<TextDocumentContentChangeEvent>,
        version: i32,
        revision: u64,
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
        self.renew(revision);
        self.edited = true;
    }

    /// Begins an analysis of the newest revision.
    pub(crate) fn take_off(&mut self) {
        self.in_flight = Some(Flight {
            revision: self.revision,
            version: self.version,
            changed: BTreeSet::new(),
        });
    }

    /// Ends the analysis of a revision; `None` when it is not the one under way: the file was closed since.
    pub(crate) fn land(&mut self, revision: u64) -> Option<Flight> {
        self.in_flight.take_if(|flight| flight.revision == revision)
    }

    /// Notes a path that has changed while an analysis may be under way.
    pub(crate) fn path_changed(&mut self, path: &Path) {
        if let Some(flight) = &mut self.in_flight {
            flight.changed.insert(path.to_path_buf());
        }
    }

    /// Whether the last analysis looked at a path, which has changed; a text that is no workflow looks at nothing.
    pub(crate) fn uses(&self, path: &Path) -> bool {
        let Some(analysis) = &self.analysis else {
            return true;
        };
        analysis.dialect.is_some() && path != self.path && analysis.concerns(path)
    }

    /// Its text, or something that it includes, is another one now.
    pub(crate) fn renew(&mut self, revision: u64) {
        self.revision = revision;
        self.failed = false;
        self.edited = false;
    }

    /// Whether there is nothing to wait for.
    pub(crate) fn is_settled(&self) -> bool {
        self.failed || self.is_fresh()
    }

    /// Whether the last analysis is of the newest text and of what it includes now.
    pub(crate) fn is_fresh(&self) -> bool {
        self.analysis
            .as_ref()
            .is_some_and(|analysis| analysis.revision == self.revision)
    }
}
