//! A dry run's programs and agents: nothing is started. The stubs answer by the
//! step's name, as scripted agents do. A script without a stub says nothing and
//! ends with 0; an agent without one gives the plainest output of its shape.
//! Each missing stub is told.

use std::sync::Arc;

use fermata_engine::{AgentCall, Outcome, ScriptCall, SessionStart};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::agent::{AgentErrorKind, PermissionPolicy, Role, StepRequest};
use crate::agent_step::{self, MISSING_STUB, Stage};
use crate::sink::{Heard, Sink};
use crate::task::Reports;

/// What the stub says instead of the program.
pub(crate) async fn script(call: ScriptCall, stage: Stage, reports: Reports) -> Outcome {
    let sink = Arc::new(Sink {
        path: call.path.clone(),
        step: call.step.clone(),
        attempt: call.attempt,
        policy: PermissionPolicy::default(),
        reports,
        heard: Heard::default(),
    });
    let conversation = format!("{}:{}:{}", stage.run, call.path, call.attempt);
    let request = StepRequest {
        run: stage.run.clone(),
        path: call.path.clone(),
        step: call.step.clone(),
        item: None,
        role: Role::Agent,
        agent: stage.agent.clone().unwrap_or_else(|| "scripted".to_owned()),
        attempt: call.attempt,
        round: None,
        conversation: conversation.clone(),
        turn: 1,
        session_key: None,
        session: SessionStart::Fresh,
        stays_open: false,
        cwd: stage.base.clone(),
        prompt: std::iter::once(&call.command)
            .chain(&call.args)
            .cloned()
            .collect::<Vec<_>>()
            .join(" "),
        system_prompt: None,
        schema: None,
        model: None,
        effort: None,
        context_tier: None,
        tools: Some(Vec::new()),
        env: Vec::new(),
        permissions: PermissionPolicy::default(),
        tool_servers: Vec::new(),
        settings: Map::new(),
        timeout: None,
    };
    let stdout = match stage.provider.run_step(request, sink.clone()).await {
        Ok(output) => output.text,
        Err(error) => {
            if error.kind == AgentErrorKind::NoStub {
                sink.missing_stub(&call.step, &error.message);
            }
            String::new()
        }
    };
    stage.provider.end(&conversation).await;
    Outcome::Process {
        stdout,
        stderr: String::new(),
        exit_code: 0,
        elapsed: 0,
    }
}

/// What the stub says instead of the agent, read and checked as an agent's answer is.
pub(crate) async fn agent(
    mut call: AgentCall,
    stage: Stage,
    reports: Reports,
    asked_to_end: watch::Receiver<bool>,
) -> Outcome {
    let plain = plainest(&call);
    let structured = call.text.as_ref().is_some_and(|text| text.schema.is_some());
    // Nobody is given its servers.
    call.mcp_file = None;
    match agent_step::run(call, stage, reports, asked_to_end).await {
        Outcome::Failed {
            error,
            mut detail,
            elapsed,
        } if error.kind == MISSING_STUB => {
            detail.insert("stub".to_owned(), Value::from("missing"));
            if structured {
                detail.insert("structured".to_owned(), Value::from(true));
            }
            Outcome::Agent {
                output: plain,
                detail,
                elapsed,
            }
        }
        outcome => outcome,
    }
}

/// An output that has the declared fields and says nothing.
fn plainest(call: &AgentCall) -> Value {
    if let Some(text) = &call.text {
        return text.schema.as_ref().map_or_else(
            // An empty answer would be a failure of its own.
            || Value::from(format!("(no stub for {})", call.step)),
            |schema| of_field(schema, 0),
        );
    }
    match &call.schema {
        Some(fields) if !call.raw && !fields.is_empty() => of_fields(fields, 0),
        _ => json!({"result": ""}),
    }
}

/// Deepest nesting that is filled.
const DEPTH: usize = 20;

fn of_fields(fields: &Map<String, Value>, depth: usize) -> Value {
    fields
        .iter()
        .map(|(name, field)| (name.clone(), of_field(field, depth)))
        .collect::<Map<_, _>>()
        .into()
}

fn of_field(field: &Value, depth: usize) -> Value {
    if let Some(first) = field.get("enum").and_then(|choices| choices.get(0)) {
        return first.clone();
    }
    match field.get("type").and_then(Value::as_str) {
        Some("number") => field.get("minimum").cloned().unwrap_or(json!(0)),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        Some("object") => match field.get("properties").and_then(Value::as_object) {
            Some(fields) if depth < DEPTH => of_fields(fields, depth + 1),
            _ => json!({}),
        },
        _ => json!(""),
    }
}
