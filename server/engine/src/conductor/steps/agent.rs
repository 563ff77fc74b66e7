//! `agent`: a prompt. Renders everything that depends on the run; reading,
//! validating and judging the answer is the worker's.

use fermata_workflow::dialects::conductor::providers::shares_sessions;
use fermata_workflow::model::AgentStep;
use fermata_workflow::{Step, Text};
use serde_json::{Map, Value};

use crate::conductor::context::Context;
use crate::conductor::place::Place;
use crate::conductor::{Turn, eval, guidance};
use crate::draft::failure;
use crate::event::Failure;
use crate::ids::StepPath;

/// Reasoning efforts there are.
const EFFORTS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];
/// Context tiers there are.
const TIERS: [&str; 2] = ["default", "long_context"];

pub(in crate::conductor) fn start<'a>(
    turn: &mut Turn<'a>,
    place: &Place<'a>,
    path: &StepPath,
    attempt: u32,
    agent: &AgentStep,
    context: &Context,
) {
    let preamble = instructions(turn, &place.frame);
    let guidance = guidance::section(&turn.frame_state(&place.frame).guidance);
    let rendered = render(place, agent, context, preamble, guidance);
    match rendered {
        Ok(rendered) => turn.started(place, path, attempt, rendered),
        Err(error) => {
            turn.started(place, path, attempt, Map::new());
            turn.fail_step(path, place.step, attempt, error);
        }
    }
}

/// Declared output fields as data; `None` when nothing was declared.
pub(in crate::conductor) fn schema(step: &Step) -> Option<Map<String, Value>> {
    step.output.as_ref().map(|fields| {
        fields
            .iter()
            .map(|(name, field)| (name.clone(), field.definition.clone()))
            .collect()
    })
}

/// Instructions of the workflow and of all around it, as one block.
fn instructions(turn: &Turn<'_>, frame: &StepPath) -> Option<String> {
    let mut paths = vec![frame.clone()];
    let mut at = frame.clone();
    while !at.is_root() {
        at = turn.draft.state.frame_of(&at);
        paths.push(at.clone());
    }
    let texts: Vec<String> = paths
        .iter()
        .rev()
        .filter_map(|path| turn.source(path))
        .flat_map(|source| &source.workflow.instructions)
        .map(|text| text.as_str().trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    (!texts.is_empty()).then(|| {
        format!(
            "<workspace_instructions>\nWhat holds for all work in this repository:\n\n{}\n</workspace_instructions>\n\n",
            texts.join("\n\n---\n\n")
        )
    })
}

fn render(
    place: &Place<'_>,
    agent: &AgentStep,
    context: &Context,
    preamble: Option<String>,
    guidance: Option<String>,
) -> Result<Map<String, Value>, Failure> {
    let step = place.step.name.as_str();
    let mut rendered = Map::new();
    let optional = |text: &Option<Text>| {
        text.as_ref()
            .map(|text| eval::render(text, context))
            .transpose()
    };
    let prompt = |text: &Option<Text>| {
        text.as_ref()
            .map(|text| eval::prompt(text, context))
            .transpose()
    };
    let bare = prompt(&agent.prompt)?.unwrap_or_default();
    let system_prompt = prompt(&agent.system_prompt)?;
    let prompt = format!(
        "{}{bare}{}",
        preamble.unwrap_or_default(),
        guidance.unwrap_or_default()
    );
    if prompt != bare {
        rendered.insert("bare_prompt".to_owned(), Value::from(bare));
    }
    rendered.insert("prompt".to_owned(), Value::from(prompt));
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            rendered.insert(key.to_owned(), Value::from(value));
        }
    };
    put("system_prompt", system_prompt);
    put("model", optional(&agent.model)?);
    put(
        "effort",
        one_of(step, "reasoning.effort", optional(&agent.effort)?, &EFFORTS)?,
    );
    put(
        "context_tier",
        one_of(step, "context_tier", optional(&agent.context_tier)?, &TIERS)?,
    );
    let folder = match &agent.working_dir {
        Some(folder) => Some(folder),
        None => place.source.workflow.runtime.working_dir.as_ref(),
    };
    if let Some(folder) = folder {
        put("working_dir", Some(eval::render(folder, context)?));
    }
    if let Some(model) = agent.validator.as_ref().and_then(|v| v.model.as_ref()) {
        put("validator_model", Some(eval::render(model, context)?));
    }
    rendered.insert("tools".to_owned(), tools(place, agent)?);
    shared_session(place, agent)?;
    Ok(rendered)
}

/// A provider that forgets between steps would start every step that shares a session from nothing.
fn shared_session(place: &Place<'_>, agent: &AgentStep) -> Result<(), Failure> {
    let Some(key) = &agent.session_key else {
        return Ok(());
    };
    let own = agent.provider.as_ref();
    let provider = own
        .or(place.source.workflow.runtime.provider.as_ref())
        .map_or("copilot", Text::as_str);
    if shares_sessions(provider) != Some(false) {
        return Ok(());
    }
    let step = place.step.name.as_str();
    Err(failure(
        "ExecutionError",
        format!(
            "`{step}` shares the session `{}`, which the provider `{provider}` does not keep; remove `session_key` or take another provider",
            key.as_str()
        ),
        &[step, key.as_str(), provider],
    ))
}

fn one_of(
    step: &str,
    key: &str,
    value: Option<String>,
    allowed: &[&str],
) -> Result<Option<String>, Failure> {
    let Some(value) = value.map(|text| text.trim().to_owned()) else {
        return Ok(None);
    };
    if value.is_empty() {
        return Ok(None);
    }
    if allowed.contains(&value.as_str()) {
        return Ok(Some(value));
    }
    Err(failure(
        "ValidationError",
        format!(
            "`{key}` of `{step}` became `{value}`; it must be one of {}",
            allowed.join(", ")
        ),
        &[step, &value],
    ))
}

/// Absent: all of the workflow's tools, or every tool when it lists none. Each must be listed.
fn tools(place: &Place<'_>, agent: &AgentStep) -> Result<Value, Failure> {
    let all = &place.source.workflow.tools;
    let names = |list: &[Text]| -> Value {
        list.iter()
            .map(|text| Value::from(text.as_str()))
            .collect::<Vec<_>>()
            .into()
    };
    match &agent.tools {
        None if all.is_empty() => Ok(Value::Null),
        None => Ok(names(all)),
        Some(list) => {
            let unknown = list
                .iter()
                .find(|tool| !all.iter().any(|known| known.as_str() == tool.as_str()));
            match unknown {
                Some(tool) => Err(failure(
                    "ValidationError",
                    format!(
                        "`{}` asks for the tool `{}`, which `tools` of the workflow does not list",
                        place.step.name.as_str(),
                        tool.as_str()
                    ),
                    &[tool.as_str()],
                )),
                None => Ok(names(list)),
            }
        }
    }
}
