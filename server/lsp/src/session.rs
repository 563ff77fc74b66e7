//! The session task: the one owner of all state (invariant 5). It takes
//! messages in the order they were enqueued and never waits: work goes to
//! blocking threads and comes back as messages.

mod documents;
mod pull;
mod runs;
mod workspace;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use fermata_control::{Changes, Control, RunsView};
use fermata_engine::RunId;
use fermata_ide::Snapshot;
use fermata_store::Index;
use fermata_syntax::Encoding;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;
use tower_lsp::Client;
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types::{
    DocumentDiagnosticReport, MessageType, TextDocumentContentChangeEvent, Uri,
};

use crate::commands::{self, Context};
use crate::document::{Analysis, Document};
use crate::outbox::{Mail, Outbox};
use crate::progress::Progress;
use crate::prompts::Prompts;
use crate::reports::{Said, Terms};
use crate::session::runs::Times;
use crate::settings::Settings;
use crate::survey::Files;
use crate::watch::Watch;
use crate::workspace::{Wanted, Workspace};
use crate::{Probe, convert, facts, greeting};

/// What a read-only request is asked with; `None` when the document is no workflow.
pub(crate) type Job = Box<dyn FnOnce(Option<View>) + Send>;

/// One document at one version, as methods see it.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) uri: Uri,
    pub(crate) snapshot: Snapshot,
    pub(crate) encoding: Encoding,
    /// Whether the client asks for the documentation of a completion when somebody looks at it.
    pub(crate) resolves: bool,
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
    /// Folders came to the workspace, and others left it.
    Folders {
        added: Vec<PathBuf>,
        removed: Vec<PathBuf>,
    },
    Settings(Value),
    Trust(bool),
    Analyzed {
        uri: Uri,
        revision: u64,
        /// `None`: it has panicked.
        analysis: Option<Analysis>,
    },
    Ask {
        uri: Uri,
        job: Job,
    },
    /// Like `Ask`, about a file that need not be open.
    AskFile {
        uri: Uri,
        job: Job,
    },
    /// Somebody wants to know about all workflows of the workspace.
    Want(Wanted),
    /// A survey of the workspace is over.
    Surveyed(Arc<Files>),
    /// A pull of one document's diagnostics.
    Pull {
        uri: Uri,
        previous: Option<String>,
        reply: oneshot::Sender<DocumentDiagnosticReport>,
    },
    /// The analysis is there that a pull has waited for; `None` when nothing can be said about the document.
    Pulled {
        uri: Uri,
        said: Option<Said>,
        previous: Option<String>,
        reply: oneshot::Sender<DocumentDiagnosticReport>,
    },
    /// How long the steps of a document's newest run took.
    Times(Uri, Times),
    /// The client ends the session: nobody is kept waiting.
    Shutdown,
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
    /// The server has ended: nothing is watched any more.
    End,
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
    pub(crate) refreshes_inlays: bool,
    /// Asks for diagnostics: they are not sent to it.
    pub(crate) pulls: bool,
    pub(crate) refreshes_reports: bool,
    /// Takes reports about other files with that about a document.
    pub(crate) related: bool,
    /// Asks for the documentation of a completion when somebody looks at it.
    pub(crate) resolves: bool,
    /// Watches files when it is asked to.
    pub(crate) watches: bool,
    /// Shows work-done progress that the server begins.
    pub(crate) shows_progress: bool,
    /// The workspace folders, links resolved.
    pub(crate) roots: Vec<PathBuf>,
    /// The workspace folders as the client names them.
    pub(crate) folders: Vec<PathBuf>,
    /// Where the rules' pages are.
    pub(crate) pages: Option<PathBuf>,
}

impl ClientFacts {
    /// What diagnostics are converted with.
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            encoding: self.encoding,
            pages: self.pages.clone(),
        }
    }
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
    published: HashMap<Uri, Said>,
    /// Ids of the reports that a pulling client has of files.
    told: HashMap<Uri, String>,
    /// The last revision that a document was given.
    revisions: u64,
    workspace: Workspace,
    /// How long the steps of documents' newest runs took.
    times: HashMap<Uri, Times>,
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
            told: HashMap::new(),
            revisions: 0,
            workspace: Workspace::default(),
            times: HashMap::new(),
            index,
            reading_runs: false,
            read_again: false,
        }
    }

    /// Takes messages until the server ends; it has a sender itself, so that there is never a last one.
    pub(crate) async fn run(mut self, mut inbox: UnboundedReceiver<Message>) {
        while let Some(message) = inbox.recv().await {
            if matches!(message, Message::End) {
                return;
            }
            // A panic costs this message, never the session (invariant 6).
            let handled =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.handle(message)));
            if handled.is_err() {
                let (kind, text) = (MessageType::ERROR, self.crash());
                self.outbox.send(Mail::Message { kind, text });
            }
        }
    }

    /// What a person is told after a panic.
    fn crash(&self) -> String {
        let log = self.control.home().root().join("logs");
        format!(
            "Fermata had an internal error and goes on; its log is in {}",
            log.display()
        )
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Initialized => {
                self.status("ok", None);
                if self.facts.watches {
                    self.outbox.send(Mail::WatchFiles);
                }
                self.read_runs();
            }
            Message::Open { uri, text, version } => {
                let Some(path) = convert::path(&uri) else {
                    return;
                };
                let document = Document::new(path, text, version, self.revision());
                if let Some(before) = self.documents.insert(uri.clone(), document) {
                    before.waiting.into_iter().for_each(|waiting| waiting(None));
                }
                self.analyze(&uri);
                self.document_changed(&uri);
            }
            Message::Change {
                uri,
                changes,
                version,
            } => self.edit(&uri, changes, version),
            Message::Close { uri } => self.close(&uri),
            Message::FilesChanged(paths) => self.disk_changed(&paths),
            Message::Folders { added, removed } => {
                self.facts
                    .folders
                    .retain(|folder| !removed.contains(folder));
                self.facts.folders.extend(added);
                self.facts.roots = greeting::resolved(&self.facts.folders);
                self.prompts.move_to(self.facts.roots.clone());
                self.workspace_moved();
            }
            Message::Settings(value) => {
                self.settings.apply(&value);
                self.check_all();
                self.refresh_lenses();
            }
            Message::Trust(trusted) => {
                self.settings.trusted = Some(trusted);
                self.refresh_lenses();
            }
            Message::Analyzed {
                uri,
                revision,
                analysis,
            } => self.analyzed(&uri, revision, analysis),
            Message::Ask { uri, job } => self.ask(&uri, job),
            Message::AskFile { uri, job } => self.ask_file(&uri, job),
            Message::Want(wanted) => self.want(wanted),
            Message::Surveyed(files) => self.surveyed(files),
            Message::Pull {
                uri,
                previous,
                reply,
            } => self.pull(uri, previous, reply),
            Message::Pulled {
                uri,
                said,
                previous,
                reply,
            } => self.pulled(&uri, said.as_ref(), previous.as_deref(), reply),
            Message::Times(uri, times) => self.times_read(uri, times),
            Message::Shutdown => self.release(),
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
            // Taken before it gets here.
            Message::End => {}
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
}
