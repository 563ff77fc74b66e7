//! The workspace's workflows, those that nobody has open among them: a survey when somebody asks, answers once it and the
//! open documents are of the newest texts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_ide::{RunFacts, Snapshot};
use fermata_workflow::detect;
use tower_lsp::ls_types::Uri;

use crate::convert;
use crate::document::{Analysis, Document};
use crate::reports::{self, Said};
use crate::session::{Message, Session, View};
use crate::survey::{self, Files, Surveyor};
use crate::workspace::{Pull, Wanted};

impl Session {
    /// Somebody wants to know about all workflows.
    pub(super) fn want(&mut self, wanted: Wanted) {
        self.workspace.waiting.push(wanted);
        self.workspace.again = true;
        self.survey();
    }

    /// Notes another text of a file, opened, edited or closed; whether its outline is another one too will be known once
    /// it is analysed.
    pub(super) fn workspace_edited(&mut self, path: &Path) {
        if !self.workspace.outlines.contains_key(path) {
            return self.workspace_changed(path);
        }
        if self.workspace.surveyed || self.workspace.surveying {
            self.workspace.changed.inside.insert(path.to_path_buf());
            self.wake();
        }
    }

    /// Notes a change that may concern whoever has looked there.
    pub(super) fn workspace_changed(&mut self, path: &Path) {
        if self.workspace.surveyed || self.workspace.surveying {
            self.workspace.changed.paths.insert(path.to_path_buf());
            self.wake();
        }
    }

    /// Notes a change that concerns all.
    pub(super) fn workspace_all_changed(&mut self) {
        self.workspace.changed.all = true;
        self.wake();
    }

    /// The workspace has other folders now.
    pub(super) fn workspace_moved(&mut self) {
        self.workspace.again = true;
        self.wake();
    }

    /// Whether a change at a path of the disk can be one of the workspace's workflows or of what they use.
    pub(super) fn concerns_workspace(&self, path: &Path) -> bool {
        let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
        let known = self.workspace.files.values();
        yaml || known
            .filter_map(|known| known.analysis.as_ref())
            .any(|analysis| analysis.concerns(path))
    }

    /// Keeps the outline of a workflow that was analysed; whether it is another one than before.
    pub(super) fn outlined(&mut self, path: &Path, analysis: &Analysis) -> bool {
        let outlines = &mut self.workspace.outlines;
        match &analysis.outline {
            Some(now) => {
                let before = outlines.insert(path.to_path_buf(), now.clone());
                before.as_ref() != Some(now)
            }
            None => outlines.remove(path).is_some(),
        }
    }

    /// Answers held pulls at the end of the session: every request has its answer.
    pub(super) fn release(&mut self) {
        self.workspace.ending = true;
        for pull in self.workspace.held.drain(..) {
            // Nobody waits any more when the client has gone.
            let _ = pull.reply.send(Vec::new());
        }
    }

    /// Something has changed: held pulls may have an answer now.
    fn wake(&mut self) {
        let workspace = &mut self.workspace;
        let held = workspace.held.drain(..).filter(Pull::is_wanted);
        workspace.waiting.extend(held.map(Wanted::Reports));
        self.survey();
    }

    /// Begins a survey when somebody waits, no other is under way, and the open documents are analysed.
    fn survey(&mut self) {
        let fresh = self.documents.values().all(Document::is_settled);
        let workspace = &mut self.workspace;
        if workspace.surveying || workspace.waiting.is_empty() || !fresh {
            return;
        }
        workspace.surveying = true;
        workspace.again = false;
        let links = self.documents.values().filter_map(|document| {
            let analysis = document.analysis.as_ref()?;
            Some((document.path.clone(), Arc::clone(&analysis.links)))
        });
        let surveyor = Surveyor {
            folders: self.facts.folders.clone(),
            known: Arc::clone(&workspace.files),
            changed: std::mem::take(&mut workspace.changed),
            outlines: workspace.outlines.clone(),
            links: links.collect(),
            index: self.index.clone(),
            overlay: self.overlay(),
            rules: self.settings.rules.clone(),
            terms: self.facts.terms(),
            probe: Arc::clone(&self.probe),
        };
        let own = self.own.clone();
        tokio::task::spawn_blocking(move || {
            let known = Arc::clone(&surveyor.known);
            // A panic costs what is new, never those who wait (invariant 6).
            let found =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| surveyor.survey()));
            let files = found.map_or(known, Arc::new);
            // The session ends only with the server.
            let _ = own.send(Message::Surveyed(files));
        });
    }

    pub(super) fn surveyed(&mut self, files: Arc<Files>) {
        self.workspace.surveying = false;
        self.workspace.surveyed = true;
        for (path, known) in files.iter() {
            if let Some(analysis) = &known.analysis {
                self.outlined(path, analysis);
            }
        }
        self.workspace.files = files;
        self.settle();
    }

    /// Goes on with those who wait, once open documents are analysed: answers them, or looks again.
    pub(super) fn settle(&mut self) {
        let fresh = self.documents.values().all(Document::is_settled);
        if self.workspace.surveying || self.workspace.waiting.is_empty() || !fresh {
            return;
        }
        let workspace = &mut self.workspace;
        if !workspace.surveyed || workspace.again || !workspace.changed.is_nothing() {
            return self.survey();
        }
        let (mut jobs, mut pulls) = (Vec::new(), Vec::new());
        for wanted in std::mem::take(&mut workspace.waiting) {
            match wanted {
                Wanted::Views(job) => jobs.push(job),
                Wanted::Reports(pull) => pulls.push(pull),
            }
        }
        if !jobs.is_empty() {
            let views = self.views();
            for job in jobs {
                let views = views.clone();
                tokio::task::spawn_blocking(move || job(views));
            }
        }
        if !pulls.is_empty() {
            self.report(pulls);
        }
    }

    /// All workflows of the workspace, by path.
    fn views(&self) -> Vec<View> {
        let open = self
            .documents
            .iter()
            .filter_map(|(uri, d)| Some((d.path.as_path(), uri.clone(), d.analysis.as_ref()?)));
        let hidden = self.workspace.files.iter().filter_map(|(path, known)| {
            Some((
                path.as_path(),
                convert::uri(path)?,
                known.analysis.as_ref()?,
            ))
        });
        let found: BTreeMap<&Path, View> = hidden
            .chain(open)
            .filter(|(_, _, analysis)| analysis.dialect.is_some())
            .map(|(path, uri, analysis)| (path, self.view(uri, analysis, Arc::default())))
            .collect();
        found.into_values().collect()
    }

    /// One document as methods see it.
    pub(super) fn view(&self, uri: Uri, analysis: &Analysis, facts: Arc<RunFacts>) -> View {
        View {
            uri,
            snapshot: Snapshot {
                loaded: Arc::clone(&analysis.loaded),
                diagnostics: Arc::clone(&analysis.diagnostics),
                facts,
            },
            encoding: self.facts.encoding,
            resolves: self.facts.resolves,
        }
    }

    /// Answers pulls, or holds those back that take an answer later and would be told nothing new.
    fn report(&mut self, pulls: Vec<Pull>) {
        let mut files = BTreeMap::new();
        for (uri, document) in &self.documents {
            if document.attached.is_some() {
                let items = reports::about(uri, &self.published);
                files.insert(
                    uri.as_str().to_owned(),
                    (uri.clone(), Some(document.version), items),
                );
            }
        }
        let hidden: Vec<(Uri, &Said)> = self
            .workspace
            .files
            .iter()
            .filter(|(_, known)| !known.said.is_empty())
            .filter_map(|(path, known)| Some((convert::uri(path)?, &known.said)))
            .collect();
        let all = || {
            let hidden = hidden.iter().map(|(uri, said)| (uri, *said));
            self.published.iter().chain(hidden)
        };
        for file in all().flat_map(|(_, said)| said.keys()) {
            if !files.contains_key(file.as_str()) && !self.documents.contains_key(file) {
                let items = reports::about(file, all());
                files.insert(file.as_str().to_owned(), (file.clone(), None, items));
            }
        }
        for pull in pulls.into_iter().filter(Pull::is_wanted) {
            let (reports, news) = reports::workspace(files.clone(), &pull.previous);
            let holds = pull.holds && self.workspace.answered && !self.workspace.ending;
            if !news && holds {
                self.workspace.held.push(pull);
                continue;
            }
            self.workspace.answered = true;
            // Nobody waits any more when the client has cancelled.
            let _ = pull.reply.send(reports);
        }
    }

    /// The open documents that use a workflow, through others too, open or not. Of a workflow that nobody has looked into,
    /// it is not known what it uses: it counts as if it used this one.
    pub(super) fn open_users(&self, path: &Path) -> Vec<Uri> {
        let open = self.documents.values().filter_map(|document| {
            let analysis = document.analysis.as_ref()?;
            Some((document.path.as_path(), analysis.links.as_ref()))
        });
        let hidden = self.workspace.files.iter().filter_map(|(path, known)| {
            Some((path.as_path(), known.analysis.as_ref()?.links.as_ref()))
        });
        let links: Vec<_> = open.chain(hidden).collect();
        let looked_into: BTreeSet<&Path> = links.iter().map(|(path, _)| *path).collect();
        let used = links.iter().flat_map(|(_, used)| used.iter());
        let unknown = used.filter(|file| {
            detect::by_place(file).is_some() && !looked_into.contains(file.as_path())
        });
        let of: BTreeSet<PathBuf> = unknown.cloned().chain([path.to_path_buf()]).collect();
        let users = survey::users(&of, &links);
        let using = |(uri, document): (&Uri, &Document)| {
            (document.path != path && users.contains(&document.path)).then(|| uri.clone())
        };
        self.documents.iter().filter_map(using).collect()
    }
}
