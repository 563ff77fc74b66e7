//! The session task: the one owner of all state (invariant 5). It takes
//! messages in the order they were enqueued and never waits: work goes to
//! blocking threads and comes back as messages.

mod documents;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use fermata_control::{Changes, Control, RunsFilter, RunsView};
use fermata_engine::RunId;
use fermata_ide::{RunFacts, Snapshot};
use fermata_store::Index;
use fermata_syntax::Encoding;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;
use tower_lsp::Client;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{Diagnostic, MessageType, TextDocumentContentChangeEvent, Uri};

use crate::commands::{self, Context};
use crate::document::{Analysis, Document};
use crate::outbox::{Mail, Outbox};
use crate::progress::Progress;
use crate::prompts::Prompts;
use crate::settings::Settings;
use crate::watch::Watch;
use crate::{Probe, convert, facts};

/// What a read-only request is asked with; `None` when the document is no workflow.
pub(crate) type Job = Box<dyn FnOnce(Option<View>) + Send>;

/// One document at one version, as methods see it.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) uri: Uri,
    pub(crate) snapshot: Snapshot,
    pub(crate) encoding: Encoding,
}

/// What is enqueued to the session.
pub(crate) enum Message {
    Initialized,
    Open {
        uri: Uri,
        text: String,
        version: i32,
    },
    Change {
        uri: Uri,
        changes: Vec<TextDocumentContentChangeEvent>,
        version: i32,
    },
    Close {
        uri: Uri,
    },
    /// Something has changed at these paths of the disk.
    FilesChanged(Vec<PathBuf>),
    Settings(Value),
    Trust(bool),
    Analyzed {
        uri: Uri,
        analysis: Analysis,
    },
    Ask {
        uri: Uri,
        job: Job,
    },
    /// An acting command.
    Act {
        id: String,
        argument: Value,
        reply: oneshot::Sender<Result<Value>>,
    },
    /// The stored runs were read again.
    Runs(Box<RunsView>),
    Changed(Changes),
    Subscribe {
        run: RunId,
        from: u64,
    },
    Unsubscribe {
        run: RunId,
    },
    /// A batch of a subscribed run's log, read on a blocking thread.
    Batch {
        run: RunId,
        from: u64,
        events: Vec<Value>,
    },
    /// A person answered or dismissed the prompt with this number.
    PromptClosed(u64),
    /// The stored runs could not be read.
    RunsFailed(String),
}

/// What the session knows about its client, settled by `initialize`.
#[derive(Debug, Clone)]
pub(crate) struct ClientFacts {
    pub(crate) encoding: Encoding,
    /// Declares `experimental.fermata`: wants our notifications.
    pub(crate) plugin: bool,
    /// It shows a log as lines, and wants each event in words.
    pub(crate) says: bool,
    pub(crate) refreshes_lenses: bool,
    /// Shows work-done progress that the server begins.
    pub(crate) shows_progress: bool,
    pub(crate) roots: Vec<PathBuf>,
    /// Where the rules' pages are.
    pub(crate) pages: Option<PathBuf>,
}

pub(crate) struct Session {
    pub(crate) facts: ClientFacts,
    pub(crate) settings: Settings,
    pub(crate) control: Control,
    pub(crate) outbox: Outbox,
    pub(crate) own: UnboundedSender<Message>,
    documents: HashMap<Uri, Document>,
    runs: Arc<RunsView>,
    /// Subscribed runs with the last sequence number that was sent.
    subscriptions: HashMap<RunId, u64>,
    prompts: Prompts,
    progress: Option<Progress>,
    watch: Watch,
    probe: Arc<Probe>,
    /// What each document's analysis says about each file.
    published: HashMap<Uri, HashMap<Uri, Vec<Diagnostic>>>,
    /// What analyses have read of the disk.
    index: Index,
    reading_runs: bool,
    read_again: bool,
}

impl Session {
    pub(crate) fn new(
        client: Client,
        control: Control,
        facts: ClientFacts,
        settings: Settings,
        own: UnboundedSender<Message>,
        probe: Arc<Probe>,
    ) -> Self {
        let watch = Watch::start(control.clone(), own.clone());
        let told = own.clone();
        // Nobody listens any more when the session has ended.
        let index = Index::start(move |paths| {
            let _ = told.send(Message::FilesChanged(paths));
        });
        probe.index(&index);
        let outbox = Outbox::start(client.clone(), facts.plugin);
        let progress = facts
            .shows_progress
            .then(|| Progress::new(client.clone(), control.clone()));
        let prompts = Prompts::new(
            client,
            control.clone(),
            own.clone(),
            outbox.clone(),
            facts.roots.clone(),
            facts.plugin,
        );
        Self {
            facts,
            settings,
            control,
            outbox,
            own,
            documents: HashMap::new(),
            runs: Arc::new(facts::nothing()),
            subscriptions: HashMap::new(),
            prompts,
            progress,
            watch,
            probe,
            published: HashMap::new(),
            index,
            reading_runs: false,
            read_again: false,
        }
    }

    /// Takes messages until the last sender is gone.
    pub(crate) async fn run(mut self, mut inbox: UnboundedReceiver<Message>) {
        while let Some(message) = inbox.recv().await {
            // A panic costs this message, never the session (invariant 6).
            let handled =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.handle(message)));
            if handled.is_err() {
                let log = self.control.home().root().join("logs");
                let text = format!(
                    "Fermata had an internal error and goes on; its log is in {}",
                    log.display()
                );
                self.outbox.send(Mail::Message {
                    kind: MessageType::ERROR,
                    text,
                });
            }
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Initialized => {
                self.status("ok", None);
                self.read_runs();
            }
            Message::Open { uri, text, version } => {
                let Some(path) = convert::path(&uri) else {
                    return;
                };
                self.documents
                    .insert(uri.clone(), Document::new(path, text, version));
                self.analyze(&uri);
                self.document_changed(&uri);
            }
            Message::Change {
                uri,
                changes,
                version,
            } => {
                let encoding = self.facts.encoding;
                if let Some(document) = self.documents.get_mut(&uri) {
                    document.change(changes, version, encoding);
                    self.analyze(&uri);
                    self.document_changed(&uri);
                }
            }
            Message::Close { uri } => self.close(&uri),
            Message::FilesChanged(paths) => self.disk_changed(&paths),
            Message::Settings(value) => {
                self.settings.apply(&value);
                self.check_all();
                self.refresh_lenses();
            }
            Message::Trust(trusted) => {
                self.settings.trusted = Some(trusted);
                self.refresh_lenses();
            }
            Message::Analyzed { uri, analysis } => self.analyzed(&uri, analysis),
            Message::Ask { uri, job } => self.ask(&uri, job),
            Message::Act {
                id,
                argument,
                reply,
            } => self.act(id, argument, reply),
            Message::Runs(view) => self.runs_read(*view),
            Message::Changed(changes) => self.changed(&changes),
            Message::Subscribe { run, from } => {
                self.watch.subscribe(&run);
                self.subscriptions
                    .insert(run.clone(), from.saturating_sub(1));
                self.send_events(&run);
            }
            Message::Unsubscribe { run } => {
                self.watch.unsubscribe(&run);
                self.subscriptions.remove(&run);
            }
            Message::Batch { run, from, events } => self.batch(&run, from, events),
            Message::PromptClosed(number) => self.prompts.closed(number),
            Message::RunsFailed(why) => {
                // What was known stays: a failed reading is not an empty list.
                self.reading_runs = false;
                self.status("warning", Some(&why));
                if std::mem::take(&mut self.read_again) {
                    self.read_runs();
                }
            }
        }
    }

    // -- acting -----------------------------------------------------------

    fn act(&mut self, id: String, argument: Value, reply: oneshot::Sender<Result<Value>>) {
        if id == "fermata.openPanel" {
            self.open_panel(&argument);
        }
        if let Some(question) = self.message_needed(&id, &argument) {
            let _ = reply.send(Ok(question));
            return;
        }
        let context = Context {
            control: self.control.clone(),
            overlay: self.overlay(),
            trusted: self.settings.trusted,
        };
        // A client without a plugin drops the result: a refusal would be read by nobody.
        let progress = self.progress.clone();
        let speaks = (!self.facts.plugin).then(|| self.outbox.clone());
        tokio::task::spawn_blocking(move || {
            let result = commands::execute(&id, &argument, context);
            if let (Some(outbox), Ok(result)) = (speaks, &result)
                && let Some(text) = commands::refusal(result)
            {
                outbox.send(Mail::Message {
                    kind: MessageType::WARNING,
                    text,
                });
            }
            if let (Some(progress), Ok(result)) = (progress, &result) {
                progress.started(&id, result);
            }
            // Nobody waits any more when the client has gone.
            let _ = reply.send(result);
        });
    }

    /// A plugin can ask for the words that a workflow of Archon is run with, where it reads them and none came along. An
    /// empty text is an answer, too.
    fn message_needed(&self, id: &str, argument: &Value) -> Option<Value> {
        let runs = matches!(id, "fermata.run" | "fermata.dryRun") && self.facts.plugin;
        if !runs || argument.get("message").is_some_and(|m| !m.is_null()) {
            return None;
        }
        let uri = argument.get("uri")?.as_str()?.parse::<Uri>().ok()?;
        let analysis = self.documents.get(&uri)?.analysis.as_ref()?;
        fermata_ide::reads_message(&analysis.loaded).then(commands::message_needed)
    }

    /// Clients with a panel are asked to show it; the others are asked the question itself.
    fn open_panel(&mut self, argument: &Value) {
        if self.facts.plugin {
            self.outbox.send(Mail::OpenPanel(argument.clone()));
        } else {
            let text = |key: &str| argument.get(key).and_then(Value::as_str);
            self.prompts
                .again(&self.runs, text("run"), text("start"), &self.settings);
        }
    }

    // -- runs -------------------------------------------------------------

    fn run_facts(&self, uri: &Uri) -> RunFacts {
        let Some(path) = convert::path(uri) else {
            return RunFacts::default();
        };
        let mut found = facts::of(&self.runs, &path);
        found.trusted = self
            .settings
            .trusted
            .unwrap_or_else(|| self.control.is_trusted(&path));
        if !self.settings.last_run {
            found.runs.retain(|run| !run.gates.is_empty());
        }
        found
    }

    /// Reads the list of runs on a blocking thread; one reading at a time, the newest wish next.
    fn read_runs(&mut self) {
        if self.reading_runs {
            self.read_again = true;
            return;
        }
        self.reading_runs = true;
        let (control, own) = (self.control.clone(), self.own.clone());
        tokio::task::spawn_blocking(move || {
            let filter = RunsFilter {
                limit: Some(200),
                ..RunsFilter::default()
            };
            let _ = own.send(match control.runs(&filter) {
                Ok(view) => Message::Runs(Box::new(view)),
                Err(error) => {
                    tracing::warn!(%error, "the list of runs could not be read");
                    Message::RunsFailed(error.to_string())
                }
            });
        });
    }

    fn runs_read(&mut self, view: RunsView) {
        self.reading_runs = false;
        let changed = facts::changed_runs(&self.runs, &view);
        let starts_changed = facts::starts_differ(&self.runs, &view);
        self.runs = Arc::new(view);
        if self.facts.plugin {
            for (run, status) in &changed {
                self.outbox
                    .send(Mail::RunChanged(json!({ "run": run, "status": status })));
            }
            if starts_changed {
                self.outbox.send(Mail::StartsChanged);
            }
        }
        if starts_changed || !changed.is_empty() {
            self.refresh_lenses();
        }
        self.prompts.look(&self.runs, &self.settings);
        if std::mem::take(&mut self.read_again) {
            self.read_runs();
        }
    }

    fn refresh_lenses(&self) {
        if self.facts.refreshes_lenses {
            self.outbox.send(Mail::RefreshLenses);
        }
    }

    fn changed(&mut self, changes: &Changes) {
        if changes.list {
            self.read_runs();
        }
        for run in &changes.runs {
            self.send_events(run);
        }
    }

    fn send_events(&self, run: &RunId) {
        let Some(sent) = self.subscriptions.get(run).copied() else {
            return;
        };
        let (control, own, run) = (self.control.clone(), self.own.clone(), run.clone());
        let says = self.facts.says;
        tokio::task::spawn_blocking(move || {
            let from = sent + 1;
            let read = control
                .cover(&run)
                .and_then(|cover| control.shown_events(&run, from, 500, &cover, says));
            match read {
                Ok(events) if !events.is_empty() => {
                    let _ = own.send(Message::Batch { run, from, events });
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, %run, "a run's log could not be read"),
            }
        });
    }

    fn batch(&mut self, run: &RunId, from: u64, mut events: Vec<Value>) {
        let Some(sent) = self.subscriptions.get_mut(run) else {
            return;
        };
        // Two readings may overlap: what was sent already is left out.
        let seen = usize::try_from((*sent + 1).saturating_sub(from))
            .unwrap_or(0)
            .min(events.len());
        events.drain(..seen);
        if events.is_empty() {
            return;
        }
        let first = *sent + 1;
        let full = events.len() + seen == 500;
        *sent += events.len() as u64;
        self.outbox.send(Mail::Events(
            json!({ "run": run, "from": first, "events": events }),
        ));
        if full {
            self.send_events(run);
        }
    }

    fn status(&self, health: &str, message: Option<&str>) {
        if self.facts.plugin {
            self.outbox.send(Mail::Status(
                json!({ "health": health, "message": message }),
            ));
        }
    }
}
