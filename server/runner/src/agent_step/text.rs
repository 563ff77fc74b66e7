//! An Archon prompt (specs/archon.md 4.2): the answer is a text, or is read by
//! a JSON Schema and asked for again a few times. Trying the whole step again
//! is the scheduler's, not done here.

use std::time::Duration;

use fermata_engine::archon::RETRYABLE;
use fermata_engine::{Failure, TextAnswer};
use fermata_expr::archon::output::json_text;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::agent::{AgentError, AgentErrorKind, Role, StepOutput, StepRequest, StopReason, Usage};

use super::turns::{Conversation, Spent};
use super::{MISSING_STUB, words};

/// What an agent says instead of an answer when nothing is left to pay with. Only a short answer that has nothing else
/// to say counts, so that a sentence about credit is no failure.
const SPENT: &[&str] = &[
    "credit balance is too low",
    "out of credits",
    "insufficient credits",
    "credit exhaustion",
    "usage limit reached",
    "session limit reached",
    "hit your session limit",
    "hit your usage limit",
];
/// Longest such answer, characters.
const SHORT: usize = 200;

impl Conversation<'_> {
    /// The answer; what else is known of it goes into `facts`.
    pub(super) async fn text(
        &mut self,
        rule: &TextAnswer,
        spent: &mut Spent,
        facts: &mut Map<String, Value>,
    ) -> Result<Value, Failure> {
        let call = self.call;
        let validator = match &rule.schema {
            None => None,
            Some(schema) => jsonschema::validator_for(schema)
                .inspect_err(|error| {
                    use crate::agent::AgentSink as _;
                    self.sink.warning(&format!(
                        "`output_format` of `{}` is no JSON Schema and is not enforced: {error}",
                        call.step
                    ));
                })
                .ok(),
        };
        let conversation = self.opened.next(&self.stage.run, call);
        let mut request = StepRequest {
            conversation: conversation.clone(),
            model: call.model.clone(),
            schema: rule.schema.clone().filter(|_| validator.is_some()),
            prompt: match (&validator, &rule.schema) {
                (Some(_), Some(schema)) => format!("{}{}", call.prompt, wanted(schema)),
                _ => call.prompt.clone(),
            },
            ..self.request(Role::Agent, call.shown.clone(), call.system_prompt.clone())
        };
        let reasks = if self.stage.provider.enforces(&request.agent) {
            0
        } else {
            rule.reasks
        };
        let mut reasked = 0;
        let result = loop {
            let output = match self.turn(&request, rule, spent).await {
                Ok(output) => output,
                Err(error) => break Err(error),
            };
            let Some(validator) = &validator else {
                break plain(&call.step, output, rule, facts);
            };
            let value = match &output.value {
                Some(value) => Some(value.clone()),
                // An agent that enforces the schema hands the value in; what else it says is no answer.
                None if self.stage.provider.enforces(&request.agent) => None,
                None => structured(&output),
            };
            let unfit = match value {
                Some(value) => match first_problem(validator, &value) {
                    None => {
                        facts.insert("structured".to_owned(), Value::Bool(true));
                        if rule.beside && !output.text.trim().is_empty() {
                            facts.insert("beside".to_owned(), Value::from(output.text));
                        }
                        break Ok(value);
                    }
                    Some(problem) => ("schema-invalid", problem),
                },
                None if rule.strict && is_spent(&output.text) => {
                    break Err(credit(&call.step, &output.text));
                }
                None => ("schema-missing", "there was no JSON value in it".to_owned()),
            };
            if reasked >= reasks {
                break Err(failed(
                    unfit.0,
                    format!(
                        "the answer of `{}` does not fit its `output_format`, also not after {reasked} further turns: {}",
                        call.step, unfit.1
                    ),
                ));
            }
            reasked += 1;
            request.turn += 1;
            request.prompt = format!(
                "Your last answer does not fit: {}. Answer again, with one JSON value that fits the schema and nothing else.{}",
                unfit.1,
                rule.schema.as_ref().map(wanted).unwrap_or_default()
            );
        };
        self.stage.provider.end(&conversation).await;
        result
    }

    /// One turn, ended when nothing is heard for too long. What was said until then counts.
    async fn turn(
        &self,
        request: &StepRequest,
        rule: &TextAnswer,
        spent: &mut Spent,
    ) -> Result<StepOutput, Failure> {
        self.sink.heard.clear();
        let idle = Duration::from_secs_f64(rule.idle_seconds);
        let turn = self
            .stage
            .provider
            .run_step(request.clone(), self.sink.clone());
        tokio::pin!(turn);
        let result = loop {
            let last = self.sink.heard.last().unwrap_or_else(Instant::now);
            tokio::select! {
                result = &mut turn => break result,
                () = tokio::time::sleep_until(last + idle) => {}
            }
            let silent = self
                .sink
                .heard
                .last()
                .is_none_or(|last| last.elapsed() >= idle);
            if !silent {
                continue;
            }
            let text = self.sink.heard.text();
            if text.trim().is_empty() {
                return Err(failed(
                    "idle-timeout",
                    format!(
                        "nothing was heard of the agent of `{}` for {} s (`idle_timeout`)",
                        self.call.step, rule.idle_seconds
                    ),
                ));
            }
            use crate::agent::AgentSink as _;
            self.sink.warning(&format!(
                "the agent fell silent for {} s; what it had said until then is its answer",
                rule.idle_seconds
            ));
            break Ok(StepOutput {
                text,
                value: None,
                stop: StopReason::EndTurn,
                usage: Usage::default(),
                model: None,
                session: None,
                denied: Vec::new(),
            });
        };
        let output = result.map_err(|error| {
            if error.kind == AgentErrorKind::NoStub {
                self.sink.missing_stub(&request.step, &error.message);
            }
            refused(&error)
        })?;
        spent.add(&output);
        spent.was_in(self.call, &request.agent, &output);
        match output.stop {
            StopReason::Cancelled => Err(failed(
                "cancelled",
                words::gave_up(&self.call.step, "cancelled the turn", &output.denied),
            )),
            StopReason::EndTurn
            | StopReason::MaxTokens
            | StopReason::MaxTurnRequests
            | StopReason::Refusal => Ok(output),
        }
    }
}

fn plain(
    step: &str,
    output: StepOutput,
    rule: &TextAnswer,
    facts: &mut Map<String, Value>,
) -> Result<Value, Failure> {
    if rule.strict && is_spent(&output.text) {
        return Err(credit(step, &output.text));
    }
    if rule.strict && output.text.trim().is_empty() && output.value.is_none() {
        return Err(failed(
            "empty-output",
            words::gave_up(step, "said nothing", &output.denied),
        ));
    }
    if let Some(value) = output.value {
        facts.insert("value".to_owned(), value);
    }
    Ok(Value::from(output.text))
}

/// The structured answer: as the provider obtained it, else as it stands in the text.
fn structured(output: &StepOutput) -> Option<Value> {
    if let Some(value) = &output.value {
        return Some(value.clone());
    }
    let text = json_text(&output.text).trim();
    serde_json::from_str(text).ok()
}

fn first_problem(validator: &jsonschema::Validator, value: &Value) -> Option<String> {
    validator.iter_errors(value).next().map(|error| {
        let place = error.instance_path().to_string();
        if place.is_empty() {
            error.to_string()
        } else {
            format!("{place}: {error}")
        }
    })
}

fn wanted(schema: &Value) -> String {
    format!(
        "\n\nAnswer with one JSON value that fits this JSON Schema, and nothing else:\n```json\n{}\n```",
        serde_json::to_string_pretty(schema).unwrap_or_else(|_| schema.to_string())
    )
}

fn is_spent(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    lower.chars().count() <= SHORT && SPENT.iter().any(|words| lower.contains(words))
}

fn credit(step: &str, text: &str) -> Failure {
    failed(
        "credit",
        format!(
            "the agent of `{step}` has nothing left to work with: {}",
            text.trim()
        ),
    )
}

fn refused(error: &AgentError) -> Failure {
    let kind = match error.kind {
        AgentErrorKind::Auth => "auth",
        AgentErrorKind::Unsupported | AgentErrorKind::Start => "other",
        AgentErrorKind::Timeout => "timeout",
        AgentErrorKind::Session => "session",
        AgentErrorKind::NoStub => MISSING_STUB,
        AgentErrorKind::Provider => "provider",
    };
    let mut failure = failed(kind, error.message.clone());
    if error.retryable {
        failure.names.push(RETRYABLE.to_owned());
    }
    failure
}

fn failed(kind: &str, message: String) -> Failure {
    Failure {
        kind: kind.to_owned(),
        message,
        names: Vec::new(),
    }
}
