//! An agent step from its prompt to its output: turns, retries, a structured
//! answer that is read and asked for again, a second opinion
//! (specs/conductor.md 4.6, 4.13, 13). Every provider is treated alike.

mod answer;
mod cost;
mod dialog;
mod servers;
mod servers_file;
mod shape;
mod text;
mod turns;
mod validator;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fermata_engine::{AgentCall, EventBody, Failure, Outcome, RunId};
use fermata_workflow::World;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::agent::{AgentProvider, PermissionPolicy, ToolServer};
use crate::sink::{Heard, Sink};
use crate::task::{Report, Reports, cancelled};
use crate::worktree::Moved;

use turns::{Conversation, Opened, Spent};

/// The class of failure of a step whose prompt no stub answers.
pub(crate) const MISSING_STUB: &str = "MissingStub";

/// What every agent step of a run shares.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) run: RunId,
    pub(crate) provider: Arc<dyn AgentProvider>,
    /// The agent that the run names, over every provider in the file.
    pub(crate) agent: Option<String>,
    /// Folder of the workflow file, which working folders are relative to.
    pub(crate) base: PathBuf,
    pub(crate) home: Option<PathBuf>,
    /// Where files that steps name are read, and variables of the requesting surface.
    pub(crate) world: Arc<dyn World>,
    /// The worktree that the run works in.
    pub(crate) moved: Option<Moved>,
    pub(crate) policy: PermissionPolicy,
}

/// Carries it out.
pub(crate) async fn run(
    call: AgentCall,
    stage: Stage,
    reports: Reports,
    asked_to_end: watch::Receiver<bool>,
) -> Outcome {
    let started = Instant::now();
    let elapsed = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut spent = Spent::default();
    let mut facts = Map::new();
    let opened = Opened::default();
    let timeout = async {
        match call.timeout_seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        result = whole(&call, &stage, &reports, &opened, &mut spent, &mut facts) => result,
        () = timeout => {
            opened.end(&stage, &call).await;
            Err(Failure {
                kind: "AgentTimeoutError".to_owned(),
                message: format!(
                    "`{}` had no answer within {} s (`timeout_seconds`)",
                    call.shown,
                    call.timeout_seconds.unwrap_or_default()
                ),
                names: vec![call.step.clone()],
            })
        }
        () = cancelled(asked_to_end) => {
            opened.end(&stage, &call).await;
            return Outcome::Cancelled { elapsed: elapsed() };
        }
    };
    let mut detail = spent.detail(call.pricing.as_ref());
    detail.extend(facts);
    match result {
        Ok(output) => Outcome::Agent {
            output,
            detail,
            elapsed: elapsed(),
        },
        Err(error) => Outcome::Failed {
            error,
            detail,
            elapsed: elapsed(),
        },
    }
}

/// The answer, the second opinion, and the answer to that.
async fn whole(
    call: &AgentCall,
    stage: &Stage,
    reports: &Reports,
    opened: &Opened,
    spent: &mut Spent,
    facts: &mut Map<String, Value>,
) -> Result<Value, Failure> {
    let cwd = folder(call, stage)?;
    let sink: Arc<Sink> = Arc::new(Sink {
        path: call.path.clone(),
        step: call.step.clone(),
        attempt: call.attempt,
        policy: stage.policy.clone(),
        reports: reports.clone(),
        heard: Heard::default(),
    });
    let tool_servers = tool_servers(call, stage, &cwd, reports)?;
    let mut conversation = Conversation::new(call, stage, cwd, tool_servers, sink, opened);
    if let Some(rule) = &call.text {
        return conversation.text(rule, spent, facts).await;
    }
    let mut first = conversation.agent(&call.prompt, spent).await?;
    // Members and items have nobody to talk to (specs/conductor.md 4.13).
    if let Some(trigger) = call.dialog.as_deref().filter(|_| call.alone) {
        first = conversation.talk(trigger, first, reports, spent).await;
    }
    let Some(validator) = &call.validator else {
        return Ok(first);
    };
    let opinion = conversation.validate(validator, &first, spent).await;
    let issues = match opinion {
        Ok(opinion) if opinion.passed => return Ok(first),
        Ok(opinion) => opinion.issues,
        Err(error) if error.kind == MISSING_STUB => return Ok(first),
        Err(error) => {
            warn(
                call,
                reports,
                &format!(
                    "the validator gave no verdict, so the output stands: {}",
                    error.message
                ),
            );
            return Ok(first);
        }
    };
    warn(
        call,
        reports,
        &format!("the validator found: {}", issues.join("; ")),
    );
    if validator.max_retries == 0 {
        return Ok(first);
    }
    let prompt = format!("{}{}", call.prompt, words::feedback(&issues));
    match conversation.agent(&prompt, spent).await {
        Ok(second) => Ok(second),
        Err(error) => {
            warn(
                call,
                reports,
                &format!(
                    "the second try failed, so the first output stands: {}",
                    error.message
                ),
            );
            Ok(first)
        }
    }
}

/// The servers of tools that the workflow and the step name.
fn tool_servers(
    call: &AgentCall,
    stage: &Stage,
    cwd: &Path,
    reports: &Reports,
) -> Result<Vec<ToolServer>, Failure> {
    let mut servers = servers::read(&call.mcp_servers);
    if let Some(file) = &call.mcp_file {
        let wanted = cwd.join(file);
        // Such a file may hold secrets and then be no part of the repository, so that no worktree has it.
        let origin = stage.moved.as_ref().and_then(|moved| moved.origin(&wanted));
        let file = match origin {
            Some(origin) if stage.world.kind(&wanted).is_err() => origin,
            _ => wanted,
        };
        let listed = servers_file::read(&*stage.world, &call.step, &file)?;
        if let Some(unset) = listed.unset() {
            warn(call, reports, &unset);
        }
        servers.extend(servers::read(&listed.servers));
    }
    Ok(servers)
}

/// The folder that the agent works in: it must exist.
fn folder(call: &AgentCall, stage: &Stage) -> Result<PathBuf, Failure> {
    let Some(wanted) = call.cwd.as_deref().filter(|folder| !folder.is_empty()) else {
        return Ok(stage.base.clone());
    };
    let expanded = match (wanted.strip_prefix('~'), &stage.home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        _ => stage.base.join(wanted),
    };
    if expanded.is_dir() {
        return Ok(expanded);
    }
    Err(Failure {
        kind: "ExecutionError".to_owned(),
        message: format!(
            "`working_dir` of `{}` became {}, which is no folder",
            call.step,
            expanded.display()
        ),
        names: vec![call.step.clone(), expanded.display().to_string()],
    })
}

fn warn(call: &AgentCall, reports: &Reports, message: &str) {
    let _ = reports.send(Report::Look {
        path: call.path.clone(),
        body: Box::new(EventBody::Warning {
            code: None,
            message: message.to_owned(),
            step: Some(call.step.clone()),
        }),
    });
}

/// Facts about an attempt, for its result event.
fn put(detail: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    detail.insert(key.to_owned(), value.into());
}
