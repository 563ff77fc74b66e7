//! Which process and which session a turn runs in, and that a turn nobody waits
//! for any more is ended.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use fermata_engine::SessionStart;
use fermata_runner::agent::{AgentError, AgentSink, Role, StepOutput, StepRequest};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard, oneshot};

use super::connection::Connection;
use super::passing::Told;
use super::session::Session;
use super::turn::{self, Order};
use super::{Launch, failure};
use crate::limits::Limits;
use crate::scripted::visit;
use crate::submit::SubmitServer;

/// Agent, environment and a model that it takes at its start only: what turns must share to share a process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ProcessKey {
    agent: String,
    model: Option<String>,
    env: Vec<(String, String)>,
}

type Place = Arc<Mutex<Option<Arc<Connection>>>>;
type Seat = Arc<Mutex<Session>>;
/// Step path, the name that the provider sees, attempt.
type Attempt = (String, String, u32);

/// Every agent process and every conversation of a run.
pub(crate) struct Host {
    limits: Limits,
    processes: std::sync::Mutex<HashMap<ProcessKey, Place>>,
    conversations: std::sync::Mutex<HashMap<String, Seat>>,
    calls: std::sync::Mutex<HashMap<Attempt, u32>>,
    submit: OnceCell<Option<SubmitServer>>,
    /// Sessions that later steps may go on with, by agent and id.
    left_open: std::sync::Mutex<HashMap<(String, String), Seat>>,
    /// Whether an agent can copy sessions, by its name.
    copies: std::sync::Mutex<HashMap<String, bool>>,
    told: Told,
}

impl Host {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            processes: std::sync::Mutex::default(),
            conversations: std::sync::Mutex::default(),
            calls: std::sync::Mutex::default(),
            submit: OnceCell::new(),
            left_open: std::sync::Mutex::default(),
            copies: std::sync::Mutex::default(),
            told: Told::default(),
        }
    }

    /// Carries out one turn. Dropping the future cancels the turn: politely, then by force.
    ///
    /// # Errors
    /// [`AgentError`], with everything that is known about the cause.
    pub(crate) async fn run(
        self: &Arc<Self>,
        launch: Launch,
        request: StepRequest,
        sink: Arc<dyn AgentSink>,
    ) -> Result<StepOutput, AgentError> {
        let call = self.count(&request);
        let (alive, dropped) = oneshot::channel::<()>();
        let host = self.clone();
        // A task of its own, so that it can still cancel and kill when this future is dropped.
        let task = tokio::spawn(async move {
            host.turn(Arc::new(launch), request, call, sink, dropped)
                .await
        });
        let result = task.await;
        drop(alive);
        result.unwrap_or_else(|error| {
            Err(failure::of(
                fermata_runner::agent::AgentErrorKind::Provider,
                format!("the turn broke inside fermata: {error}; please report it with the log"),
            ))
        })
    }

    async fn turn(
        &self,
        launch: Arc<Launch>,
        request: StepRequest,
        call: u32,
        sink: Arc<dyn AgentSink>,
        mut dropped: oneshot::Receiver<()>,
    ) -> Result<StepOutput, AgentError> {
        let opening = async {
            let mut session = self.sit(&launch, &request, &*sink).await?;
            let (connection, id) = self.open(&launch, &request, &mut session, &*sink).await?;
            Ok::<_, AgentError>((session, connection, id))
        };
        let (mut session, connection, id) = tokio::select! {
            opened = opening => opened?,
            _ = &mut dropped => {
                return Err(failure::slow(&launch, "the opening of a session", self.limits.session, ""));
            }
        };
        sink.process(connection.process().id().clone());
        self.leave_open(&request, &id, &mut session);
        if let Some(ticket) = &session.ticket {
            ticket.clear();
        }
        let order = Order {
            session: id.clone(),
            prompt: prompt(&request, session.ticket.is_some()),
            about: about(&request, call),
            timeout: request.timeout,
            no_tools: request.tools.as_ref().is_some_and(Vec::is_empty) && !launch.scripted,
            servers: request
                .tool_servers
                .iter()
                .map(|server| server.name.clone())
                .collect(),
            submits: session.ticket.is_some(),
            cost_before: session.cost,
        };
        let outcome = turn::run(&connection, &order, sink, dropped, &self.limits).await?;
        if let Some(cost) = outcome.cost {
            session.cost = cost;
        }
        let usage = if launch.sums_usage {
            session.since_last(outcome.usage)
        } else {
            outcome.usage
        };
        Ok(StepOutput {
            text: outcome.text,
            value: session.ticket.as_ref().and_then(|ticket| ticket.take()),
            stop: outcome.stop,
            usage,
            model: session.model.clone(),
            session: Some(id),
            denied: outcome.denied,
        })
    }

    async fn open(
        &self,
        launch: &Arc<Launch>,
        request: &StepRequest,
        session: &mut Session,
        sink: &dyn AgentSink,
    ) -> Result<(Arc<Connection>, String), AgentError> {
        if let Some((connection, id)) = session.live() {
            // Another step may have begun it.
            if request.turn <= 1 && !launch.scripted {
                self.told.settings(&launch.name, request, sink);
                let can = &connection.greeting().agent_capabilities;
                let servers = self.told.servers(launch, can, &request.tool_servers, sink);
                if servers
                    .iter()
                    .any(|server| !session.tool_servers.contains(server))
                {
                    self.told.late_servers(&launch.name, &request.step, sink);
                }
                session
                    .adapt(&connection, &id, request, sink, &self.limits)
                    .await?;
            }
            return Ok((connection, id));
        }
        let connection = self.connection(launch, request).await?;
        if !launch.scripted {
            self.told.settings(&launch.name, request, sink);
            let can = &connection.greeting().agent_capabilities;
            session.tool_servers = self.told.servers(launch, can, &request.tool_servers, sink);
        }
        if session.ticket.is_none()
            && request.session_key.is_none()
            && !request.stays_open
            && request.role == Role::Agent
            && connection
                .greeting()
                .agent_capabilities
                .mcp_capabilities
                .http
            && let Some(schema) = &request.schema
        {
            session.ticket = self.submit_server().await.and_then(|it| it.open(schema));
        }
        let id = session
            .open(connection.clone(), request, sink, &self.limits)
            .await?;
        Ok((connection, id))
    }

    async fn submit_server(&self) -> Option<&SubmitServer> {
        self.submit
            .get_or_init(|| async {
                SubmitServer::start()
                    .await
                    .inspect_err(|error| {
                        // The answer is read from the text then, as from agents that cannot do this.
                        tracing::warn!(%error, "no loopback server for structured results");
                    })
                    .ok()
            })
            .await
            .as_ref()
    }

    async fn connection(
        &self,
        launch: &Arc<Launch>,
        request: &StepRequest,
    ) -> Result<Arc<Connection>, AgentError> {
        let wanted = request.model.as_ref().or(launch.model.as_ref());
        let model = wanted.filter(|_| launch.model_flag.is_some()).cloned();
        let env = shared_env(request);
        let key = ProcessKey {
            agent: launch.name.clone(),
            model: model.clone(),
            env: env.clone(),
        };
        let place = lock(&self.processes).entry(key).or_default().clone();
        let mut place = place.lock().await;
        if let Some(connection) = place.as_ref().filter(|it| it.is_alive()) {
            return Ok(connection.clone());
        }
        *place = None;
        let connection = Arc::new(
            Connection::start(launch.clone(), model, &request.cwd, &env, &self.limits).await?,
        );
        *place = Some(connection.clone());
        let can = &connection.greeting().agent_capabilities;
        let copies = can.session_capabilities.fork.is_some();
        lock(&self.copies).insert(launch.name.clone(), copies);
        Ok(connection)
    }

    /// The number of this prompt within its step's attempt, re-prompts and new tries included. An
    /// attempt never outlives this process, so counting here survives every restart.
    fn count(&self, request: &StepRequest) -> u32 {
        let attempt = (
            request.path.as_str().to_owned(),
            request.step.clone(),
            request.attempt,
        );
        let mut calls = lock(&self.calls);
        let call = calls.entry(attempt).or_default();
        *call += 1;
        *call
    }

    /// The session of the request's conversation, when nobody else uses it: its own, or one that it goes on with.
    async fn sit(
        &self,
        launch: &Arc<Launch>,
        request: &StepRequest,
        sink: &dyn AgentSink,
    ) -> Result<OwnedMutexGuard<Session>, AgentError> {
        let first = request.turn <= 1;
        let joined = match &request.session {
            _ if !first => None,
            SessionStart::Fresh => None,
            SessionStart::Resume(session) => Some(session.clone()),
            SessionStart::Fork { session, .. } => {
                if self.copies(launch, request).await? {
                    None
                } else {
                    self.told.shared(&launch.name, sink);
                    Some(session.clone())
                }
            }
        };
        let seat = self.seat(request, joined.as_deref());
        let mut session = seat.clone().lock_owned().await;
        // The conversation begins again when its first turn comes again, unless the session is not its own.
        let own = request.session_key.is_none() && joined.is_none();
        if first && own && session.was_open() {
            session.close(&self.limits).await;
        }
        Ok(session)
    }

    /// Whether the agent can copy sessions: as it said when it was first asked.
    async fn copies(
        &self,
        launch: &Arc<Launch>,
        request: &StepRequest,
    ) -> Result<bool, AgentError> {
        let known = || lock(&self.copies).get(&launch.name).copied();
        if known().is_none() {
            self.connection(launch, request).await?;
        }
        Ok(known().unwrap_or_default())
    }

    fn seat(&self, request: &StepRequest, joined: Option<&str>) -> Seat {
        let mut conversations = lock(&self.conversations);
        let name = seat_name(request);
        let known = |id: &str| Arc::new(Mutex::new(Session::known(id)));
        match joined {
            Some(id) if request.session_key.is_none() => {
                let key = (request.agent.clone(), id.to_owned());
                let seat = lock(&self.left_open)
                    .entry(key)
                    .or_insert_with(|| known(id))
                    .clone();
                conversations.insert(name, seat.clone());
                seat
            }
            joined => conversations
                .entry(name)
                .or_insert_with(|| joined.map_or_else(Seat::default, known))
                .clone(),
        }
    }

    /// A session that a later step may go on with can be found by its id; it stands under no other.
    fn leave_open(&self, request: &StepRequest, id: &str, session: &mut OwnedMutexGuard<Session>) {
        let seat = OwnedMutexGuard::mutex(session).clone();
        let mut left_open = lock(&self.left_open);
        left_open.retain(|(_, known), other| known == id || !Arc::ptr_eq(other, &seat));
        if request.stays_open {
            session.stays_open = true;
            left_open.insert((request.agent.clone(), id.to_owned()), seat);
        }
    }

    /// Closes a conversation's session, and those of every conversation whose name goes on after it
    /// with a colon. One that steps share stays open until the run ends.
    pub(crate) async fn end(&self, conversation: &str) {
        let name = seat_of(conversation);
        let over = |other: &String| {
            other
                .strip_prefix(&name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        let seats: Vec<Seat> = lock(&self.conversations)
            .extract_if(|other, _| over(other))
            .map(|(_, seat)| seat)
            .collect();
        for seat in seats {
            // A turn that is still being cancelled closes nothing: its session goes with it.
            if let Ok(mut session) = seat.try_lock()
                && !session.stays_open
            {
                session.close(&self.limits).await;
            }
        }
    }

    /// Ends every process.
    pub(crate) async fn shutdown(&self) {
        lock(&self.conversations).clear();
        lock(&self.left_open).clear();
        let places: Vec<Place> = lock(&self.processes)
            .drain()
            .map(|(_, place)| place)
            .collect();
        let ends = places.into_iter().map(|place| async move {
            let connection = place.lock().await.take();
            if let Some(connection) = connection {
                connection.close(&self.limits).await;
            }
        });
        futures::future::join_all(ends).await;
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn seat_name(request: &StepRequest) -> String {
    match &request.session_key {
        Some(key) => format!(
            "key {key} of {} in {}",
            request.agent,
            request.cwd.display()
        ),
        None => seat_of(&request.conversation),
    }
}

fn seat_of(conversation: &str) -> String {
    format!("conversation {conversation}")
}

/// The environment that an agent's process can have: it serves every step of the run, so what is said
/// of one step (`FERMATA_STEP_…`) would be wrong for the next. Agents that know us find it in the prompt.
fn shared_env(request: &StepRequest) -> Vec<(String, String)> {
    let mut env: Vec<_> = request
        .env
        .iter()
        .filter(|(name, _)| !name.starts_with("FERMATA_STEP_"))
        .cloned()
        .collect();
    env.sort();
    env
}

/// The text to send. The protocol has no place for instructions, so they precede the first prompt.
fn prompt(request: &StepRequest, submits: bool) -> String {
    let mut text = String::new();
    if let Some(system) = request.system_prompt.as_ref().filter(|_| request.turn <= 1) {
        text.push_str(system);
        text.push_str("\n\n");
    }
    text.push_str(&request.prompt);
    if submits {
        text.push_str("\n\n");
        text.push_str(crate::submit::INSTRUCTION);
    }
    text
}

/// What an agent that knows us is told under `_meta.fermata`: enough to answer the same after a
/// restart, without memory.
fn about(request: &StepRequest, call: u32) -> Value {
    let round = request.round.and_then(|round| u32::try_from(round).ok());
    let visit = visit(&request.path).max(round.unwrap_or(1));
    json!({
        "run": request.run.as_str(),
        "step": request.step,
        "path": request.path.as_str(),
        "item": request.item,
        "role": match request.role {
            Role::Agent => "agent",
            Role::Validator => "validator",
            Role::Dialog => "dialog",
        },
        "visit": visit,
        "attempt": request.attempt,
        "call": call,
        "turn": request.turn,
    })
}
