//! The live panel over HTTP: one page, the reads, one stream, the verbs. On
//! loopback only; whoever has the token of this process may do what its user
//! may. What each address answers is in a file of its own.

mod answer;
mod doors;
mod guard;
mod page;
mod reads;
mod stream;
mod verbs;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use fermata_control::Control;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::workflows::Workflows;
use doors::Doors;
use guard::Token;

/// Largest body that is taken, in bytes: an answer with a long text fits many times.
const LARGEST: usize = 1 << 20;
/// Connections at once; a browser opens six to one place.
const CONNECTIONS: usize = 64;
/// Streams at once.
const STREAMS: usize = 32;
/// How long to wait before looking after runs without a worker.
const LOOK_AFTER: Duration = Duration::from_secs(5);

/// Why the panel cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// The port cannot be had.
    #[error(
        "127.0.0.1:{port} cannot be listened on ({source}); give another --port, or none for a free one"
    )]
    Listen {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no random numbers for a token.
    #[error("the system gave no random numbers for the page's token: {0}")]
    Random(String),
}

/// The panel's server, listening.
pub struct Panel {
    address: SocketAddr,
    token: Token,
    listener: TcpListener,
    app: Router,
    control: Control,
}

/// What the handlers are given. Nothing here is state of a run.
#[derive(Clone)]
struct Hall {
    control: Control,
    workflows: Arc<dyn Workflows>,
    streams: Arc<Semaphore>,
}

impl Panel {
    /// Listens on 127.0.0.1; on a free port for 0.
    ///
    /// # Errors
    /// [`PanelError`].
    pub async fn bind(
        control: Control,
        workflows: Arc<dyn Workflows>,
        port: u16,
    ) -> Result<Self, PanelError> {
        let unheard = |source| PanelError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(unheard)?;
        let address = listener.local_addr().map_err(unheard)?;
        let token = Token::new().map_err(PanelError::Random)?;
        let hall = Hall {
            control: control.clone(),
            workflows,
            streams: Arc::new(Semaphore::new(STREAMS)),
        };
        let api = Router::new()
            .route("/api/runs", get(reads::runs))
            .route("/api/starts", get(reads::starts))
            .route("/api/runs/{run}", get(reads::run))
            .route("/api/runs/{run}/events", get(reads::events))
            .route("/api/graph", get(reads::graph))
            .route("/api/stream", get(stream::open))
            .route("/api/{verb}", post(verbs::act))
            .with_state(hall)
            .layer(from_fn_with_state(token.clone(), guard::token));
        let app = api
            .route("/", get(page::page))
            .route("/panel.js", get(page::script))
            .route("/panel.css", get(page::style))
            .layer(DefaultBodyLimit::max(LARGEST))
            .layer(from_fn(guard::place));
        Ok(Self {
            address,
            token,
            listener,
            app,
            control,
        })
    }

    /// Where the page is, the token in the fragment, which no server is sent.
    #[must_use]
    pub fn url(&self, run: Option<&str>) -> String {
        let query = run.map_or_else(String::new, |run| format!("?run={run}"));
        format!(
            "http://{}/{query}#token={}",
            self.address,
            self.token.text()
        )
    }

    /// Serves until the future is dropped.
    ///
    /// # Errors
    /// The system's, when it takes the port away.
    pub async fn serve(self) -> io::Result<()> {
        let _looking = look_after(self.control);
        axum::serve(Doors::new(self.listener, CONNECTIONS), self.app).await
    }
}

/// Looks after runs without a worker, as every surface does, until the value is dropped.
fn look_after(control: Control) -> Sender<()> {
    let (alive, ended) = channel::<()>();
    let looking = std::thread::Builder::new()
        .name("fermata-panel-tick".to_owned())
        .spawn(move || {
            loop {
                if let Err(error) = control.tick() {
                    tracing::warn!(%error, "runs could not be looked after");
                }
                if ended.recv_timeout(LOOK_AFTER) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
    if let Err(error) = looking {
        tracing::error!(%error, "nobody looks after runs: the thread cannot be started");
    }
    alive
}
