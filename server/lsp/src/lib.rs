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
mod frames;
mod greeting;
mod methods;
mod notifications;
mod outbox;
mod progress;
mod prompts;
mod reports;
mod session;
mod settings;
mod surface;
mod survey;
mod watch;
mod words;
mod workspace;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Barrier, Mutex, OnceLock, PoisonError};

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

/// Bytes between the frames' reader and the protocol library.
const PIPE: usize = 64 << 10;

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
        Arc::new(Probe::default()),
    ));
    // Standard input is read on a thread that nobody can interrupt.
    runtime.shutdown_background();
    Ok(())
}

/// What tests may look at and provoke. Nothing of it does anything unless asked.
#[derive(Default)]
pub struct Probe {
    /// How many texts were analysed, open or not: at most one for each edit, however much is asked about it.
    pub lowerings: AtomicU64,
    /// How often the client was sent what is wrong in a file.
    pub said: AtomicU64,
    /// Makes the next question about a document panic.
    pub panics: AtomicBool,
    /// Makes the next analysis of an open document panic.
    pub breaks: AtomicBool,
    /// Holds the next analysis of an open document whose path ends like this, between its end and the session: whoever
    /// holds the other end of the barrier meets it when it is done, and once more to let it go on.
    pub holds: Mutex<Option<(PathBuf, Arc<Barrier>)>>,
    index: OnceLock<fermata_store::Index>,
}

impl Probe {
    /// What the session has read of the disk, once it has begun.
    #[must_use]
    pub fn disk(&self) -> Option<&fermata_store::Index> {
        self.index.get()
    }

    /// Waits where somebody wants to see an analysis end late.
    pub(crate) fn hold(&self, path: &Path) {
        let mut holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        let held = holds.take_if(|(end, _)| path.ends_with(end));
        drop(holds);
        if let Some((_, barrier)) = held {
            barrier.wait();
            barrier.wait();
        }
    }

    pub(crate) fn index(&self, index: &fermata_store::Index) {
        // A second greeting is refused before it gets here.
        let _ = self.index.set(index.clone());
    }
}

/// Serves one client on any pair of streams.
pub async fn serve(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin,
    opener: Opener,
    probe: Arc<Probe>,
) {
    let (service, socket) = LspService::build(|client| Backend::new(client, opener, probe))
        .custom_method("fermata/ping", Backend::ping)
        .custom_method("fermata/runs", Backend::runs)
        .custom_method("fermata/show", Backend::show)
        .custom_method("fermata/events", Backend::events)
        .custom_method("fermata/graph", Backend::graph)
        .custom_method("fermata/subscribe", Backend::subscribe)
        .custom_method("fermata/unsubscribe", Backend::unsubscribe)
        .custom_method("fermata/didChangeTrust", Backend::did_change_trust)
        .finish();
    let (to_server, server_input) = tokio::io::duplex(PIPE);
    let (server_output, from_server) = tokio::io::duplex(PIPE);
    let (complaints, complained) = tokio::sync::mpsc::unbounded_channel();
    let serving = Server::new(server_input, server_output, socket)
        .concurrency_level(CONCURRENCY)
        .serve(service);
    let reading = async {
        frames::inbound(input, to_server, complaints).await;
        // The end of the input reaches the server through its pipe.
        std::future::pending::<()>().await;
    };
    tokio::join!(
        async {
            tokio::select! {
                () = serving => {}
                () = reading => {}
            }
        },
        frames::outbound(from_server, output, complained),
    );
}
