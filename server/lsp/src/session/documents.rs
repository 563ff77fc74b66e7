//! Open documents: one analysis of the newest text at a time, questions about
//! it kept until it is there, diagnostics published once it is.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fermata_ide::Snapshot;
use fermata_store::IndexedWorld;
use tower_lsp::ls_types::{MessageType, TextDocumentContentChangeEvent, Uri};

use crate::document::{Analysis, Document, Waiting};
use crate::outbox::Mail;
use crate::session::{Job, Message, Session, View};
use crate::{convert, reports, survey};

impl Session {
    pub(super) fn close(&mut self, uri: &Uri) {
        if let Some(document) = self.documents.remove(uri) {
            for waiting in document.waiting {
                waiting(None);
            }
        }
        let said = self.published.remove(uri).unwrap_or_default();
        self.speak_again(uri);
        for file in said.keys() {
            self.say(file);
        }
        if !said.contains_key(uri) {
            self.say(uri);
        }
        self.told.remove(uri);
        self.document_changed(uri);
        // What it waited for may have been this one.
        self.settle();
    }

    /// A revision that no document of this session has had.
    pub(super) fn revision(&mut self) -> u64 {
        self.revisions += 1;
        self.revisions
    }

    /// Applies an edit, and checks the workflows again that use the document.
    pub(super) fn edit(
        &mut self,
        uri: &Uri,
        changes: Vec<TextDocumentContentChangeEvent>,
        version: i32,
    ) {
        let (revision, encoding) = (self.revision(), self.facts.encoding);
        let Some(document) = self.documents.get_mut(uri) else {
            return;
        };
        document.change(changes, version, revision, encoding);
        let path = document.path.clone();
        let outlined = self.workspace.outlines.contains_key(&path);
        self.analyze(uri);
        if outlined {
            // The others are checked again if what they see of it has changed.
            for document in self.documents.values_mut() {
                document.path_changed(&path);
            }
            self.check(self.open_users(&path));
            self.workspace_edited(&path);
        } else {
            self.document_changed(uri);
        }
    }

    /// Checks the workflows again that use a document which has changed.
    pub(super) fn document_changed(&mut self, changed: &Uri) {
        if let Some(path) = convert::path(changed) {
            self.check_users(changed, &path);
            self.workspace_edited(&path);
        }
    }

    /// Checks the open workflows again that have looked at a document.
    fn check_users(&mut self, changed: &Uri, path: &Path) {
        for document in self.documents.values_mut() {
            document.path_changed(path);
        }
        self.check_those(|uri, document| uri != changed && document.uses(path));
    }

    /// Checks the workflows again that use something that has changed on disk.
    pub(super) fn disk_changed(&mut self, paths: &[PathBuf]) {
        self.index.touch(paths);
        let open = |path: &PathBuf| self.documents.values().any(|d| d.path == *path);
        // What is open is read from the editor.
        let paths: Vec<&PathBuf> = paths.iter().filter(|path| !open(path)).collect();
        for document in self.documents.values_mut() {
            paths.iter().for_each(|path| document.path_changed(path));
        }
        self.check_those(|_, document| paths.iter().any(|path| document.uses(path)));
        for path in paths {
            if self.concerns_workspace(path) {
                self.workspace_changed(path);
            }
        }
    }

    /// Checks every open workflow again.
    pub(super) fn check_all(&mut self) {
        self.check_those(|_, _| true);
        self.workspace_all_changed();
    }

    fn check_those(&mut self, which: impl Fn(&Uri, &Document) -> bool) {
        let stale: Vec<Uri> = self
            .documents
            .iter()
            .filter(|(uri, document)| which(uri, document))
            .map(|(uri, _)| uri.clone())
            .collect();
        self.check(stale);
    }

    fn check(&mut self, stale: Vec<Uri>) {
        for uri in stale {
            let revision = self.revision();
            if let Some(document) = self.documents.get_mut(&uri) {
                document.renew(revision);
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
        if document.in_flight.is_some() {
            return;
        }
        document.take_off();
        self.probe.lowerings.fetch_add(1, Ordering::Relaxed);
        let (path, revision, attached) =
            (document.path.clone(), document.revision, document.attached);
        let (rules, own, uri) = (self.settings.rules.clone(), self.own.clone(), uri.clone());
        let (index, probe) = (self.index.clone(), Arc::clone(&self.probe));
        tokio::task::spawn_blocking(move || {
            let world = IndexedWorld::new(&index, overlay);
            // A panic costs what was asked about this text, never the session (invariant 6).
            let analysis = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                assert!(
                    !probe.breaks.swap(false, Ordering::Relaxed),
                    "an analysis that was made to panic"
                );
                Analysis::of(world, &path, attached, &rules, revision)
            }));
            probe.hold(&path);
            // The session ends only with the server.
            let _ = own.send(Message::Analyzed {
                uri,
                revision,
                analysis: analysis.ok(),
            });
        });
    }

    pub(super) fn analyzed(&mut self, uri: &Uri, revision: u64, analysis: Option<Analysis>) {
        let next = self.revision();
        let Some(document) = self.documents.get_mut(uri) else {
            return;
        };
        // Of the same file, but opened before: it was closed since.
        let Some(flight) = document.land(revision) else {
            return;
        };
        let Some(analysis) = analysis else {
            return self.not_analyzed(uri, revision);
        };
        document.attached = document.attached.or(analysis.dialect);
        document.analysis = Some(analysis.clone());
        document.analysed = flight.version;
        let path = document.path.clone();
        if analysis.revision == document.revision && flight.is_outdated(&path, &analysis) {
            document.revision = next;
        }
        if analysis.revision != document.revision {
            self.analyze(uri);
            return;
        }
        let waiting = std::mem::take(&mut document.waiting);
        for waiting in waiting {
            waiting(Some(&analysis));
        }
        let first = document.attached.is_some() && !document.speaks;
        if document.attached.is_some() {
            document.speaks = true;
            self.publish(uri);
        }
        if first {
            self.speak_again(uri);
        }
        if self.outlined(&path, &analysis) {
            self.check_users(uri, &path);
            self.workspace_changed(&path);
        }
        if first {
            self.read_runs();
        }
        self.settle();
    }

    /// The analysis of a text has panicked: whoever waits for it is told so.
    fn not_analyzed(&mut self, uri: &Uri, revision: u64) {
        let text = self.crash();
        let Some(document) = self.documents.get_mut(uri) else {
            return;
        };
        self.outbox.send(Mail::Message {
            kind: MessageType::ERROR,
            text,
        });
        if document.revision != revision {
            return self.analyze(uri);
        }
        document.failed = true;
        // Their requests are answered with an error once nobody holds them.
        document.waiting.clear();
        self.settle();
    }

    /// Publishes what the other open workflows say once more: from now on a file speaks for itself, or no longer does.
    fn speak_again(&mut self, file: &Uri) {
        let Some(path) = convert::path(file) else {
            return;
        };
        let users = self.documents.iter();
        let users: Vec<Uri> = users
            .filter(|(uri, document)| *uri != file && document.speaks && document.uses(&path))
            .map(|(uri, _)| uri.clone())
            .collect();
        for user in users {
            self.publish(&user);
        }
    }

    pub(super) fn publish(&mut self, uri: &Uri) {
        let analysis = |d: &Document| d.analysis.clone();
        let Some(analysis) = self.documents.get(uri).and_then(analysis) else {
            return;
        };
        let terms = self.facts.terms();
        let mut by_file = reports::said(uri, &analysis.loaded, &analysis.diagnostics, &terms);
        // Until a file that was just opened is analysed, the others go on speaking for it: nothing is said and taken back.
        let speaking = self.documents.values().filter(|d| d.speaks);
        let speaking: HashSet<&Path> = speaking.map(|d| d.path.as_path()).collect();
        let (children, seen) = (&analysis.loaded.children, &mut HashSet::new());
        reports::below(children, &speaking, &terms, seen, &mut by_file);
        let mut files: HashSet<Uri> = by_file.keys().cloned().collect();
        if self.published.get(uri) != Some(&by_file) {
            self.workspace.unhold();
        }
        let before = self.published.insert(uri.clone(), by_file);
        files.extend(before.into_iter().flat_map(HashMap::into_keys));
        for file in &files {
            self.say(file);
        }
        self.refresh_reports(uri, &files);
    }

    /// Tells the client everything that the open workflows say about a file, unless it asks by itself.
    fn say(&self, file: &Uri) {
        if self.facts.pulls {
            return;
        }
        self.probe.said.fetch_add(1, Ordering::Relaxed);
        self.outbox.send(Mail::Diagnostics {
            uri: self.name(file),
            diagnostics: reports::about(file, &self.published),
            // What is said about an older text is not taken for what is wrong with the newest.
            version: self.documents.get(file).map(|d| d.analysed),
        });
    }

    /// A file's address as the client writes it.
    pub(super) fn name(&self, file: &Uri) -> Uri {
        self.names.get(file).unwrap_or(file).clone()
    }

    pub(super) fn ask(&mut self, uri: &Uri, job: Job) {
        let (encoding, resolves) = (self.facts.encoding, self.facts.resolves);
        let run_facts = self.run_facts(uri);
        let asked = self.name(uri);
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
                    resolves,
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
            answer(document.analysis.as_ref());
        } else if !document.failed {
            document.waiting.push(answer);
        }
    }

    /// Open documents over disk: what the editor shows is what is checked and run.
    pub(super) fn overlay(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.documents
            .values()
            .map(|d| (d.path.clone(), d.text.clone().into_bytes()))
            .collect()
    }

    /// Like [`Self::ask`], about a file that need not be open.
    pub(super) fn ask_file(&mut self, uri: &Uri, job: Job) {
        let key = convert::key(uri);
        if self.documents.contains_key(&key) {
            return self.ask(&key, job);
        }
        let Some(path) = convert::path(uri) else {
            return job(None);
        };
        let (rules, uri) = (self.settings.rules.clone(), uri.clone());
        let world = IndexedWorld::new(&self.index, self.overlay());
        let (encoding, resolves) = (self.facts.encoding, self.facts.resolves);
        tokio::task::spawn_blocking(move || {
            let analysis = survey::analyse_file(world, &path, &rules);
            let analysis = analysis.filter(|analysis| analysis.dialect.is_some());
            job(analysis.map(|analysis| View {
                uri,
                snapshot: Snapshot {
                    loaded: analysis.loaded,
                    diagnostics: analysis.diagnostics,
                    facts: Arc::default(),
                },
                encoding,
                resolves,
            }));
        });
    }
}
