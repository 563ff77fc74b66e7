//! What the worker has to carry out, read from the open attempts: each attempt
//! says in its intent all that was rendered; the rest is in the definition.

use fermata_workflow::StepKind;
use fermata_workflow::model::AgentStep;
use serde_json::{Map, Value};

use crate::definition::Definition;
use crate::effect::{AgentCall, Effect, ScriptCall, ValidatorCall};
use crate::ids::StepPath;
use crate::session::{SessionCall, SessionStart};
use crate::state::{OpenAttempt, RunState};

use super::{place, steps};

/// What has to be done for an open attempt; `None` when it waits for something else.
pub(crate) fn effect(
    state: &RunState,
    definition: &Definition,
    path: &StepPath,
    open: &OpenAttempt,
) -> Option<Effect> {
    match open.kind.as_str() {
        "script" => Some(Effect::Script(Box::new(script(path, open)))),
        "agent" => {
            let place = place::find(state, definition, path, &open.step)?;
            let StepKind::Agent(agent) = &place.step.kind else {
                return None;
            };
            let item = place.item.as_ref().map(|item| item.key.clone());
            let group = place.item.as_ref().map(|item| item.group.clone());
            let mut call = call(
                path,
                open,
                agent,
                steps::agent::schema(place.step),
                (item, group),
                &place.source.workflow,
                !state.groups.contains_key(&path.parent()),
            );
            call.session.start = shared(state, &call);
            Some(Effect::Agent(Box::new(call)))
        }
        _ => None,
    }
}

/// The session that steps with the same `session_key` were in last: one that a worker before this one has left is gone
/// on with.
fn shared(state: &RunState, call: &AgentCall) -> SessionStart {
    let known = call.session_key.as_ref().and_then(|key| {
        let session = state.sessions.get(key)?;
        let agent = state.request.agent.as_ref().or(call.provider.as_ref());
        let same = agent.is_none_or(|agent| *agent == session.agent) && session.cwd == call.cwd;
        same.then(|| session.id.clone())
    });
    known.map_or(SessionStart::Fresh, SessionStart::Resume)
}

fn text(rendered: &Map<String, Value>, key: &str) -> Option<String> {
    rendered.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn texts(rendered: &Map<String, Value>, key: &str) -> Vec<String> {
    rendered
        .get(key)
        .and_then(Value::as_array)
        .map(|list| {
            list.iter()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect()
        })
        .unwrap_or_default()
}

fn pairs(rendered: &Map<String, Value>, key: &str) -> Vec<(String, String)> {
    rendered
        .get(key)
        .and_then(Value::as_object)
        .map(|map| {
            map.iter()
                .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
                .collect()
        })
        .unwrap_or_default()
}

fn script(path: &StepPath, open: &OpenAttempt) -> ScriptCall {
    let rendered = &open.rendered;
    ScriptCall {
        path: path.clone(),
        step: open.step.clone(),
        attempt: open.attempt,
        command: text(rendered, "command").unwrap_or_default(),
        args: texts(rendered, "args"),
        env: pairs(rendered, "env"),
        files: Vec::new(),
        pinned: None,
        stdin: text(rendered, "stdin"),
        cwd: text(rendered, "working_dir"),
        timeout_seconds: rendered.get("timeout").and_then(Value::as_f64),
    }
}

fn call(
    path: &StepPath,
    open: &OpenAttempt,
    agent: &AgentStep,
    schema: Option<Map<String, Value>>,
    (item, group): (Option<String>, Option<String>),
    workflow: &fermata_workflow::Workflow,
    alone: bool,
) -> AgentCall {
    let rendered = &open.rendered;
    let shown = match &item {
        Some(key) => format!("{}[{key}]", open.step),
        None => open.step.clone(),
    };
    AgentCall {
        path: path.clone(),
        step: open.step.clone(),
        shown,
        item,
        group,
        attempt: open.attempt,
        round: None,
        prompt: text(rendered, "prompt").unwrap_or_default(),
        bare_prompt: text(rendered, "bare_prompt"),
        system_prompt: text(rendered, "system_prompt"),
        model: text(rendered, "model")
            .filter(|model| !model.is_empty())
            .or_else(|| {
                let default = workflow.runtime.model.as_ref();
                default.map(|text| text.value.clone())
            }),
        effort: text(rendered, "effort").or_else(|| {
            let default = workflow.runtime.raw.get("default_reasoning_effort");
            default.and_then(Value::as_str).map(str::to_owned)
        }),
        context_tier: text(rendered, "context_tier"),
        cwd: text(rendered, "working_dir"),
        provider: agent
            .provider
            .as_ref()
            .or(workflow.runtime.provider.as_ref())
            .map(|text| text.value.clone()),
        tools: rendered
            .get("tools")
            .filter(|tools| !tools.is_null())
            .map(|_| texts(rendered, "tools")),
        schema,
        raw: agent
            .output_mode
            .as_ref()
            .is_some_and(|m| m.as_str() == "raw"),
        envelope: agent
            .output_mode
            .as_ref()
            .is_some_and(|m| m.as_str() == "envelope"),
        timeout_seconds: agent.timeout_seconds,
        retry: agent.retry.clone(),
        validator: agent.validator.as_ref().map(|validator| ValidatorCall {
            criteria: validator.criteria.value.clone(),
            model: text(rendered, "validator_model"),
            max_retries: validator.max_retries,
        }),
        alone,
        dialog: agent.dialog.as_ref().map(|text| text.value.clone()),
        session_key: agent.session_key.as_ref().map(|text| text.value.clone()),
        session: SessionCall::default(),
        pricing: workflow
            .runtime
            .raw
            .get("cost")
            .and_then(|cost| cost.get("pricing"))
            .cloned(),
        mcp_servers: match workflow.runtime.raw.get("mcp_servers") {
            Some(Value::Object(servers)) => servers.clone(),
            _ => Map::new(),
        },
        mcp_file: None,
        settings: settings(&workflow.runtime.raw, &agent.raw),
        text: None,
    }
}

/// Keys of `runtime` that are about how an agent works and have no field of their own in a call.
const SETTINGS: [&str; 11] = [
    "temperature",
    "max_tokens",
    "timeout",
    "max_session_seconds",
    "max_agent_iterations",
    "skills",
    "skill_injection",
    "skill_discovery",
    "plugin_sources",
    "plugins",
    "tool_output",
];

/// What the workflow asks of its agents, and the step over it; null inherits.
fn settings(runtime: &Value, agent: &Value) -> Map<String, Value> {
    let written = SETTINGS
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), runtime.get(key)?.clone())));
    let own = agent.as_object().into_iter().flatten();
    let own = own.map(|(key, value)| (key.clone(), value.clone()));
    let mut settings = Map::new();
    for (key, value) in written.chain(own) {
        if !value.is_null() {
            settings.insert(key, value);
        }
    }
    settings
}

/// The deadline of a workflow, with the time that the run has waited for people added.
pub(super) fn deadline(state: &RunState, frame: &StepPath) -> Option<u64> {
    if frame.is_root() {
        return Some(state.deadline? + state.waited.saturating_sub(state.deadline_waited));
    }
    let frame = state.frames.get(frame)?;
    Some(frame.deadline? + state.waited.saturating_sub(frame.waited_before))
}

/// How far away the deadline of a workflow was when it was set, ms.
pub(super) fn deadline_span(state: &RunState, frame: &StepPath) -> u64 {
    if frame.is_root() {
        return state.deadline_span;
    }
    let frame = state.frames.get(frame);
    frame.map_or(0, |frame| frame.deadline_span)
}

/// The next deadline (UTC ms) of the run or of a sub-workflow.
pub(crate) fn next_deadline(state: &RunState) -> Option<u64> {
    state
        .frames
        .keys()
        .filter(|path| path.is_root() || state.open.contains_key(*path))
        .filter(|_| state.waiting_since.is_none())
        .filter_map(|path| deadline(state, path))
        .min()
}
