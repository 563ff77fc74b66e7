//! The protocol's handlers. Each enqueues to the session before its first
//! await and then waits for its own answer, so every request gets exactly one
//! response, and a panic on the way becomes an error response (invariant 6).

mod own;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fermata_control::Control;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::ls_types::*;
use tower_lsp::{Client, LanguageServer};

use crate::greeting::{capabilities, client_facts};
use crate::session::{Job, Message, Session, View};
use crate::settings::Settings;
use crate::workspace::{Pull, Wanted};
use crate::{Opener, Probe, convert, methods, surface};

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
        let (job, answer) = job(question);
        self.send(Message::Ask { uri, job });
        answer.await.map_err(|_| self.crashed())
    }

    /// Asks a question about a file that need not be open; `None` when it is no workflow.
    async fn ask_file<T: Send + 'static>(
        &self,
        uri: Uri,
        question: impl FnOnce(&View) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let (job, answer) = job(question);
        self.send(Message::AskFile { uri, job });
        answer.await.map_err(|_| self.crashed())
    }

    /// Asks a question about all workflows of the workspace.
    async fn ask_all<T: Send + 'static>(
        &self,
        question: impl FnOnce(&[View]) -> T + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Want(Wanted::Views(Box::new(move |views| {
            if !reply.is_closed() {
                let _ = reply.send(question(&views));
            }
        }))));
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

impl Drop for Backend {
    fn drop(&mut self) {
        self.send(Message::End);
    }
}

/// A question as the session takes it, and where its answer comes. Nothing is done for a request that was cancelled.
fn job<T: Send + 'static>(
    question: impl FnOnce(&View) -> T + Send + 'static,
) -> (Job, oneshot::Receiver<Option<T>>) {
    let (reply, answer) = oneshot::channel();
    let job = move |view: Option<View>| {
        if !reply.is_closed() {
            let _ = reply.send(view.map(|view| question(&view)));
        }
    };
    (Box::new(job), answer)
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
        let facts = client_facts(&params, control.home().root());
        let capabilities = capabilities(&facts, surface);
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
            capabilities,
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
        self.send(Message::Shutdown);
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

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        let paths = |folders: &[WorkspaceFolder]| {
            let paths = folders.iter().map(|folder| convert::path(&folder.uri));
            paths.flatten().collect()
        };
        self.send(Message::Folders {
            added: paths(&params.event.added),
            removed: paths(&params.event.removed),
        });
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

    async fn completion_resolve(&self, item: CompletionItem) -> Result<CompletionItem> {
        let Some(uri) = methods::completion::document(&item) else {
            return Ok(item);
        };
        let asked = item.clone();
        let resolved = self
            .ask(uri, move |view| methods::completion::resolve(view, asked))
            .await?;
        Ok(resolved.unwrap_or(item))
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

    async fn selection_range(
        &self,
        params: SelectionRangeParams,
    ) -> Result<Option<Vec<SelectionRange>>> {
        self.ask(params.text_document.uri, move |view| {
            methods::selection_range::run(view, &params.positions)
        })
        .await
    }

    async fn linked_editing_range(
        &self,
        params: LinkedEditingRangeParams,
    ) -> Result<Option<LinkedEditingRanges>> {
        let at = params.text_document_position_params;
        Ok(self
            .ask(at.text_document.uri, move |view| {
                methods::linked_editing_range::run(view, at.position)
            })
            .await?
            .flatten())
    }

    async fn prepare_call_hierarchy(
        &self,
        params: CallHierarchyPrepareParams,
    ) -> Result<Option<Vec<CallHierarchyItem>>> {
        let at = params.text_document_position_params;
        Ok(self
            .ask(at.text_document.uri, move |view| {
                methods::call_hierarchy::prepare(view, at.position)
            })
            .await?
            .flatten())
    }

    async fn incoming_calls(
        &self,
        params: CallHierarchyIncomingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyIncomingCall>>> {
        let item = methods::call_hierarchy::item(&params.item)?;
        if item.is_workflow() {
            let found = move |views: &[View]| methods::call_hierarchy::callers(views, &item);
            return self.ask_all(found).await.map(Some);
        }
        let uri = item.uri.clone();
        let question = move |view: &View| methods::call_hierarchy::incoming(view, &item);
        self.ask_file(uri, question).await?.transpose()
    }

    async fn outgoing_calls(
        &self,
        params: CallHierarchyOutgoingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyOutgoingCall>>> {
        let item = methods::call_hierarchy::item(&params.item)?;
        let question = move |view: &View| methods::call_hierarchy::outgoing(view, &item);
        let Some(found) = self.ask_file(params.item.uri, question).await? else {
            return Ok(None);
        };
        let (mut calls, leaving) = found?;
        for (file, from_ranges) in leaving {
            let to = self
                .ask_file(file, methods::call_hierarchy::workflow)
                .await?;
            calls.extend(
                to.flatten()
                    .map(|to| CallHierarchyOutgoingCall { to, from_ranges }),
            );
        }
        Ok(Some(calls))
    }

    async fn symbol(
        &self,
        params: WorkspaceSymbolParams,
    ) -> Result<Option<WorkspaceSymbolResponse>> {
        let found = self
            .ask_all(move |views| methods::workspace_symbol::run(views, &params.query))
            .await?;
        Ok(Some(WorkspaceSymbolResponse::Nested(found)))
    }

    async fn diagnostic(
        &self,
        params: DocumentDiagnosticParams,
    ) -> Result<DocumentDiagnosticReportResult> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Pull {
            uri: params.text_document.uri,
            previous: params.previous_result_id,
            reply,
        });
        let report = answer.await.map_err(|_| self.crashed())?;
        Ok(DocumentDiagnosticReportResult::Report(report))
    }

    async fn workspace_diagnostic(
        &self,
        params: WorkspaceDiagnosticParams,
    ) -> Result<WorkspaceDiagnosticReportResult> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Want(Wanted::Reports(Pull {
            previous: params.previous_result_ids,
            // Who takes parts of an answer waits for the next part anyway.
            holds: params.partial_result_params.partial_result_token.is_some(),
            reply,
        })));
        let items = answer.await.map_err(|_| self.crashed())?;
        let report = WorkspaceDiagnosticReport { items };
        Ok(WorkspaceDiagnosticReportResult::Report(report))
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
