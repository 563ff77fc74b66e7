//! Which process and which session a turn runs in, and that a turn nobody waits
//! for any more is ended.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

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

/// Agent, environment and start flags: what turns must share to share a process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ProcessKey {
    agent: String,
    extra: Vec<String>,
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
        let seat = self.seat(&request);
        let session = seat.lock_owned().await;
        let (alive, dropped) = oneshot::channel::<()>();
        let host = self.clone();
        // A task of its own, so that it can still cancel and kill when this future is dropped.
        let task = tokio::spawn(async move {
            host.turn(Arc::new(launch), request, call, session, sink, dropped)
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
        mut session: OwnedMutexGuard<Session>,
        sink: Arc<dyn AgentSink>,
        mut dropped: oneshot::Receiver<()>,
    ) -> Result<StepOutput, AgentError> {
        // The conversation begins again when its first turn comes again, unless steps share it.
        if request.turn <= 1 && request.session_key.is_none() && session.was_open() {
            session.close(&self.limits).await;
        }
        let opening = self.open(&launch, &request, &mut session, &*sink);
        let (connection, id) = tokio::select! {
            opened = opening => opened?,
            _ = &mut dropped => {
                return Err(failure::slow(&launch, "the opening of a session", self.limits.session, ""));
            }
        };
        sink.process(connection.process().id().clone());
        if let Some(ticket) = &session.ticket {
            ticket.clear();
        }
        let order = Order {
            session: id,
            prompt: prompt(&request, session.ticket.is_some()),
            about: about(&request, call),
            timeout: request.timeout,
            no_tools: request.tools.as_ref().is_some_and(Vec::is_empty) && !launch.scripted,
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
        if let Some(live) = session.live() {
            return Ok(live);
        }
        let connection = self.connection(launch, request).await?;
        if !launch.scripted {
            self.told.settings(&launch.name, request, sink);
            let can = &connection.greeting().agent_capabilities;
            session.tool_servers =
                self.told
                    .servers(&launch.name, can, &request.tool_servers, sink);
        }
        if session.ticket.is_none()
            && request.session_key.is_none()
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
        let model = request.model.as_ref().or(launch.model.as_ref());
        let extra: Vec<String> = match (&launch.model_flag, model) {
            (Some(flag), Some(model)) => vec![flag.clone(), model.clone()],
            _ => Vec::new(),
        };
        let env = shared_env(request);
        let key = ProcessKey {
            agent: launch.name.clone(),
            extra: extra.clone(),
            env: env.clone(),
        };
        let place = self
            .processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(key)
            .or_default()
            .clone();
        let mut place = place.lock().await;
        if let Some(connection) = place.as_ref().filter(|it| it.is_alive()) {
            return Ok(connection.clone());
        }
        *place = None;
        let connection = Arc::new(
            Connection::start(launch.clone(), &extra, &request.cwd, &env, &self.limits).await?,
        );
        *place = Some(connection.clone());
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
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let call = calls.entry(attempt).or_default();
        *call += 1;
        *call
    }

    fn seat(&self, request: &StepRequest) -> Seat {
        self.conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(seat_name(request))
            .or_default()
            .clone()
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
        let seats: Vec<Seat> = self
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extract_if(|other, _| over(other))
            .map(|(_, seat)| seat)
            .collect();
        for seat in seats {
            // A turn that is still being cancelled closes nothing: its session goes with it.
            if let Ok(mut session) = seat.try_lock() {
                session.close(&self.limits).await;
            }
        }
    }

    /// Ends every process.
    pub(crate) async fn shutdown(&self) {
        self.conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        let places: Vec<Place> = self
            .processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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
