//! A dry run's scripts: no process is started. The stubs answer by the step's
//! name, as scripted agents do; a script without a stub says nothing and ends
//! with 0.

use std::sync::Arc;

use fermata_engine::{Outcome, ScriptCall};

use crate::agent::{PermissionPolicy, Role, StepRequest};
use crate::agent_step::Stage;
use crate::sink::{Heard, Sink};
use crate::task::Reports;

/// What the stub says.
pub(crate) async fn run(call: ScriptCall, stage: Stage, reports: Reports) -> Outcome {
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
        timeout: None,
    };
    let stdout = match stage.provider.run_step(request, sink).await {
        Ok(output) => output.text,
        Err(_) => String::new(),
    };
    stage.provider.end(&conversation).await;
    Outcome::Process {
        stdout,
        stderr: String::new(),
        exit_code: 0,
        elapsed: 0,
    }
}
