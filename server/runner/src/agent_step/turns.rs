//! Turns of a call: the prompt, re-prompts in the same session until the answer
//! can be read, and whole calls tried again as the retry policy says.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fermata_engine::{AgentCall, Failure, RunId, Session};
use fermata_store::process::STEP_KEY;
use serde_json::{Map, Value};

use crate::agent::{
    AgentError, AgentErrorKind, Role, StepOutput, StepRequest, StopReason, ToolServer, Usage,
};
use crate::sink::Sink;

use super::answer::{self, Unfit};
use super::{MISSING_STUB, Stage, cost, put, shape, words};
use crate::agent::AgentSink;

/// Re-prompts where the step does not say how many.
const RECOVERIES: u32 = 5;
/// Tries, first delay and its growth where the step has no retry policy.
const ATTEMPTS: u32 = 3;
const DELAY: f64 = 1.0;
/// Longest delay between tries unless the first is longer, seconds.
const LONGEST_DELAY: f64 = 30.0;

/// What an attempt used.
#[derive(Default)]
pub(crate) struct Spent {
    turns: u64,
    calls: u64,
    usage: Usage,
    model: Option<String>,
    cost: Option<f64>,
    denied: Vec<String>,
    by_turn: Vec<(Usage, Option<String>)>,
    session: Option<Session>,
}

impl Spent {
    pub(super) fn add(&mut self, output: &StepOutput) {
        self.turns += 1;
        let model = output.model.clone();
        add(&mut self.usage.input, output.usage.input);
        add(&mut self.usage.output, output.usage.output);
        add(&mut self.usage.cache_read, output.usage.cache_read);
        add(&mut self.usage.cache_write, output.usage.cache_write);
        self.by_turn.push((output.usage.clone(), model.clone()));
        self.model = model.or_else(|| self.model.take());
        self.denied.extend(output.denied.iter().cloned());
    }

    /// Notes in which session the step's own turn was, where that means something to later steps.
    pub(super) fn was_in(&mut self, call: &AgentCall, agent: &str, output: &StepOutput) {
        let shared = call.session_key.is_some() || call.text.is_some();
        self.session = output.session.clone().filter(|_| shared).map(|id| Session {
            id,
            agent: agent.to_owned(),
            from: call.session.start.source().map(str::to_owned),
            key: call.session_key.clone(),
            cwd: call.session_key.as_ref().and(call.cwd.clone()),
        });
    }

    /// As it stands in the result event.
    pub(super) fn detail(mut self, pricing: Option<&Value>) -> Map<String, Value> {
        for (usage, model) in &self.by_turn {
            if let Some(cost) = cost::of(usage, model.as_deref(), pricing) {
                self.cost = Some(self.cost.unwrap_or(0.0) + cost);
            }
        }
        let mut detail = Map::new();
        put(&mut detail, "turns", self.turns);
        put(&mut detail, "calls", self.calls);
        if let Some(model) = self.model {
            put(&mut detail, "model", model);
        }
        for (key, count) in [
            ("input_tokens", self.usage.input),
            ("output_tokens", self.usage.output),
            ("cache_read_tokens", self.usage.cache_read),
            ("cache_write_tokens", self.usage.cache_write),
        ] {
            if let Some(count) = count {
                put(&mut detail, key, count);
            }
        }
        if let Some(cost) = self.cost {
            put(&mut detail, "cost_usd", cost);
        }
        if !self.denied.is_empty() {
            put(&mut detail, "denied", self.denied);
        }
        detail.extend(self.session.map(|session| session.fact()));
        detail
    }
}

fn add(sum: &mut Option<u64>, more: Option<u64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or(0) + more);
    }
}

/// Beginning of the names of all conversations of an attempt.
fn prefix(run: &RunId, call: &AgentCall) -> String {
    format!("{run}:{}:{}", call.path, call.attempt)
}

/// The step's own limit or that of its session, whichever ends first.
fn longest(call: &AgentCall) -> Option<Duration> {
    let session = call
        .settings
        .get("max_session_seconds")
        .and_then(Value::as_f64);
    let limits = [call.timeout_seconds, session].into_iter().flatten();
    let limit = limits.reduce(f64::min)?;
    Duration::try_from_secs_f64(limit).ok()
}

/// All calls of one attempt.
pub(super) struct Conversation<'a> {
    pub(super) call: &'a AgentCall,
    pub(super) stage: &'a Stage,
    cwd: PathBuf,
    tool_servers: Vec<ToolServer>,
    pub(super) sink: Arc<Sink>,
    pub(super) opened: &'a Opened,
}

/// How many conversations an attempt has opened; known also after the attempt was cut off.
#[derive(Default)]
pub(super) struct Opened(AtomicU32);

impl Opened {
    /// The name of the next conversation.
    pub(super) fn next(&self, run: &RunId, call: &AgentCall) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}:{number}", prefix(run, call))
    }

    /// Closes every conversation of the attempt.
    pub(super) async fn end(&self, stage: &Stage, call: &AgentCall) {
        for number in 1..=self.0.load(Ordering::Relaxed) {
            let name = format!("{}:{number}", prefix(&stage.run, call));
            stage.provider.end(&name).await;
        }
    }
}

impl<'a> Conversation<'a> {
    pub(super) fn new(
        call: &'a AgentCall,
        stage: &'a Stage,
        cwd: PathBuf,
        tool_servers: Vec<ToolServer>,
        sink: Arc<Sink>,
        opened: &'a Opened,
    ) -> Self {
        Self {
            call,
            stage,
            cwd,
            tool_servers,
            sink,
            opened,
        }
    }

    /// What the calls are for.
    pub(super) fn call(&self) -> &'a AgentCall {
        self.call
    }

    /// The step's own call.
    pub(super) async fn agent(
        &mut self,
        prompt: &str,
        spent: &mut Spent,
    ) -> Result<Value, Failure> {
        let call = self.call;
        // With an empty map of fields nothing was asked for (specs/conductor.md 4.6).
        let schema = call
            .schema
            .as_ref()
            .filter(|schema| !call.raw && !schema.is_empty());
        let request = self.request(Role::Agent, call.shown.clone(), call.system_prompt.clone());
        let request = StepRequest {
            model: call.model.clone(),
            ..request
        };
        self.retried(request, prompt, schema, spent).await
    }

    pub(super) fn request(
        &self,
        role: Role,
        step: String,
        system_prompt: Option<String>,
    ) -> StepRequest {
        let call = self.call;
        StepRequest {
            run: self.stage.run.clone(),
            path: call.path.clone(),
            step,
            item: call.item.clone(),
            role,
            agent: self
                .stage
                .agent
                .clone()
                .or_else(|| call.provider.clone())
                .unwrap_or_else(|| "copilot".to_owned()),
            attempt: call.attempt,
            round: call.round,
            conversation: String::new(),
            turn: 1,
            session_key: call.session_key.clone(),
            session: call.session.start.clone(),
            stays_open: call.session.stays_open,
            cwd: self.cwd.clone(),
            prompt: String::new(),
            system_prompt,
            schema: None,
            model: None,
            effort: call.effort.clone(),
            context_tier: call.context_tier.clone(),
            tools: call.tools.clone(),
            env: vec![
                ("FERMATA_STEP_ATTEMPT".to_owned(), call.attempt.to_string()),
                (
                    STEP_KEY.to_owned(),
                    format!("{}:{}", self.stage.run, call.path),
                ),
            ],
            permissions: self.stage.policy.clone(),
            tool_servers: self.tool_servers.clone(),
            settings: call.settings.clone(),
            timeout: longest(call),
        }
    }

    /// A whole call, tried again as the policy says; each try has a fresh session and a fresh budget of re-prompts.
    pub(super) async fn retried(
        &mut self,
        request: StepRequest,
        prompt: &str,
        schema: Option<&Map<String, Value>>,
        spent: &mut Spent,
    ) -> Result<Value, Failure> {
        spent.calls += 1;
        let retry = self.call.retry.as_ref();
        let attempts = retry.map_or(ATTEMPTS, |retry| retry.max_attempts).max(1);
        let mut tried = 0;
        loop {
            tried += 1;
            let conversation = self.opened.next(&self.stage.run, self.call);
            let request = StepRequest {
                conversation: conversation.clone(),
                ..request.clone()
            };
            let name = request.step.clone();
            let result = self.turns(request, prompt, schema, spent).await;
            self.stage.provider.end(&conversation).await;
            let error = match result {
                Ok(value) => return Ok(value),
                Err(Stop::Unfit(failure)) => return Err(failure),
                Err(Stop::Agent(error)) => error,
            };
            if error.kind == AgentErrorKind::NoStub {
                self.sink.missing_stub(&name, &error.message);
            }
            if tried >= attempts || !self.may_retry(&error) {
                return Err(provider_failure(&error, tried));
            }
            let delay = self.delay(tried);
            self.sink.warning(&format!(
                "try {tried} of {attempts} failed, the next one follows in {delay} s: {}",
                error.message
            ));
            tokio::time::sleep(Duration::from_secs_f64(delay)).await;
        }
    }

    fn may_retry(&self, error: &AgentError) -> bool {
        if !error.retryable {
            return false;
        }
        let timeout = error.kind == AgentErrorKind::Timeout
            || error.status == Some(408)
            || error.message.to_lowercase().contains("timeout");
        let category = if timeout { "timeout" } else { "provider_error" };
        match &self.call.retry {
            Some(retry) => {
                retry.retry_on.is_empty() || retry.retry_on.iter().any(|on| on == category)
            }
            None => true,
        }
    }

    /// Seconds before the try after `tried`.
    fn delay(&self, tried: u32) -> f64 {
        let (base, grows) = self.call.retry.as_ref().map_or((DELAY, true), |retry| {
            (retry.delay_seconds, retry.exponential)
        });
        let wanted = if grows {
            base * f64::from(2_u32.saturating_pow(tried.saturating_sub(1)))
        } else {
            base
        };
        wanted.min(LONGEST_DELAY.max(base))
    }

    /// Turns of one session until the answer fits.
    async fn turns(
        &self,
        mut request: StepRequest,
        prompt: &str,
        schema: Option<&Map<String, Value>>,
        spent: &mut Spent,
    ) -> Result<Value, Stop> {
        let recoveries = self
            .call
            .retry
            .as_ref()
            .and_then(|retry| retry.max_parse_recovery_attempts)
            .unwrap_or(RECOVERIES);
        request.prompt = match schema {
            Some(schema) => format!("{prompt}{}", words::shape(schema)),
            None => prompt.to_owned(),
        };
        request.schema = schema.map(shape::json_schema);
        let mut recovered = 0;
        loop {
            let sink: Arc<dyn AgentSink> = self.sink.clone();
            let output = self
                .stage
                .provider
                .run_step(request.clone(), sink)
                .await
                .map_err(Stop::Agent)?;
            spent.add(&output);
            if request.role == Role::Agent {
                spent.was_in(self.call, &request.agent, &output);
            }
            let unfit = match output.stop {
                StopReason::Cancelled => {
                    return Err(Stop::Agent(AgentError {
                        kind: AgentErrorKind::Provider,
                        message: words::gave_up(
                            &self.call.step,
                            "cancelled the turn",
                            &output.denied,
                        ),
                        retryable: false,
                        status: None,
                    }));
                }
                StopReason::EndTurn
                | StopReason::MaxTokens
                | StopReason::MaxTurnRequests
                | StopReason::Refusal => match answer::read(&output, schema, &self.call.step) {
                    Ok(value) => return Ok(value),
                    Err(unfit) => unfit,
                },
            };
            let Some(schema) = schema else {
                return Err(Stop::Unfit(final_failure(unfit, recovered)));
            };
            if recovered >= recoveries {
                return Err(Stop::Unfit(final_failure(unfit, recovered)));
            }
            recovered += 1;
            request.turn += 1;
            request.prompt = match &unfit {
                Unfit::Unreadable(error) => words::unreadable(schema, error),
                Unfit::Shape(failure) => words::unfit(schema, &failure.message),
            };
            self.sink.warning(&format!(
                "the answer did not fit, re-prompt {recovered} of {recoveries}: {}",
                match &unfit {
                    Unfit::Unreadable(error) => error,
                    Unfit::Shape(failure) => &failure.message,
                }
            ));
        }
    }
}

/// Why a call gave nothing.
enum Stop {
    /// The agent failed.
    Agent(AgentError),
    /// Its answers never fitted.
    Unfit(Failure),
}

fn final_failure(unfit: Unfit, recovered: u32) -> Failure {
    match unfit {
        Unfit::Shape(failure) => failure,
        Unfit::Unreadable(error) => Failure {
            kind: "ProviderError".to_owned(),
            message: format!(
                "no JSON object could be read from the answer, also not after {recovered} re-prompts: {error}"
            ),
            names: Vec::new(),
        },
    }
}

fn provider_failure(error: &AgentError, tried: u32) -> Failure {
    let kind = match error.kind {
        AgentErrorKind::Unsupported => "ValidationError",
        AgentErrorKind::NoStub => MISSING_STUB,
        AgentErrorKind::Provider
        | AgentErrorKind::Session
        | AgentErrorKind::Timeout
        | AgentErrorKind::Auth
        | AgentErrorKind::Start => "ProviderError",
    };
    let message = if tried > 1 {
        format!("after {tried} tries: {}", error.message)
    } else {
        error.message.clone()
    };
    Failure {
        kind: kind.to_owned(),
        message,
        names: Vec::new(),
    }
}
