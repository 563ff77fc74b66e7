//! Agents that answer from a list: by name, turn after turn, the last answer for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fermata_runner::agent::{
    AgentError, AgentErrorKind, AgentProvider, AgentSink, NoAgent, StepOutput, StepRequest,
    StopReason, ToolServer, Usage,
};
use serde_json::Value;

/// One turn as it was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub step: String,
    pub conversation: String,
    pub turn: u32,
    pub prompt: String,
    pub system_prompt: Option<String>,
    pub model: Option<String>,
    pub tools: Option<Vec<String>>,
    pub tool_servers: Vec<ToolServer>,
}

#[derive(Default)]
pub struct Scripted {
    answers: HashMap<String, Vec<Value>>,
    models: Value,
    taken: Mutex<HashMap<String, usize>>,
    pub asked: Mutex<Vec<Asked>>,
}

impl Scripted {
    pub fn new(script: &Value) -> Arc<Self> {
        let answers = script
            .get("agents")
            .and_then(Value::as_object)
            .map(|agents| {
                agents
                    .iter()
                    .map(|(name, list)| {
                        (name.clone(), list.as_array().cloned().unwrap_or_default())
                    })
                    .collect()
            })
            .unwrap_or_default();
        Arc::new(Self {
            answers,
            models: script.get("models").cloned().unwrap_or_default(),
            ..Self::default()
        })
    }

    fn next(&self, step: &str) -> Option<Value> {
        let shared = match (step.find('['), step.find(']')) {
            (Some(open), Some(close)) => format!("{}{}", &step[..open], &step[close + 1..]),
            _ => step.to_owned(),
        };
        let name = [step, &shared]
            .into_iter()
            .find(|name| self.answers.contains_key(*name))?;
        let list = &self.answers[name];
        let mut taken = self.taken.lock().unwrap();
        let at = taken.entry(name.to_owned()).or_default();
        let answer = list.get(*at).or(list.last()).cloned();
        *at += 1;
        answer
    }
}

fn error(kind: AgentErrorKind, message: &str, retryable: bool, status: Option<u16>) -> AgentError {
    AgentError {
        kind,
        message: message.to_owned(),
        retryable,
        status,
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
        self.asked.lock().unwrap().push(Asked {
            step: request.step.clone(),
            conversation: request.conversation.clone(),
            turn: request.turn,
            prompt: request.prompt.clone(),
            system_prompt: request.system_prompt.clone(),
            model: request.model.clone(),
            tools: request.tools.clone(),
            tool_servers: request.tool_servers.clone(),
        });
        let efforts = request
            .model
            .as_ref()
            .and_then(|model| self.models.get(model)?.get("efforts")?.as_array());
        if let (Some(efforts), Some(effort)) = (efforts, &request.effort)
            && !efforts.iter().any(|known| known == effort.as_str())
        {
            return Err(error(
                AgentErrorKind::Unsupported,
                &format!("no effort {effort}"),
                false,
                None,
            ));
        }
        let Some(answer) = self.next(&request.step) else {
            return Err(error(
                AgentErrorKind::Provider,
                &format!("no script for {}", request.step),
                false,
                None,
            ));
        };
        let get = |key: &str| answer.get(key);
        if let Some(ms) = get("delay_ms").and_then(Value::as_u64) {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        if get("hang").is_some() {
            std::future::pending::<()>().await;
        }
        if let Some(message) = get("error").and_then(Value::as_str) {
            return Err(error(AgentErrorKind::Provider, message, true, None));
        }
        if let Some(raised) = get("raise") {
            let word = raised.as_str().unwrap_or_default();
            let message = get("message").and_then(Value::as_str).unwrap_or(word);
            let status = get("status_code")
                .and_then(Value::as_u64)
                .and_then(|s| u16::try_from(s).ok());
            let retryable = get("retryable")
                .and_then(Value::as_bool)
                .unwrap_or(match status {
                    Some(status) => status >= 500 || status == 429 || status == 408,
                    None => true,
                });
            return Err(match word {
                "ProviderError" => error(AgentErrorKind::Provider, message, retryable, status),
                "TimeoutError" => error(AgentErrorKind::Timeout, message, true, None),
                _ => error(AgentErrorKind::Provider, message, true, None),
            });
        }
        let text = match (&answer, get("text"), get("json")) {
            (Value::String(text), _, _) => text.clone(),
            (_, Some(text), _) => text.as_str().unwrap_or_default().to_owned(),
            (_, None, Some(json)) => json.to_string(),
            (_, None, None) => String::new(),
        };
        sink.message(&text);
        let tokens = |key: &str| answer.get("usage")?.get(key)?.as_u64();
        Ok(StepOutput {
            text,
            value: None,
            stop: StopReason::EndTurn,
            usage: Usage {
                input: tokens("input"),
                output: tokens("output"),
                cache_read: tokens("cache_read"),
                cache_write: tokens("cache_write"),
                cost_usd: None,
            },
            model: get("model")
                .and_then(Value::as_str)
                .map(str::to_owned)
                .or(request.model),
            session: None,
            denied: Vec::new(),
        })
    }

    async fn end(&self, _conversation: &str) {}

    async fn shutdown(&self) {}
}
