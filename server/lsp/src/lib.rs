//! The language server: JSON-RPC in, ide and control out. The only crate that
//! knows LSP types (invariant 4).
//!
//! Handlers in [`backend`] only enqueue to the session task, synchronously and
//! before their first await, so edits are applied in the order they arrive
//! (invariant 5). One LSP method per file under `methods/`.

mod backend;
mod commands;
mod convert;
mod document;
mod facts;
mod methods;
mod notifications;
mod outbox;
mod prompts;
mod session;
mod settings;
mod surface;
mod watch;

use anyhow::Result;
use fermata_control::Control;
use fermata_engine::Surface;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_lsp::{LspService, Server};

use backend::Backend;

/// Opens control once the client has said who it is.
pub type Opener = Box<dyn FnOnce(Surface) -> Result<Control> + Send>;

/// Enough for every request of a busy editor at once: handlers never wait for
/// a person, so none of them holds its place for long.
const CONCURRENCY: usize = 256;

/// Serves one client on standard input and output until `exit` or end of input.
///
/// # Errors
/// When the runtime cannot be started.
pub fn serve_stdio(opener: impl FnOnce(Surface) -> Result<Control> + Send + 'static) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(serve(
        tokio::io::stdin(),
        tokio::io::stdout(),
        Box::new(opener),
    ));
    // Standard input is read on a thread that nobody can interrupt.
    runtime.shutdown_background();
    Ok(())
}

/// Serves one client on any pair of streams.
pub async fn serve(input: impl AsyncRead + Unpin, output: impl AsyncWrite, opener: Opener) {
    let (service, socket) = LspService::build(|client| Backend::new(client, opener))
        .custom_method("fermata/runs", Backend::runs)
        .custom_method("fermata/show", Backend::show)
        .custom_method("fermata/events", Backend::events)
        .custom_method("fermata/graph", Backend::graph)
        .custom_method("fermata/subscribe", Backend::subscribe)
        .custom_method("fermata/unsubscribe", Backend::unsubscribe)
        .custom_method("fermata/didChangeTrust", Backend::did_change_trust)
        .finish();
    Server::new(input, output, socket)
        .concurrency_level(CONCURRENCY)
        .serve(service)
        .await;
}
