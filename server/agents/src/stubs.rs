//! The agent of dry runs: it answers from a script, in this process, and starts nothing. Of a
//! script's actions only what is said, thought and counted happens; tools, waiting and crashes do not.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fermata_runner::agent::{
    AgentError, AgentErrorKind, AgentProvider, AgentSink, NoAgent, StepOutput, StepRequest,
    StopReason, Usage,
};

use crate::scripted::{About, Action, Calls, Script, ScriptError, Stop};

/// Answers by a script's rules; without a script nothing has an answer.
pub struct Stubs {
    script: Option<Script>,
    calls: Mutex<Calls>,
}

impl Stubs {
    /// The stubs of a file, or none.
    ///
    /// # Errors
    /// [`ScriptError`], which names the file and the place in it.
    pub fn read(file: Option<&Path>) -> Result<Self, ScriptError> {
        Ok(Self {
            script: file.map(Script::read).transpose()?,
            calls: Mutex::default(),
        })
    }
}

#[async_trait]
impl AgentProvider for Stubs {
    fn available(&self, _name: &str) -> Result<(), NoAgent> {
        Ok(())
    }

    async fn run_step(
        &self,
        request: StepRequest,
        sink: Arc<dyn AgentSink>,
    ) -> Result<StepOutput, AgentError> {
        let none = |message: String| failed(AgentErrorKind::NoStub, message);
        let Some(script) = &self.script else {
            return Err(none(format!(
                "no file of stubs was given; `--stubs FILE` names one with a rule `step: {}`",
                request.step
            )));
        };
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let about = About::of(&request, request.turn);
        let actions = script
            .choose(&about, &request.prompt, &mut calls)
            .map_err(none)?;
        let output = played(actions, &*sink)?;
        Ok(StepOutput {
            model: request.model,
            ..output
        })
    }

    async fn end(&self, _conversation: &str) {}

    async fn shutdown(&self) {}
}

fn failed(kind: AgentErrorKind, message: String) -> AgentError {
    AgentError {
        kind,
        message,
        retryable: false,
        status: None,
    }
}

fn played(actions: &[Action], sink: &dyn AgentSink) -> Result<StepOutput, AgentError> {
    let mut output = StepOutput {
        text: String::new(),
        value: None,
        stop: StopReason::EndTurn,
        usage: Usage::default(),
        model: None,
        session: None,
        denied: Vec::new(),
    };
    let mut say = |text: &str| {
        sink.message(text);
        output.text.push_str(text);
    };
    for action in actions {
        match action {
            Action::Say(text) => say(text),
            Action::Json(value) => say(&value.to_string()),
            Action::Think(text) => sink.thought(text),
            Action::Warn(text) => sink.warning(text),
            Action::Usage(tokens) => {
                output.usage = Usage {
                    input: Some(tokens.input),
                    output: Some(tokens.output),
                    cache_read: tokens.cache_read,
                    cache_write: tokens.cache_write,
                    cost_usd: tokens.cost_usd,
                };
            }
            Action::Tool(_) | Action::SleepMs(_) => {}
            Action::Stop(stop) => {
                output.stop = match stop {
                    Stop::EndTurn => StopReason::EndTurn,
                    Stop::MaxTokens => StopReason::MaxTokens,
                    Stop::MaxTurnRequests => StopReason::MaxTurnRequests,
                    Stop::Refusal => StopReason::Refusal,
                    Stop::Cancelled => StopReason::Cancelled,
                };
                break;
            }
            Action::Hang => {
                let message = "the stub never answers (`hang`)".to_owned();
                return Err(failed(AgentErrorKind::Timeout, message));
            }
            Action::Fail(fail) => {
                return Err(failed(AgentErrorKind::Provider, fail.message.clone()));
            }
            Action::Crash => {
                let message = "the stub's process ends (`crash`)".to_owned();
                return Err(failed(AgentErrorKind::Provider, message));
            }
        }
    }
    Ok(output)
}
