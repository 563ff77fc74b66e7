//! Open documents: one analysis of the newest text at a time, questions about
//! it kept until it is there, diagnostics published once it is.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fermata_ide::Snapshot;
use fermata_store::OsWorld;
use fermata_workflow::{FileId, loader};
use tower_lsp::ls_types::{self as lsp, Uri};

use crate::convert;
use crate::document::{Analysis, Document, Waiting};
use crate::outbox::Mail;
use crate::session::{Job, Message, Session, View};

impl Session {
    pub(super) fn close(&mut self, uri: &Uri) {
        if let Some(document) = self.documents.remove(uri) {
            for waiting in document.waiting {
                waiting(None);
            }
        }
        let mut files = self.published.remove(uri).unwrap_or_default();
        files.insert(uri.clone());
        for file in files {
            self.outbox.send(Mail::Diagnostics {
                uri: file,
                diagnostics: Vec::new(),
                version: None,
            });
        }
        self.files_changed(Some(uri));
    }

    /// Checks other open workflows again: they may include the text that changed.
    pub(super) fn files_changed(&mut self, besides: Option<&Uri>) {
        let changed = besides.and_then(convert::path);
        let stale: Vec<Uri> = self
            .documents
            .iter()
            .filter(|(uri, document)| {
                Some(*uri) != besides && includes(document, changed.as_deref())
            })
            .map(|(uri, _)| uri.clone())
            .collect();
        for uri in stale {
            if let Some(document) = self.documents.get_mut(&uri) {
                document.revision += 1;
            }
            self.analyze(&uri);
        }
    }

    /// Starts an analysis of the newest text, unless one is under way: then the newest text is next.
    pub(super) fn analyze(&mut self, uri: &Uri) {
        let overlay = self.overlay();
        let Some(document) = self.documents.get_mut(uri) else {
            return;
        };
        if document.in_flight {
            return;
        }
        document.in_flight = true;
        self.probe.lowerings.fetch_add(1, Ordering::Relaxed);
        let (path, revision, attached) =
            (document.path.clone(), document.revision, document.attached);
        let (rules, own, uri) = (self.settings.rules.clone(), self.own.clone(), uri.clone());
        tokio::task::spawn_blocking(move || {
            let world = OsWorld::with_overlay(overlay);
            let loaded = match attached {
                Some(dialect) => loader::load_as(&world, &path, dialect),
                None => loader::load(&world, &path),
            };
            let diagnostics = if loaded.dialect.is_some() {
                fermata_analysis::run(&loaded, &rules)
            } else {
                Vec::new()
            };
            let dialect = loaded.dialect;
            let analysis = Analysis {
                revision,
                loaded: Arc::new(loaded),
                diagnostics: Arc::new(diagnostics),
                dialect,
            };
            // The session ends only with the server.
            let _ = own.send(Message::Analyzed { uri, analysis });
        });
    }

    pub(super) fn analyzed(&mut self, uri: &Uri, analysis: Analysis) {
        let Some(document) = self.documents.get_mut(uri) else {
            return;
        };
        document.in_flight = false;
        let attached_now = document.attached.is_none() && analysis.dialect.is_some();
        document.attached = document.attached.or(analysis.dialect);
        let newest = analysis.revision == document.revision;
        document.analysis = Some(analysis);
        if !newest {
            self.analyze(uri);
            return;
        }
        for waiting in std::mem::take(&mut document.waiting) {
            waiting(document.analysis.as_ref());
        }
        if document.attached.is_some() {
            self.publish(uri);
        }
        if attached_now {
            self.read_runs();
        }
    }

    pub(super) fn publish(&mut self, uri: &Uri) {
        let Some(document) = self.documents.get(uri) else {
            return;
        };
        let Some(analysis) = &document.analysis else {
            return;
        };
        let mut by_file: HashMap<Uri, Vec<lsp::Diagnostic>> = HashMap::new();
        by_file.insert(uri.clone(), Vec::new());
        for diagnostic in analysis.diagnostics.iter() {
            let sources = &analysis.loaded.sources;
            let Some((file, converted)) = convert::diagnostic(
                sources,
                diagnostic,
                self.facts.encoding,
                self.facts.pages.as_deref(),
            ) else {
                continue;
            };
            let target = match file {
                FileId::ROOT => Some(uri.clone()),
                other => sources
                    .get(other)
                    .and_then(|source| convert::uri(&source.path)),
            };
            if let Some(target) = target {
                by_file.entry(target).or_default().push(converted);
            }
        }
        self.below(&analysis.loaded.children, &mut HashSet::new(), &mut by_file);
        let version = document.version;
        let now: HashSet<Uri> = by_file
            .keys()
            .filter(|file| *file != uri)
            .cloned()
            .collect();
        let before = self.published.insert(uri.clone(), now).unwrap_or_default();
        // An open document speaks for itself, also where another one spoke for it before.
        let gone =
            |file: &&Uri| !by_file.contains_key(*file) && !self.documents.contains_key(*file);
        for gone in before.iter().filter(gone) {
            self.outbox.send(Mail::Diagnostics {
                uri: gone.clone(),
                diagnostics: Vec::new(),
                version: None,
            });
        }
        for (file, diagnostics) in by_file {
            let version = (file == *uri).then_some(version);
            self.outbox.send(Mail::Diagnostics {
                uri: file,
                diagnostics,
                version,
            });
        }
    }

    /// What is wrong in the sub-workflows that nobody has open, each in its own file.
    fn below(
        &self,
        children: &[loader::Child],
        seen: &mut HashSet<PathBuf>,
        by_file: &mut HashMap<Uri, Vec<lsp::Diagnostic>>,
    ) {
        for child in children {
            if !seen.insert(child.path.clone()) {
                continue;
            }
            let open = self.documents.values().any(|d| d.path == child.path);
            if let Some(uri) = convert::uri(&child.path).filter(|_| !open) {
                let found = child.loaded.diagnostics.iter();
                let found = found.filter(|d| d.upstream.is_some() && d.loc.file == FileId::ROOT);
                let converted = found.filter_map(|diagnostic| {
                    convert::diagnostic(
                        &child.loaded.sources,
                        diagnostic,
                        self.facts.encoding,
                        self.facts.pages.as_deref(),
                    )
                });
                by_file
                    .entry(uri)
                    .or_default()
                    .extend(converted.map(|(_, converted)| converted));
            }
            self.below(&child.loaded.children, seen, by_file);
        }
    }

    pub(super) fn ask(&mut self, uri: &Uri, job: Job) {
        let encoding = self.facts.encoding;
        let run_facts = self.run_facts(uri);
        let asked = uri.clone();
        let probe = Arc::clone(&self.probe);
        let Some(document) = self.documents.get_mut(uri) else {
            return job(None);
        };
        let answer: Waiting = Box::new(move |analysis| {
            let view = analysis
                .filter(|a| a.dialect.is_some())
                .map(|analysis| View {
                    uri: asked,
                    snapshot: Snapshot {
                        loaded: Arc::clone(&analysis.loaded),
                        diagnostics: Arc::clone(&analysis.diagnostics),
                        facts: Arc::new(run_facts),
                    },
                    encoding,
                });
            tokio::task::spawn_blocking(move || {
                assert!(
                    !probe.panics.swap(false, Ordering::Relaxed),
                    "a question that was made to panic"
                );
                job(view);
            });
        });
        if document.is_fresh() {
            answer(document.analysis.as_ref())
        } else {
            document.waiting.push(answer)
        }
    }

    /// Open documents over disk: what the editor shows is what is checked and run.
    pub(super) fn overlay(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.documents
            .values()
            .map(|d| (d.path.clone(), d.text.clone().into_bytes()))
            .collect()
    }
}

/// Whether a document's last analysis has read that file; with no file, whether it is a workflow at all.
fn includes(document: &Document, file: Option<&Path>) -> bool {
    match (file, &document.analysis) {
        (None, _) | (_, None) => true,
        (Some(file), Some(analysis)) => analysis.dialect.is_some() && reads(&analysis.loaded, file),
    }
}

fn reads(loaded: &loader::Loaded, file: &Path) -> bool {
    loaded.sources.find(file).is_some()
        || loaded
            .children
            .iter()
            .any(|child| child.path == file || reads(&child.loaded, file))
}
