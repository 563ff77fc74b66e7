//! One turn: the prompt goes out, progress and permission requests come in, and the
//! response, the time limit or a cancellation ends it.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use fermata_runner::agent::{
    AgentError, AgentSink, PermissionDecision, PermissionOption as Choice, StopReason, Usage,
};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::connection::Connection;
use super::failure;
use super::permission;
use super::routes::Incoming;
use super::tool_calls::ToolCalls;
use crate::limits::Limits;
use crate::tool_titles;
use crate::wire::{
    self, CancelNotification, ContentBlock, NoticeSeverity, PermissionOption, PromptRequest,
    PromptResponse, RequestPermissionRequest, RequestPermissionResponse, Responder, SessionUpdate,
    TextContent,
};

/// What a turn needs besides its connection.
pub(crate) struct Order {
    pub session: String,
    pub prompt: String,
    /// Facts for agents that know us, under `_meta.fermata`.
    pub about: Value,
    pub timeout: Option<Duration>,
    /// Whether every tool is rejected, because the step has none.
    pub no_tools: bool,
    /// Names of the step's tool servers: what is asked for one of these is not rejected by `no_tools`.
    pub servers: Vec<String>,
    /// Whether the result may be handed in by our own tool, which is then allowed unasked.
    pub submits: bool,
    /// US dollars that the session had cost before.
    pub cost_before: f64,
}

/// What a turn gave.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub text: String,
    pub stop: StopReason,
    pub usage: Usage,
    pub denied: Vec<String>,
    /// US dollars of the session so far, if told.
    pub cost: Option<f64>,
}

struct Pending {
    call: String,
    responder: Responder<RequestPermissionResponse>,
    options: Vec<PermissionOption>,
    title: String,
}

type Decision = Pin<Box<dyn Future<Output = (u64, PermissionDecision)> + Send>>;

struct Turn<'a> {
    connection: &'a Connection,
    order: &'a Order,
    sink: Arc<dyn AgentSink>,
    text: String,
    /// Whether something else came since the last piece of text.
    interrupted: bool,
    calls: ToolCalls,
    denied: Vec<String>,
    cost: Option<f64>,
    pending: HashMap<u64, Pending>,
    decisions: FuturesUnordered<Decision>,
    next: u64,
    cancelling: bool,
}

/// Why a turn is being ended from our side.
enum Cut {
    Dropped,
    Slow(Duration),
    Silent(Duration),
}

/// Sends the prompt and stays until the turn has ended. `dropped` resolves when nobody wants the
/// result any more.
///
/// # Errors
/// The agent's error, its death, or the time limit. An agent that does not end a cancelled turn is killed.
pub(crate) async fn run(
    connection: &Connection,
    order: &Order,
    sink: Arc<dyn AgentSink>,
    dropped: oneshot::Receiver<()>,
    limits: &Limits,
) -> Result<Outcome, AgentError> {
    let incoming = connection.routes().open(&order.session);
    let result = Turn {
        connection,
        order,
        sink,
        text: String::new(),
        interrupted: false,
        calls: ToolCalls::default(),
        denied: Vec::new(),
        cost: None,
        pending: HashMap::new(),
        decisions: FuturesUnordered::new(),
        next: 0,
        cancelling: false,
    }
    .run(incoming, dropped, limits)
    .await;
    connection.routes().close(&order.session);
    result
}

impl Turn<'_> {
    async fn run(
        mut self,
        mut incoming: mpsc::UnboundedReceiver<Incoming>,
        mut dropped: oneshot::Receiver<()>,
        limits: &Limits,
    ) -> Result<Outcome, AgentError> {
        let mut meta = Map::new();
        meta.insert("fermata".to_owned(), self.order.about.clone());
        let text = ContentBlock::Text(TextContent::new(self.order.prompt.clone()));
        let request = PromptRequest::new(self.order.session.clone(), vec![text]).meta(meta);
        let mut response = pin!(self.connection.send(request));

        let start = Instant::now();
        let far = start + Duration::from_secs(60 * 60 * 24 * 365);
        let end = self.order.timeout.map_or(far, |limit| start + limit);
        let mut heard = Instant::now();
        let cut = loop {
            let silent = if self.pending.is_empty() {
                heard + limits.silence
            } else {
                far
            };
            tokio::select! {
                biased;
                Some(message) = incoming.recv() => {
                    heard = Instant::now();
                    self.take(message);
                }
                Some((id, decision)) = self.decisions.next(), if !self.decisions.is_empty() => {
                    heard = Instant::now();
                    self.decide(id, decision);
                }
                result = &mut response => {
                    return self.finish(result, &mut incoming).await;
                }
                _ = &mut dropped => break Cut::Dropped,
                () = tokio::time::sleep_until(end) => {
                    break Cut::Slow(self.order.timeout.unwrap_or_default());
                }
                () = tokio::time::sleep_until(silent) => break Cut::Silent(limits.silence),
            }
        };

        self.cancelling = true;
        self.connection
            .notify(CancelNotification::new(self.order.session.clone()));
        self.decisions.clear();
        for (_, pending) in self.pending.drain() {
            let _ = pending.responder.respond(permission::cancelled());
        }
        let grace = Instant::now() + limits.cancel;
        let ended = loop {
            tokio::select! {
                biased;
                Some(message) = incoming.recv() => self.take(message),
                _ = &mut response => break true,
                () = tokio::time::sleep_until(grace) => break false,
            }
        };
        let rest = if ended {
            String::new()
        } else {
            self.connection.kill();
            format!(
                "; it did not end the turn within {} after it was asked to, so its process group was killed",
                failure::in_words(limits.cancel)
            )
        };
        let launch = self.connection.launch();
        Err(match cut {
            Cut::Slow(limit) => failure::slow(launch, "the prompt", limit, &rest),
            Cut::Silent(limit) => {
                failure::slow(launch, "the prompt with any sign of life", limit, &rest)
            }
            Cut::Dropped => failure::slow(launch, "the prompt", Duration::ZERO, &rest),
        })
    }

    async fn finish(
        mut self,
        result: Result<PromptResponse, wire::Error>,
        incoming: &mut mpsc::UnboundedReceiver<Incoming>,
    ) -> Result<Outcome, AgentError> {
        // Everything that precedes the response on the wire is in the queue already.
        while let Ok(message) = incoming.try_recv() {
            self.take(message);
        }
        for (_, pending) in self.pending.drain() {
            let _ = pending.responder.respond(permission::cancelled());
        }
        if let Some((count, first)) = self.connection.noise().take() {
            self.sink.warning(&format!(
                "agent `{}` wrote {count} line(s) to its standard output that are not protocol; the first: {first:?}",
                self.connection.launch().name
            ));
        }
        let response = match result {
            Ok(response) => response,
            Err(error) => return Err(self.connection.failure("the turn", &error).await),
        };
        let mut usage = usage(&response);
        usage.cost_usd = self
            .cost
            .map(|cost| (cost - self.order.cost_before).max(0.0));
        Ok(Outcome {
            text: self.text,
            stop: stop(response.stop_reason),
            usage,
            denied: self.denied,
            cost: self.cost,
        })
    }

    fn take(&mut self, message: Incoming) {
        match message {
            Incoming::Update(update) => self.update(*update),
            Incoming::Permission(wish) => self.permission(&wish.request, wish.responder),
        }
    }

    fn update(&mut self, update: SessionUpdate) {
        match update {
            SessionUpdate::AgentMessageChunk(chunk) => {
                if let Some(text) = text_of(chunk.content) {
                    self.say(&text);
                }
            }
            SessionUpdate::AgentThoughtChunk(chunk) => {
                if let Some(text) = text_of(chunk.content) {
                    self.sink.thought(&text);
                }
            }
            SessionUpdate::ToolCall(call) => {
                self.interrupted = true;
                if let Some(shown) = self.calls.announced(&call) {
                    self.sink.tool_call(shown);
                }
            }
            SessionUpdate::ToolCallUpdate(update) => {
                self.interrupted = true;
                if let Some(shown) = self.calls.changed(&update) {
                    self.sink.tool_call(shown);
                }
            }
            SessionUpdate::UsageUpdate(update) => {
                let mut report = Map::new();
                report.insert("context_used".to_owned(), json!(update.used));
                report.insert("context_size".to_owned(), json!(update.size));
                if let Some(cost) = &update.cost {
                    report.insert("cost".to_owned(), json!(cost.amount));
                    report.insert("currency".to_owned(), json!(cost.currency));
                    if cost.currency == "USD" {
                        self.cost = Some(cost.amount);
                    }
                }
                self.sink.usage(report);
            }
            SessionUpdate::Notice(notice) => {
                let text = match notice.description {
                    Some(description) => format!("{}: {description}", notice.title),
                    None => notice.title,
                };
                if matches!(notice.severity, NoticeSeverity::Info) {
                    tracing::info!(notice = %text, "from an agent");
                } else if self.connection.says_first(&text) {
                    self.sink.warning(&text);
                }
            }
            _ => {}
        }
    }

    /// A piece of the answer. What an agent says before and after a tool call are two messages,
    /// and are not run together.
    fn say(&mut self, text: &str) {
        if self.interrupted && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push_str("\n\n");
        }
        self.interrupted = false;
        self.text.push_str(text);
        self.sink.message(text);
    }

    fn permission(
        &mut self,
        request: &RequestPermissionRequest,
        responder: Responder<RequestPermissionResponse>,
    ) {
        self.interrupted = true;
        if self.cancelling {
            let _ = responder.respond(permission::cancelled());
            return;
        }
        if let Some(shown) = self.calls.changed(&request.tool_call) {
            self.sink.tool_call(shown);
        }
        let known = self.calls.known(&request.tool_call.tool_call_id.0);
        let asked = permission::asked(
            request,
            known.map_or("", |call| call.title.as_str()),
            known.and_then(|call| call.kind.as_deref()),
        );
        let id = self.next;
        self.next += 1;
        let pending = Pending {
            call: asked.call.clone(),
            responder,
            options: request.options.clone(),
            title: asked.title.clone(),
        };
        self.pending.insert(id, pending);
        let titles = self.calls.titles(&asked.call);
        if self.order.submits && crate::submit::is_submission(&asked, titles) {
            return self.decide(id, PermissionDecision::Chosen(Choice::AllowOnce));
        }
        let of_servers = |server: &String| tool_titles::asked_for(&asked, titles, server).is_some();
        if self.order.no_tools && !self.order.servers.iter().any(of_servers) {
            return self.decide(id, PermissionDecision::Chosen(Choice::RejectOnce));
        }
        let sink = self.sink.clone();
        self.decisions
            .push(Box::pin(async move { (id, sink.permission(asked).await) }));
    }

    fn decide(&mut self, id: u64, decision: PermissionDecision) {
        let Some(pending) = self.pending.remove(&id) else {
            return;
        };
        let reply = permission::reply(&pending.options, decision);
        if !reply.allowed && decision != PermissionDecision::Cancelled {
            self.denied.push(pending.title);
            // Not every agent says what became of a call that was rejected.
            if let Some(shown) = self.calls.failed(&pending.call) {
                self.sink.tool_call(shown);
            }
        }
        let _ = pending.responder.respond(reply.response);
    }
}

fn text_of(content: ContentBlock) -> Option<String> {
    match content {
        ContentBlock::Text(text) => Some(text.text),
        ContentBlock::ResourceLink(link) => Some(link.uri),
        _ => None,
    }
}

fn stop(reason: wire::StopReason) -> StopReason {
    match reason {
        wire::StopReason::MaxTokens => StopReason::MaxTokens,
        wire::StopReason::MaxTurnRequests => StopReason::MaxTurnRequests,
        wire::StopReason::Refusal => StopReason::Refusal,
        wire::StopReason::Cancelled => StopReason::Cancelled,
        _ => StopReason::EndTurn,
    }
}

/// Token counts: where the protocol has them, else where Gemini puts them.
fn usage(response: &PromptResponse) -> Usage {
    if let Some(usage) = &response.usage {
        return Usage {
            input: Some(usage.input_tokens),
            output: Some(usage.output_tokens),
            cache_read: usage.cached_read_tokens,
            cache_write: usage.cached_write_tokens,
            cost_usd: None,
        };
    }
    let counts = response
        .meta
        .as_ref()
        .and_then(|meta| meta.get("quota"))
        .and_then(|quota| quota.get("token_count"));
    let count = |name: &str| {
        counts
            .and_then(|counts| counts.get(name))
            .and_then(Value::as_u64)
    };
    Usage {
        input: count("input_tokens"),
        output: count("output_tokens"),
        ..Usage::default()
    }
}
