//! Pulls of one document's diagnostics, and telling a client that pulls when it should do so again.

use std::collections::HashSet;
use std::path::Path;

use fermata_store::IndexedWorld;
use tokio::sync::oneshot;
use tower_lsp::ls_types::{DocumentDiagnosticReport, Uri};

use crate::outbox::Mail;
use crate::reports::{self, Said};
use crate::session::{Message, Session};
use crate::{convert, survey};

impl Session {
    /// Answers once the newest text is analysed. A file that nobody has open is read from the disk.
    pub(super) fn pull(
        &mut self,
        uri: Uri,
        previous: Option<String>,
        reply: oneshot::Sender<DocumentDiagnosticReport>,
    ) {
        let own = self.own.clone();
        let asked = uri.clone();
        let go_on = move |said| {
            // The session ends only with the server.
            let _ = own.send(Message::Pulled {
                uri: asked,
                said,
                previous,
                reply,
            });
        };
        if let Some(document) = self.documents.get_mut(&uri) {
            if document.is_settled() {
                go_on(None);
            } else {
                document.waiting.push(Box::new(move |_| go_on(None)));
            }
            return;
        }
        let Some(path) = convert::path(&uri) else {
            return go_on(None);
        };
        let world = IndexedWorld::new(&self.index, self.overlay());
        let (rules, terms) = (self.settings.rules.clone(), self.facts.terms());
        tokio::task::spawn_blocking(move || {
            let analysis = survey::analyse_file(world, &path, &rules)
                .filter(|analysis| analysis.dialect.is_some());
            go_on(analysis.map(|a| reports::said(&uri, &a.loaded, &a.diagnostics, &terms)));
        });
    }

    /// The analysis is there: everything that open workflows say about the document, and `said` about a closed one.
    pub(super) fn pulled(
        &mut self,
        uri: &Uri,
        said: Option<&Said>,
        previous: Option<&str>,
        reply: oneshot::Sender<DocumentDiagnosticReport>,
    ) {
        let all = self.published.iter().chain(said.map(|said| (uri, said)));
        let items = reports::about(uri, all);
        self.told.insert(uri.clone(), reports::result_id(&items));
        let related = if self.facts.related {
            self.related(uri)
        } else {
            Vec::new()
        };
        for (other, items) in &related {
            self.told.insert(other.clone(), reports::result_id(items));
        }
        // Nobody waits any more when the client has cancelled.
        let _ = reply.send(reports::document(items, previous, related));
    }

    /// What is said about files that are not open because of a document; nothing about those that were told of before and
    /// are fine now.
    fn related(&mut self, uri: &Uri) -> Vec<(Uri, Vec<tower_lsp::ls_types::Diagnostic>)> {
        let open: HashSet<&Path> = self.documents.values().map(|d| d.path.as_path()).collect();
        let said = self.published.get(uri).into_iter().flatten();
        let mut files: Vec<_> = said
            .filter(|(file, found)| *file != uri && !found.is_empty())
            .filter_map(|(file, _)| convert::path(file))
            .filter(|path| !open.contains(path.as_path()))
            .collect();
        if let Some(document) = self.documents.get(uri) {
            let before = document.related.iter();
            files.extend(
                before
                    .filter(|path| !open.contains(path.as_path()))
                    .cloned(),
            );
        }
        files.sort();
        files.dedup();
        let reports = files
            .iter()
            .filter_map(|path| convert::uri(path))
            .map(|file| {
                let items = reports::about(&file, &self.published);
                (file, items)
            })
            .collect();
        if let Some(document) = self.documents.get_mut(uri) {
            document.related = files.into_iter().collect();
        }
        reports
    }

    /// Has the client ask again when an analysis says something new about an open document, or about a file that it was
    /// told of with one, and the client has not edited the document itself: after its own edit it asks anyway.
    pub(super) fn refresh_reports(&mut self, owner: &Uri, files: &HashSet<Uri>) {
        if !self.facts.pulls || !self.facts.refreshes_reports {
            return;
        }
        let edited = self.documents.get(owner).is_some_and(|d| d.edited);
        let news = |file: &Uri| {
            let asks = if self.documents.contains_key(file) {
                file == owner && edited
            } else {
                // It is told of with the owner, or not at all.
                edited || !self.facts.related
            };
            let known = self.told.get(file).filter(|_| !asks);
            known.is_some_and(|known| {
                *known != reports::result_id(&reports::about(file, &self.published))
            })
        };
        let news: Vec<&Uri> = files.iter().filter(|file| news(file)).collect();
        if !news.is_empty() {
            self.outbox.send(Mail::RefreshReports);
        }
        // Once is enough until it has asked.
        for file in news {
            self.told.remove(file);
        }
    }
}
