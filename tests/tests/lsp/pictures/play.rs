//! Plays a sequence against a server, and compares the client's picture with that of one who has only just come: a fresh
//! server, told nothing but what is open now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use fermata_tests::Lab;
use serde_json::{Value, json};

use crate::pictures::client::{Client, Picture};
use crate::pictures::compare::differ;
use crate::pictures::ops::{Burst, Case, Edit, Op, apply};
use crate::pictures::project::{Project, is_workflow};
use crate::pictures::questions::{ABOUT_DOCUMENTS, ABOUT_PLACES, questions};
use crate::server::uri;

/// How long two pictures may differ; far above what an analysis takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// One sequence under way.
struct Play<'p> {
    lab: Lab,
    project: &'p Project,
    client: Client,
    surveys: bool,
    settings: Value,
    /// Documents that were workflows since they were opened: they are taken for such from then on.
    proven: BTreeSet<String>,
    /// Folders that went away, by their own name.
    away: BTreeSet<PathBuf>,
    /// Whether a document was closed since related files were told of.
    closed: bool,
}

/// Plays a whole sequence.
pub(crate) async fn play(project: &Project, case: &Case) {
    let lab = Lab::new();
    for file in &project.files {
        write(&lab.work().join(&file.name), &file.texts[0]);
    }
    let mut client = Client::start(&lab, case.pulls, case.raw).await;
    if case.pulls && case.surveys {
        client.pull_all(true).await;
    }
    let mut play = Play {
        lab,
        project,
        client,
        surveys: case.surveys,
        settings: settings(0),
        proven: BTreeSet::new(),
        away: BTreeSet::new(),
        closed: false,
    };
    play.client
        .tell(
            "workspace/didChangeConfiguration",
            json!({"settings": settings(0)}),
        )
        .await;
    for burst in &case.bursts {
        let before = play.client.picture();
        for op in burst {
            play.act(op).await;
        }
        let last = std::ptr::eq(burst, case.bursts.last().expect("there is one"));
        play.compare(last).await;
        play.no_flicker(burst, &before);
    }
    if !case.pulls {
        play.open_and_close_each().await;
    }
    play.client.end().await;
}

fn write(path: &std::path::Path, text: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    std::fs::write(path, text).expect("a file");
}

/// All settings, so that nothing is left of earlier ones.
fn settings(which: usize) -> Value {
    let rules = match which {
        1 => json!({"unknown-route-target": "off"}),
        2 => json!({"unknown-node-key": "error", "unknown-route-target": "hint"}),
        _ => json!({}),
    };
    json!({"fermata": {"rules": rules, "lastRun": which != 3}})
}

impl Play<'_> {
    fn name(&self, file: usize) -> &str {
        &self.project.files[file % self.project.files.len()].name
    }

    fn path(&self, file: usize) -> PathBuf {
        self.lab.work().join(self.name(file))
    }

    fn text(&self, file: usize, text: usize) -> &[u8] {
        let texts = &self.project.files[file % self.project.files.len()].texts;
        &texts[text % texts.len()]
    }

    /// Whether the folder of a file is where it belongs.
    fn is_there(&self, path: &std::path::Path) -> bool {
        !self.away.iter().any(|folder| path.starts_with(folder))
    }

    async fn act(&mut self, op: &Op) {
        match op {
            Op::Open { file, text, late } => self.open(*file, *text, *late).await,
            Op::Change { file, edits } => self.change(*file, edits).await,
            Op::Replace { file, text } => {
                let text = String::from_utf8_lossy(self.text(*file, *text)).into_owned();
                self.replace(&uri(&self.path(*file)), text).await;
            }
            Op::Close { file } => self.close(&uri(&self.path(*file))).await,
            Op::Save { file } => self.save(*file).await,
            Op::Write { file, text, told } => {
                let path = self.path(*file);
                if self.is_there(&path) {
                    let kind = if path.exists() { 2 } else { 1 };
                    write(&path, self.text(*file, *text));
                    self.tell(*told, &[(&path, kind)]).await;
                }
            }
            Op::Delete { file, told } => {
                let path = self.path(*file);
                if std::fs::remove_file(&path).is_ok() {
                    self.tell(*told, &[(&path, 3)]).await;
                }
            }
            Op::Rename { from, to, told } => self.rename(*from, *to, *told).await,
            Op::Folder { file, told } => self.folder(*file, *told).await,
            Op::Settings { which } => {
                self.settings = settings(*which);
                let params = json!({"settings": self.settings});
                let method = "workspace/didChangeConfiguration";
                self.client.tell(method, params).await;
            }
            Op::Ask {
                file,
                which,
                cancel,
            } => self.ask(*file, *which, *cancel).await,
        }
    }

    async fn tell(&mut self, told: bool, changes: &[(&PathBuf, u8)]) {
        // Of files that nobody has looked at, only the client can tell; and one that asks about all of them does.
        if told || self.client.pulls && self.surveys {
            let change = |(path, kind): &(&PathBuf, u8)| json!({"uri": uri(path), "type": kind});
            let changes: Vec<Value> = changes.iter().map(change).collect();
            let method = "workspace/didChangeWatchedFiles";
            let client = &mut self.client;
            client.tell(method, json!({ "changes": changes })).await;
        }
    }

    async fn open(&mut self, file: usize, text: Option<usize>, late: bool) {
        let path = self.path(file);
        let name = uri(&path);
        let text = match text {
            Some(text) => Some(String::from_utf8_lossy(self.text(file, text)).into_owned()),
            None => std::fs::read_to_string(&path).ok(),
        };
        if let Some(text) = text
            && !self.client.documents.contains_key(&name)
        {
            self.proven.remove(&name);
            // A client that asks would wait for it, too.
            let late = (late && !self.client.pulls).then(|| Arc::new(Barrier::new(2)));
            if let Some(barrier) = &late {
                let held = (path.clone(), Arc::clone(barrier));
                *self.client.server.probe.holds.lock().expect("no panic") = Some(held);
            }
            self.client.open(&name, &text, 1).await;
            if let Some(barrier) = late {
                let waits = Arc::clone(&barrier);
                let met = tokio::task::spawn_blocking(move || waits.wait());
                met.await.expect("a barrier does not panic");
                self.client.others(&name).await;
                let met = tokio::task::spawn_blocking(move || barrier.wait());
                met.await.expect("a barrier does not panic");
            }
            self.prove(&path, &name).await;
        }
    }

    async fn close(&mut self, name: &str) {
        if self.client.documents.contains_key(name) {
            self.client.close(name).await;
            self.closed = true;
        }
    }

    async fn change(&mut self, file: usize, edits: &[Edit]) {
        let path = self.path(file);
        let name = uri(&path);
        let Some(open) = self.client.documents.get(&name) else {
            return;
        };
        let mut text = open.text.clone();
        let changes: Vec<Value> = edits.iter().map(|edit| apply(&mut text, edit)).collect();
        self.client.change(&name, json!(changes), text).await;
        self.prove(&path, &name).await;
    }

    async fn replace(&mut self, name: &str, text: String) {
        if self.client.documents.contains_key(name) {
            let changes = json!([{ "text": text }]);
            self.client.change(name, changes, text).await;
            let path = self
                .project
                .files
                .iter()
                .map(|f| self.lab.work().join(&f.name));
            let path = path.clone().find(|path| uri(path) == name);
            self.prove(&path.expect("of the project"), name).await;
        }
    }

    /// A text that was taken for a workflow stays one until it is closed, however it looks: whether it was looked at in
    /// time is chance, so that none is left in that state.
    async fn prove(&mut self, path: &std::path::Path, name: &str) {
        let text = self.client.documents[name].text.clone();
        if is_workflow(path, &text).is_some() {
            self.proven.insert(name.to_owned());
        } else if self.proven.contains(name) {
            let file = self
                .project
                .files
                .iter()
                .find(|f| self.lab.work().join(&f.name) == path);
            let first =
                String::from_utf8_lossy(&file.expect("of the project").texts[0]).into_owned();
            if is_workflow(path, &first).is_some() {
                let changes = json!([{ "text": first }]);
                self.client.change(name, changes, first).await;
            } else {
                self.client.close(name).await;
                self.closed = true;
            }
        }
    }

    async fn save(&mut self, file: usize) {
        let path = self.path(file);
        let name = uri(&path);
        if let Some(open) = self.client.documents.get(&name)
            && self.is_there(&path)
        {
            write(&path, open.text.as_bytes());
            let saved = json!({"textDocument": {"uri": name}});
            self.client.tell("textDocument/didSave", saved).await;
            self.tell(true, &[(&path, 2)]).await;
        }
    }

    async fn rename(&mut self, from: usize, to: usize, told: bool) {
        let (old, new) = (self.path(from), self.path(to));
        let names = (uri(&old), uri(&new));
        let free = !new.exists() && !self.client.documents.contains_key(&names.1);
        if old == new || !free || !old.exists() || !self.is_there(&new) {
            return;
        }
        std::fs::create_dir_all(new.parent().expect("a folder")).expect("folders");
        std::fs::rename(&old, &new).expect("it can be renamed");
        let text = self
            .client
            .documents
            .get(&names.0)
            .map(|open| open.text.clone());
        if let Some(text) = text {
            self.close(&names.0).await;
            self.client.open(&names.1, &text, 1).await;
            self.proven.remove(&names.1);
            self.prove(&new, &names.1).await;
        }
        self.tell(told, &[(&old, 3), (&new, 1)]).await;
    }

    /// Moves the folder of a file away, or back; the one that all is in stays.
    async fn folder(&mut self, file: usize, told: bool) {
        let path = self.path(file);
        let folder = path.parent().expect("a folder").to_path_buf();
        if folder == self.lab.work() {
            return;
        }
        let away = folder.with_extension("away");
        let (from, to, kinds) = if self.away.remove(&folder) {
            (&away, &folder, (3, 1))
        } else if self.is_there(&folder) && folder.exists() {
            self.away.insert(folder.clone());
            (&folder, &away, (3, 1))
        } else {
            return;
        };
        if std::fs::rename(from, to).is_err() {
            // Something else has come to be there since.
            return;
        }
        self.tell(told, &[(from, kinds.0), (to, kinds.1)]).await;
    }

    async fn ask(&mut self, file: usize, which: usize, cancel: bool) {
        let name = uri(&self.path(file));
        let methods = ABOUT_PLACES.iter().chain(&ABOUT_DOCUMENTS);
        let method = methods.cycle().nth(which).expect("they go round");
        let mut params = json!({"textDocument": {"uri": name}, "uri": name});
        let line = which % 5;
        params["position"] = json!({"line": line, "character": 7 * which % 40});
        params["context"] = json!({"includeDeclaration": true});
        self.client.ask(method, params, cancel).await;
        if which.is_multiple_of(7) {
            let everything = json!({"query": ""});
            self.client
                .ask("workspace/symbol", everything, cancel)
                .await;
        }
        if self.client.pulls && which.is_multiple_of(5) {
            self.client.pull(&name).await;
        }
    }

    // -- comparing ------------------------------------------------------------

    /// Waits until the client's picture is that of one who has just come, and stays so.
    async fn compare(&mut self, whole: bool) {
        let mut fresh = self.newcomer().await;
        let end = Instant::now() + PATIENCE;
        let mut equal = false;
        loop {
            self.client.settle(self.surveys).await;
            fresh.settle(true).await;
            let (ours, theirs) = (self.client.picture(), fresh.picture());
            if ours == theirs {
                // Once more: nothing that comes after may change it.
                if equal {
                    break;
                }
                equal = true;
                continue;
            }
            assert!(
                !equal,
                "the picture was right, and changed: {}",
                differ(&ours, &theirs)
            );
            assert!(Instant::now() < end, "{}", differ(&ours, &theirs));
        }
        self.compare_related(&fresh);
        if whole {
            self.compare_answers(&mut fresh).await;
        }
        fresh.end().await;
    }

    /// A client that shows the same files and was told of nothing before.
    async fn newcomer(&self) -> Client {
        let mut fresh = Client::start(&self.lab, self.client.pulls, false).await;
        let settings = json!({"settings": self.settings});
        let method = "workspace/didChangeConfiguration";
        fresh.tell(method, settings).await;
        for (uri, open) in &self.client.documents {
            fresh.open(uri, &open.text, open.version).await;
        }
        if fresh.pulls {
            fresh.settle(true).await;
            let open: Vec<String> = fresh.documents.keys().cloned().collect();
            for uri in open {
                fresh.pull(&uri).await;
            }
            if self.surveys {
                fresh.pull_all(true).await;
            }
        }
        fresh
    }

    /// What was told of closed files together with open ones is no more than what a newcomer is told.
    fn compare_related(&mut self, fresh: &Client) {
        let (ours, theirs) = (self.client.related(), fresh.related());
        if self.closed {
            self.closed = false;
            return;
        }
        for (uri, items) in &ours {
            assert_eq!(Some(items), theirs.get(uri), "related {uri}");
        }
    }

    /// The answers to questions about every open document are the newcomer's.
    async fn compare_answers(&mut self, fresh: &mut Client) {
        for (uri, open) in self.client.documents.clone() {
            let questions = questions(&uri, &open.text);
            let asked = |q: &[(&'static str, Value)]| q.to_vec();
            let ours = self.client.answers(asked(&questions)).await;
            let theirs = fresh.answers(asked(&questions)).await;
            for ((method, params), (ours, theirs)) in questions.iter().zip(ours.iter().zip(&theirs))
            {
                assert_eq!(ours, theirs, "{method} {params:#}");
            }
        }
    }

    /// Opens and closes what is closed, one after the other: all is as before, and nothing else is said meanwhile.
    async fn open_and_close_each(&mut self) {
        for file in 0..self.project.files.len().min(12) {
            if self.client.documents.contains_key(&uri(&self.path(file))) {
                continue;
            }
            let (text, late) = (None, true);
            for op in [Op::Open { file, text, late }, Op::Close { file }] {
                let before = self.client.picture();
                self.act(&op).await;
                self.client.settle(self.surveys).await;
                self.no_flicker(&vec![op], &before);
            }
        }
    }

    /// Nothing is taken back and said again around a single operation that leaves all as it was.
    fn no_flicker(&mut self, burst: &Burst, before: &Picture) {
        let trail = std::mem::take(&mut self.client.trail);
        let single = matches!(
            burst.as_slice(),
            [Op::Open { .. }
                | Op::Close { .. }
                | Op::Change { .. }
                | Op::Replace { .. }
                | Op::Write { .. }
                | Op::Delete { .. }
                | Op::Settings { .. }]
        );
        if !single {
            return;
        }
        let after = self.client.picture();
        let mut said: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for (uri, items) in &trail {
            said.entry(uri).or_default().push(items);
        }
        for (uri, series) in said {
            let (was, is) = (before.get(uri), after.get(uri));
            let same = was.map(|w| &w["items"]) == is.map(|i| &i["items"]);
            if same && let Some(items) = is.map(|is| &is["items"]) {
                let back = series.iter().filter(|said| **said != items).count();
                assert_eq!(back, 0, "{uri} was said otherwise in between: {series:#?}");
            }
        }
    }
}
