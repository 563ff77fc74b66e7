//! Agents that answer from a case's script: by step, an answer that matches the
//! prompt first, else the next one of the list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fermata_control::Control;
use fermata_engine::{RunId, SessionStart};
use fermata_runner::agent::{
    AgentError, AgentErrorKind, AgentProvider, AgentSink, NoAgent, StepOutput, StepRequest,
    StopReason, Usage,
};
use serde_json::Value;

use crate::observed::step_name;

/// One turn as it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) action: usize,
    pub(crate) run: RunId,
    pub(crate) step: String,
    /// Nth of that step in that run, from 1.
    pub(crate) call: usize,
    pub(crate) iteration: Option<u64>,
    /// Index in the script's list.
    pub(crate) answer: usize,
    pub(crate) request: StepRequest,
    /// Session that was given back.
    pub(crate) returned: Option<String>,
    /// Session that was gone on with.
    pub(crate) resumed: Option<String>,
}

#[derive(Default)]
struct Memory {
    action: usize,
    used: HashMap<(String, usize), u64>,
    calls: Vec<Asked>,
}

pub(crate) struct Scripted {
    answers: HashMap<String, Vec<Value>>,
    control: Control,
    memory: Mutex<Memory>,
}

impl Scripted {
    pub(crate) fn new(answers: &Value, control: Control) -> Arc<Self> {
        let answers = answers
            .as_object()
            .into_iter()
            .flatten()
            .map(|(step, list)| (step.clone(), list.as_array().cloned().unwrap_or_default()))
            .collect();
        Arc::new(Self {
            answers,
            control,
            memory: Mutex::default(),
        })
    }

    /// The action that is taken now, from 1.
    pub(crate) fn action(&self, number: usize) {
        self.memory.lock().unwrap().action = number;
    }

    pub(crate) fn calls(&self) -> Vec<Asked> {
        self.memory.lock().unwrap().calls.clone()
    }

    /// Notes the turn and picks its answer.
    fn take(&self, request: &StepRequest) -> Option<(Value, Option<String>)> {
        let (step, iteration) = step_name(&request.path);
        let mut memory = self.memory.lock().unwrap();
        let list = self.answers.get(&step)?;
        let used =
            |memory: &Memory, at: usize| memory.used.get(&(step.clone(), at)).copied().unwrap_or(0);
        let matching = list.iter().position(|answer| {
            answer["match"]
                .as_str()
                .is_some_and(|text| request.prompt.contains(text))
        });
        let matching = matching.filter(|at| {
            list[*at]["times"]
                .as_u64()
                .is_none_or(|times| used(&memory, *at) < times)
        });
        let at = matching.or_else(|| {
            (0..list.len()).find(|at| list[*at]["match"].is_null() && used(&memory, *at) == 0)
        })?;
        *memory.used.entry((step.clone(), at)).or_default() += 1;
        let call = 1 + memory
            .calls
            .iter()
            .filter(|c| c.run == request.run && c.step == step)
            .count();
        let answer = match &list[at] {
            Value::String(text) => serde_json::json!({ "text": text }),
            answer => answer.clone(),
        };
        let resumed = request.session.source().map(str::to_owned);
        let returned = match &answer["session"] {
            Value::String(word) if word == "same" => resumed.clone(),
            Value::String(id) => Some(id.clone()),
            _ if answer.get("session").is_some() => None,
            _ => Some(format!("{}/{step}#{call}", request.run)),
        };
        let action = memory.action;
        memory.calls.push(Asked {
            action,
            run: request.run.clone(),
            step,
            call,
            iteration,
            answer: at,
            request: request.clone(),
            returned: returned.clone(),
            resumed,
        });
        Some((answer, returned))
    }
}

fn failed(message: &str) -> AgentError {
    AgentError {
        kind: AgentErrorKind::Provider,
        message: message.to_owned(),
        retryable: false,
        status: None,
    }
}

#[async_trait]
impl AgentProvider for Scripted {
    fn available(&self, _name: &str) -> Result<(), NoAgent> {
        Ok(())
    }

    async fn run_step(
        &self,
        request: StepRequest,
        sink: Arc<dyn AgentSink>,
    ) -> Result<StepOutput, AgentError> {
        let Some((answer, session)) = self.take(&request) else {
            return Err(failed(&format!("no script for {}", request.path)));
        };
        if let Some(ms) = answer["wait_ms"].as_u64() {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        if answer["external"] == "abandon" {
            let (control, run) = (self.control.clone(), request.run.clone());
            tokio::task::spawn_blocking(move || control.abandon(&run));
            // The order to end comes while the turn is on.
            std::future::pending::<()>().await;
        }
        let mut text = String::new();
        for event in answer["events"].as_array().into_iter().flatten() {
            if event["type"] == "assistant" {
                text.push_str(event["content"].as_str().unwrap_or_default());
            }
        }
        match &answer["chunks"] {
            Value::Array(chunks) => {
                for chunk in chunks {
                    text.push_str(chunk.as_str().unwrap_or_default());
                }
            }
            _ => text.push_str(answer["text"].as_str().unwrap_or_default()),
        }
        if !text.is_empty() {
            sink.message(&text);
        }
        if answer["hang"] == true {
            std::future::pending::<()>().await;
        }
        if let Some(message) = answer["error"].as_str() {
            return Err(failed(message));
        }
        let result = &answer["result"];
        if result["isError"] == true && result["errorSubtype"] != "success" {
            return Err(failed(&format!(
                "{}: {}",
                result["errorSubtype"], result["errors"]
            )));
        }
        // A copy under the name of the original is none.
        let copied = answer["resumed"] != false && session.as_deref() != request.session.source();
        if matches!(request.session, SessionStart::Fork { needed: true, .. }) && !copied {
            return Err(AgentError {
                kind: AgentErrorKind::Session,
                ..failed("the session is lost")
            });
        }
        Ok(StepOutput {
            text,
            value: answer.get("structured").cloned(),
            stop: StopReason::EndTurn,
            usage: Usage {
                input: answer
                    .pointer("/result/tokens/input")
                    .and_then(Value::as_u64),
                output: answer
                    .pointer("/result/tokens/output")
                    .and_then(Value::as_u64),
                cost_usd: answer.pointer("/result/cost").and_then(Value::as_f64),
                ..Usage::default()
            },
            model: answer
                .pointer("/result/resolvedModel/id")
                .and_then(Value::as_str)
                .map(str::to_owned),
            session,
            denied: Vec::new(),
        })
    }

    fn enforces(&self, agent: &str) -> bool {
        matches!(agent, "claude" | "codex" | "opencode")
    }

    async fn end(&self, _conversation: &str) {}

    async fn shutdown(&self) {}
}
