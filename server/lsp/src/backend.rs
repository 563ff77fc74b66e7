//! The protocol's handlers. Each enqueues to the session before its first
//! await and then waits for its own answer, so every request gets exactly one
//! response, and a panic on the way becomes an error response (invariant 6).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fermata_control::{Control, RunsFilter};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::ls_types::*;
use tower_lsp::{Client, LanguageServer};

use crate::commands::{self, failed};
use crate::greeting::{capabilities, encoding, roots, write_pages};
use crate::session::{ClientFacts, Message, Session, View};
use crate::settings::Settings;
use crate::{Opener, Probe, convert, methods, surface, words};

/// What the handlers share. State belongs to the session task.
pub(crate) struct Backend {
    client: Client,
    session: UnboundedSender<Message>,
    /// Until `initialize` has started the session.
    start: Mutex<Option<(Opener, UnboundedReceiver<Message>)>>,
    control: OnceLock<Control>,
    probe: Arc<Probe>,
}

impl Backend {
    pub(crate) fn new(client: Client, opener: Opener, probe: Arc<Probe>) -> Self {
        let (session, inbox) = unbounded_channel();
        Self {
            client,
            session,
            start: Mutex::new(Some((opener, inbox))),
            control: OnceLock::new(),
            probe,
        }
    }

    fn send(&self, message: Message) {
        // The session ends only with the server.
        let _ = self.session.send(message);
    }

    fn control(&self) -> Result<Control> {
        self.control
            .get()
            .cloned()
            .ok_or_else(Error::invalid_request)
    }

    /// Asks a question about a document; `None` when it is no workflow.
    async fn ask<T: Send + 'static>(
        &self,
        uri: Uri,
        question: impl FnOnce(&View) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Ask {
            uri,
            job: Box::new(move |view| {
                let _ = reply.send(view.map(|view| question(&view)));
            }),
        });
        answer.await.map_err(|_| self.crashed())
    }

    /// Runs something that blocks.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Control) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let control = self.control()?;
        tokio::task::spawn_blocking(move || work(&control))
            .await
            .map_err(|_| self.crashed())?
    }

    fn crashed(&self) -> Error {
        let log = self.control.get().map_or_else(
            || "standard error".to_owned(),
            |c| c.home().root().join("logs").display().to_string(),
        );
        Error {
            code: ErrorCode::InternalError,
            message: format!("an internal error; the server goes on, its log is in {log}").into(),
            data: None,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct RunParams {
    run: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EventsParams {
    run: String,
    #[serde(default = "one")]
    from: u64,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct GraphParams {
    #[serde(default)]
    uri: Option<Uri>,
    #[serde(default)]
    run: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct RunsParams {
    #[serde(default)]
    all: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TrustParams {
    trusted: bool,
}

fn one() -> u64 {
    1
}

/// Most events that one `fermata/events` answers with.
const EVENTS: usize = 500;

// Our own requests (design/protocol.md, "Language server").
impl Backend {
    /// Says that the server is there, whatever its session is busy with.
    pub(crate) async fn ping(&self, _: Option<Value>) -> Result<Value> {
        Ok(json!({}))
    }

    pub(crate) async fn runs(&self, params: Option<RunsParams>) -> Result<Value> {
        let all = params.unwrap_or_default().all;
        self.blocking(move |control| {
            let filter = RunsFilter {
                all,
                ..RunsFilter::default()
            };
            Ok(words::titled(&control.runs(&filter).map_err(failed)?))
        })
        .await
    }

    pub(crate) async fn show(&self, params: RunParams) -> Result<Value> {
        let mut shown = self
            .blocking(move |control| {
                control
                    .show(&control.find(&params.run).map_err(failed)?)
                    .map_err(failed)
            })
            .await?;
        let uri = shown["path"]
            .as_str()
            .and_then(|p| convert::uri(p.as_ref()));
        if let Some(uri) = uri {
            let run = shown.clone();
            let marks = self.ask(uri, move |view| methods::marks::run(view, &run));
            shown["marks"] = json!(marks.await?);
        }
        Ok(shown)
    }

    pub(crate) async fn events(&self, params: EventsParams) -> Result<Value> {
        self.blocking(move |control| {
            let run = control.find(&params.run).map_err(failed)?;
            let limit = params.limit.unwrap_or(EVENTS).min(EVENTS);
            control.log_page(&run, params.from, limit).map_err(failed)
        })
        .await
    }

    pub(crate) async fn graph(&self, params: GraphParams) -> Result<Value> {
        let file = match (params.uri, params.run) {
            (Some(uri), _) => convert::path(&uri)
                .ok_or_else(|| commands::bad("uri", "expected a file: address"))?,
            (None, Some(run)) => {
                let shown = self.show(RunParams { run }).await?;
                PathBuf::from(shown["path"].as_str().unwrap_or_default())
            }
            (None, None) => return Err(commands::bad("uri", "give a uri or a run")),
        };
        let open = convert::uri(&file);
        if let Some(uri) = open
            && let Some(graph) = self
                .ask(uri, |view| {
                    fermata_ide::graph(&view.snapshot.loaded).to_json()
                })
                .await?
        {
            return Ok(graph);
        }
        self.blocking(move |_| {
            let loaded = fermata_workflow::load(&fermata_store::OsWorld::new(), &file);
            Ok(fermata_ide::graph(&loaded).to_json())
        })
        .await
    }

    pub(crate) async fn subscribe(&self, params: EventsParams) -> Result<Value> {
        let from = params.from;
        let (run, last) = self
            .blocking(move |control| {
                let run = control.find(&params.run).map_err(failed)?;
                let last = control.state(&run).map_err(failed)?.last_seq;
                Ok((run, last))
            })
            .await?;
        self.send(Message::Subscribe { run, from });
        Ok(json!({ "last": last }))
    }

    pub(crate) async fn unsubscribe(&self, params: RunParams) -> Result<Value> {
        let run = self
            .blocking(move |control| control.find(&params.run).map_err(failed))
            .await?;
        self.send(Message::Unsubscribe { run });
        Ok(json!({}))
    }

    pub(crate) async fn did_change_trust(&self, params: TrustParams) {
        self.send(Message::Trust(params.trusted));
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let taken = self
            .start
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some((opener, inbox)) = taken else {
            return Err(Error::invalid_request());
        };
        let name = params.client_info.as_ref().map(|info| info.name.clone());
        let surface = surface::of(name.as_deref());
        let control = tokio::task::spawn_blocking(move || opener(surface))
            .await
            .map_err(|_| self.crashed())?
            .map_err(|error| Error {
                code: ErrorCode::InternalError,
                message: format!("{error:#}").into(),
                data: None,
            })?;
        let encoding = encoding(&params);
        let pages = write_pages(control.home().root());
        let experimental = params.capabilities.experimental.as_ref();
        let plugin = experimental.and_then(|e| e.get("fermata"));
        let facts = ClientFacts {
            encoding,
            plugin: plugin.is_some_and(|v| v != &Value::Bool(false) && !v.is_null()),
            says: plugin.is_some_and(|v| v["says"] == Value::Bool(true)),
            refreshes_lenses: params
                .capabilities
                .workspace
                .as_ref()
                .and_then(|w| w.code_lens.as_ref()?.refresh_support)
                .unwrap_or(false),
            shows_progress: params
                .capabilities
                .window
                .as_ref()
                .and_then(|window| window.work_done_progress)
                .unwrap_or(false),
            roots: roots(&params),
            pages,
        };
        let mut settings = Settings::new(
            surface != fermata_engine::Surface::Lsp
                || name
                    .as_deref()
                    .is_some_and(|n| n.to_lowercase().contains("helix")),
        );
        if let Some(options) = &params.initialization_options {
            settings.apply(options);
        }
        let _ = self.control.set(control.clone());
        let session = Session::new(
            self.client.clone(),
            control,
            facts,
            settings,
            self.session.clone(),
            Arc::clone(&self.probe),
        );
        tokio::spawn(session.run(inbox));
        Ok(InitializeResult {
            capabilities: capabilities(encoding),
            server_info: Some(ServerInfo {
                name: "fermata".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        self.send(Message::Initialized);
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        self.send(Message::Open {
            uri: document.uri,
            text: document.text,
            version: document.version,
        });
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        self.send(Message::Change {
            uri: params.text_document.uri,
            changes: params.content_changes,
            version: params.text_document.version,
        });
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.send(Message::Close {
            uri: params.text_document.uri,
        });
    }

    async fn did_save(&self, _: DidSaveTextDocumentParams) {}

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        let paths = params.changes.iter().filter_map(|c| convert::path(&c.uri));
        self.send(Message::FilesChanged(paths.collect()));
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        self.send(Message::Settings(params.settings));
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        Ok(self
            .ask(at.text_document.uri, move |view| {
                methods::hover::run(view, at.position)
            })
            .await?
            .flatten())
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let at = params.text_document_position;
        let items = self
            .ask(at.text_document.uri, move |view| {
                methods::completion::run(view, at.position)
            })
            .await?;
        Ok(items.map(CompletionResponse::Array))
    }

    async fn goto_definition(
        &self,
        params: GotoDefinitionParams,
    ) -> Result<Option<GotoDefinitionResponse>> {
        let at = params.text_document_position_params;
        let found = self
            .ask(at.text_document.uri, move |view| {
                methods::definition::run(view, at.position)
            })
            .await?
            .flatten();
        Ok(found.map(GotoDefinitionResponse::Scalar))
    }

    async fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>> {
        let (at, context) = (params.text_document_position, params.context);
        Ok(self
            .ask(at.text_document.uri, move |view| {
                methods::references::run(view, at.position, context.include_declaration)
            })
            .await?
            .flatten())
    }

    async fn document_highlight(
        &self,
        params: DocumentHighlightParams,
    ) -> Result<Option<Vec<DocumentHighlight>>> {
        let at = params.text_document_position_params;
        Ok(self
            .ask(at.text_document.uri, move |view| {
                methods::document_highlight::run(view, at.position)
            })
            .await?
            .flatten())
    }

    async fn prepare_rename(
        &self,
        at: TextDocumentPositionParams,
    ) -> Result<Option<PrepareRenameResponse>> {
        Ok(self
            .ask(at.text_document.uri, move |view| {
                methods::rename::prepare(view, at.position)
            })
            .await?
            .flatten())
    }

    async fn rename(&self, params: RenameParams) -> Result<Option<WorkspaceEdit>> {
        let at = params.text_document_position;
        self.ask(at.text_document.uri, move |view| {
            methods::rename::run(view, at.position, &params.new_name)
        })
        .await?
        .unwrap_or(Ok(None))
    }

    async fn document_symbol(
        &self,
        params: DocumentSymbolParams,
    ) -> Result<Option<DocumentSymbolResponse>> {
        Ok(self
            .ask(params.text_document.uri, methods::document_symbol::run)
            .await?
            .map(DocumentSymbolResponse::Nested))
    }

    async fn folding_range(&self, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>> {
        self.ask(params.text_document.uri, methods::folding_range::run)
            .await
    }

    async fn document_link(&self, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>> {
        self.ask(params.text_document.uri, methods::document_link::run)
            .await
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        self.ask(params.text_document.uri, move |view| {
            methods::inlay_hint::run(view, params.range)
        })
        .await
    }

    async fn semantic_tokens_full(
        &self,
        params: SemanticTokensParams,
    ) -> Result<Option<SemanticTokensResult>> {
        Ok(self
            .ask(params.text_document.uri, methods::semantic_tokens::run)
            .await?
            .map(SemanticTokensResult::Tokens))
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        self.ask(params.text_document.uri, methods::code_lens::run)
            .await
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        self.ask(params.text_document.uri, move |view| {
            methods::code_action::run(view, params.range, &params.context)
        })
        .await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Act {
            id: params.command,
            argument: params.arguments.into_iter().next().unwrap_or(Value::Null),
            reply,
        });
        answer.await.map_err(|_| self.crashed())?.map(Some)
    }
}
