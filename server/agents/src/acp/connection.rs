//! A connected agent: process, pipes and protocol, greeted. Sessions and turns use
//! it; it knows neither.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fermata_runner::agent::{AgentError, AgentErrorKind};
use tokio::sync::{oneshot, watch};

use super::process::{self, Pipes, Process};
use super::routes::Routes;
use super::settings::Defaults;
use super::{Launch, failure};
use crate::limits::Limits;
use crate::lines::{self, Noise};
use crate::wire::{
    self, Agent, Client, ClientCapabilities, ClientSessionCapabilities, ConnectionTo,
    Implementation, InitializeRequest, InitializeResponse, JsonRpcRequest, Lines,
    NoticeCapabilities, ProtocolVersion, RequestPermissionRequest, SessionNotification,
    on_receive_notification, on_receive_request,
};

/// A live agent. Dropping the last handle kills its process group.
pub(crate) struct Connection {
    launch: Arc<Launch>,
    /// The model that it was started with, where a flag says so.
    model: Option<String>,
    process: Process,
    cx: ConnectionTo<Agent>,
    routes: Arc<Routes>,
    noise: Arc<Noise>,
    greeting: InitializeResponse,
    stop: watch::Sender<bool>,
    condemned: AtomicBool,
    defaults: Mutex<Defaults>,
    said: Mutex<HashSet<String>>,
}

impl Connection {
    /// Starts the agent, with a model where it takes that by a flag, and greets it.
    ///
    /// # Errors
    /// [`AgentErrorKind::Start`] when it cannot be started, ends, stays silent or speaks another
    /// version; the message has what it left behind.
    pub(crate) async fn start(
        launch: Arc<Launch>,
        model: Option<String>,
        cwd: &Path,
        env: &[(String, String)],
        limits: &Limits,
    ) -> Result<Self, AgentError> {
        let flag = launch.model_flag.iter().filter(|_| model.is_some());
        let extra: Vec<&String> = flag.chain(&model).collect();
        let (process, pipes) = process::spawn(&launch, &extra, cwd, env)
            .map_err(|error| failure::start(&launch, &error))?;
        let routes = Arc::new(Routes::default());
        let noise = Arc::new(Noise::default());
        let (stop, stopped) = watch::channel(false);
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(drive(pipes, routes.clone(), noise.clone(), stopped, sender));
        let cx = receiver.await.map_err(|_| {
            failure::of(
                AgentErrorKind::Start,
                format!("agent `{}`: its pipes closed at once", launch.name),
            )
        })?;
        let mut connection = Self {
            launch,
            model,
            process,
            cx,
            routes,
            noise,
            greeting: InitializeResponse::new(ProtocolVersion::V1),
            stop,
            condemned: AtomicBool::new(false),
            defaults: Mutex::default(),
            said: Mutex::default(),
        };
        connection.greeting = connection.greet(limits.initialize).await?;
        Ok(connection)
    }

    async fn greet(&self, limit: Duration) -> Result<InitializeResponse, AgentError> {
        // No file system and no terminal: agents run here and have both themselves.
        let capabilities = ClientCapabilities::new()
            .session(ClientSessionCapabilities::new().notices(NoticeCapabilities::new()));
        let request = InitializeRequest::new(ProtocolVersion::V1)
            .client_capabilities(capabilities)
            .client_info(Implementation::new("fermata", env!("CARGO_PKG_VERSION")));
        let name = &self.launch.name;
        let answer = tokio::time::timeout(limit, self.cx.send_request(request).block_task()).await;
        let message = match answer {
            Ok(Ok(greeting)) if greeting.protocol_version == ProtocolVersion::V1 => {
                return Ok(greeting);
            }
            Ok(Ok(greeting)) => format!(
                "agent `{name}` speaks version {} of the agent protocol, expected version 1; install a version of it that does",
                greeting.protocol_version
            ),
            Ok(Err(error)) => {
                let cause = self.failure("its start", &error).await;
                if cause.kind == AgentErrorKind::Auth {
                    return Err(cause);
                }
                cause.message
            }
            Err(_) => format!(
                "agent `{name}` did not answer `initialize` within {}: `{}` may not be an agent of the Agent Client Protocol, or wants a flag to be one{}",
                failure::in_words(limit),
                self.launch.program.display(),
                self.remains()
            ),
        };
        Err(failure::of(AgentErrorKind::Start, message))
    }

    pub(crate) fn launch(&self) -> &Launch {
        &self.launch
    }

    /// The model that it was started with, where a flag says so.
    pub(crate) fn started_with(&self) -> Option<&String> {
        self.model.as_ref()
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    pub(crate) fn noise(&self) -> &Noise {
        &self.noise
    }

    pub(crate) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// What it said about itself.
    pub(crate) fn greeting(&self) -> &InitializeResponse {
        &self.greeting
    }

    /// A new session was begun, which nobody has set yet.
    pub(crate) fn begun_with(&self, defaults: Defaults) {
        *lock(&self.defaults) = defaults;
    }

    /// What the last session that was begun was set to; nothing before the first.
    pub(crate) fn defaults(&self) -> Defaults {
        lock(&self.defaults).clone()
    }

    /// Whether the agent says this for the first time. Some say the same in each session.
    pub(crate) fn says_first(&self, text: &str) -> bool {
        lock(&self.said).insert(text.to_owned())
    }

    /// Whether new turns may use it.
    pub(crate) fn is_alive(&self) -> bool {
        !self.condemned.load(Ordering::SeqCst)
            && !self.cx.is_incoming_closed()
            && self.cx.termination().is_none()
            && self.process.exit_status().is_none()
    }

    /// Sends a request; the caller waits.
    pub(crate) fn send<R: JsonRpcRequest>(
        &self,
        request: R,
    ) -> impl Future<Output = Result<R::Response, wire::Error>> + use<R> {
        self.cx.send_request(request).block_task()
    }

    /// Sends a notification; a broken connection shows elsewhere.
    pub(crate) fn notify<N: wire::JsonRpcNotification>(&self, notification: N) {
        let _ = self.cx.send_notification(notification);
    }

    /// Sends a request and waits, at most that long.
    ///
    /// # Errors
    /// The agent's error, translated, or [`AgentErrorKind::Timeout`].
    pub(crate) async fn ask<R: JsonRpcRequest>(
        &self,
        what: &str,
        request: R,
        limit: Duration,
    ) -> Result<R::Response, AgentError> {
        match tokio::time::timeout(limit, self.send(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(self.failure(what, &error).await),
            Err(_) => Err(failure::slow(&self.launch, what, limit, &self.remains())),
        }
    }

    /// Kills the process group: it did not end a turn when it was asked to.
    pub(crate) fn kill(&self) {
        self.condemned.store(true, Ordering::SeqCst);
        self.process.kill();
    }

    /// Ends it: end of input, then the ladder of signals.
    pub(crate) async fn close(&self, limits: &Limits) {
        self.condemned.store(true, Ordering::SeqCst);
        self.stop.send_replace(true);
        self.process.end(limits).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn drive(
    pipes: Pipes,
    routes: Arc<Routes>,
    noise: Arc<Noise>,
    mut stopped: watch::Receiver<bool>,
    sender: oneshot::Sender<ConnectionTo<Agent>>,
) {
    let (updates, permissions) = (routes.clone(), routes);
    let result = Client
        .v1()
        .name("fermata")
        .on_receive_notification(
            async move |note: SessionNotification, _cx| {
                updates.update(&note.session_id.0, note.update);
                Ok(())
            },
            on_receive_notification!(),
        )
        .on_receive_request(
            async move |request: RequestPermissionRequest, responder, _cx| {
                permissions.permission(request, responder);
                Ok(())
            },
            on_receive_request!(),
        )
        .connect_with(
            Lines::new(
                lines::outgoing(pipes.stdin),
                lines::incoming(pipes.stdout, Some(noise)),
            ),
            async move |cx: ConnectionTo<Agent>| {
                let _ = sender.send(cx.clone());
                tokio::select! {
                    _ = stopped.wait_for(|it| *it) => {}
                    () = cx.incoming_closed() => {}
                }
                Ok(())
            },
        )
        .await;
    if let Err(error) = result {
        tracing::debug!(%error, "the connection to an agent ended");
    }
}
