//! `prompt` and `command`: a text for an agent (specs/archon.md 4.2). Renders
//! what depends on the run; reading and checking the answer is the worker's.

use serde_json::{Map, Value, json};

use crate::archon::node::{Kind, Node};
use crate::archon::place::{Place, find, scopes};
use crate::archon::rounds;
use crate::archon::sessions;
use crate::archon::texts::{Round, Texts};
use crate::conductor::guidance;
use crate::definition::Definition;
use crate::draft::failure;
use crate::effect::{AgentCall, TextAnswer};
use crate::event::Failure;
use crate::ids::StepPath;
use crate::session::SessionCall;
use crate::state::{OpenAttempt, RunState};
use crate::turn::Turn;

use super::bindings;

/// Longest silence of an agent where the node does not say, ms.
const IDLE_MS: f64 = 1_800_000.0;
/// How often an agent is asked again for an answer of the wanted shape.
const REASKS: u32 = 3;

pub(crate) fn start(turn: &mut Turn<'_>, place: &Place<'_>) {
    turn.take_guidance(&place.path, place.node.id());
    match render(turn.draft.state, turn.definition, place) {
        Ok(rendered) => super::started(turn, place, rendered),
        // Without the session that it names there is nothing to start.
        Err(error) if error.kind == sessions::LOST => {
            let attempt = super::next_attempt(turn.draft.state, &place.path);
            let id = place.node.id();
            turn.failed(&place.path, id, attempt, error, 0, Map::new());
        }
        Err(error) => super::refuse(turn, place, error),
    }
}

fn render(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
) -> Result<Map<String, Value>, Failure> {
    let source = place.node.map("source");
    let of = |key: &str| source.and_then(|source| source.get(key));
    let with = of("with").and_then(Value::as_object);
    let with = bindings::resolve(state, definition, place, with)?;
    let text = match place.node.kind() {
        Kind::Command => command(definition, of("name").and_then(Value::as_str))?,
        _ => of("prompt").and_then(Value::as_str).unwrap_or_default(),
    };
    let mut rendered = asked(state, definition, place, text, &with, Round::default())?;
    let start = sessions::start(state, definition, place, sessions::agent(state, &rendered))?;
    sessions::begin(&mut rendered, &start);
    Ok(rendered)
}

/// The text of a command file.
///
/// # Errors
/// A [`Failure`] of class `not-found`.
pub(crate) fn command<'a>(
    definition: &'a Definition,
    name: Option<&str>,
) -> Result<&'a str, Failure> {
    let name = name.unwrap_or_default();
    let text = definition
        .archon()
        .and_then(|project| project.command(name));
    match text {
        Some(text) if !text.trim().is_empty() => Ok(text),
        Some(_) => Err(failure(
            "not-found",
            format!("the command `{name}` is an empty file; write the prompt into it"),
            &[name],
        )),
        None => Err(failure(
            "not-found",
            format!("there is no command `{name}`: expected {name}.md in .archon/commands"),
            &[name],
        )),
    }
}

/// A prompt with everything that an agent is asked with: what a rework or a round of a loop sends too.
///
/// # Errors
/// A [`Failure`] for a text that cannot be rendered, or a model that does not exist.
pub(crate) fn asked(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    text: &str,
    with: &Map<String, Value>,
    round: Round,
) -> Result<Map<String, Value>, Failure> {
    let node = place.node;
    let texts = Texts::new(state, definition, place)
        .bind(with)
        .in_round(round);
    let mut rendered = Map::new();
    let guidance = state
        .frames
        .get(&StepPath::root())
        .and_then(|frame| guidance::section(&frame.guidance));
    let prompt = format!("{}{}", texts.plain(text)?, guidance.unwrap_or_default());
    rendered.insert("prompt".to_owned(), Value::from(prompt));
    if let Some(system) = node.text("systemPrompt") {
        let system = texts.plain(system)?;
        rendered.insert("system_prompt".to_owned(), Value::from(system));
    }
    if let Some(agents) = node.map(AGENTS) {
        rendered.insert(AGENTS.to_owned(), helpers(&texts, agents)?);
    }
    let model = definition
        .archon()
        .map(|project| project.models().of(node, around(definition, place)))
        .transpose()?
        .unwrap_or_default();
    rendered.insert(sessions::PROVIDER.to_owned(), Value::from(model.provider));
    for (key, value) in [("model", model.model), ("effort", model.effort)] {
        if let Some(value) = value {
            rendered.insert(key.to_owned(), Value::from(value));
        }
    }
    if let Some(tools) = tools(node) {
        rendered.insert("tools".to_owned(), json!(tools));
    }
    Ok(rendered)
}

/// Agents that the prompt's own may call in, with the texts that tell what they are.
fn helpers(texts: &Texts<'_>, agents: &Map<String, Value>) -> Result<Value, Failure> {
    let mut agents = agents.clone();
    for agent in agents.values_mut().filter_map(Value::as_object_mut) {
        for key in ["description", "prompt"] {
            if let Some(Value::String(text)) = agent.get_mut(key) {
                *text = texts.plain(text)?;
            }
        }
    }
    Ok(Value::Object(agents))
}

/// The provider that the groups around a node hand on, the innermost that names one.
fn around<'a>(definition: &'a Definition, place: &Place<'_>) -> Option<&'a str> {
    scopes(&place.scope)
        .iter()
        .filter(|scope| !scope.is_root())
        .find_map(|scope| find(definition, &scope.parent())?.node.text("provider"))
}

fn tools(node: Node<'_>) -> Option<Vec<&str>> {
    let list = node.get("allowed_tools")?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).collect())
}

/// Key of a node, and of what is rendered: agents that the prompt's own may call in.
const AGENTS: &str = "agents";

/// What a node may ask of its provider besides model, effort and tools (specs/archon.md 1.2). An agent that cannot be
/// told is named in a warning.
const SETTINGS: [&str; 10] = [
    AGENTS,
    "betas",
    "denied_tools",
    "fallbackModel",
    "hooks",
    "maxBudgetUsd",
    "sandbox",
    "settingSources",
    "skills",
    "thinking",
];

/// The agent's turn of an open attempt. `strict`: an empty answer, or one about spent credit, is a failure.
pub(crate) fn call(
    state: &RunState,
    path: &StepPath,
    node: Node<'_>,
    open: &OpenAttempt,
    strict: bool,
) -> AgentCall {
    let rendered = &open.rendered;
    let text = |key: &str| {
        let text = rendered.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let tools = rendered.get("tools").and_then(Value::as_array).map(|list| {
        list.iter()
            .filter_map(|tool| tool.as_str().map(str::to_owned))
            .collect()
    });
    let idle = node.get("idle_timeout").and_then(Value::as_f64);
    AgentCall {
        path: path.clone(),
        step: open.step.clone(),
        shown: open.step.clone(),
        item: None,
        group: None,
        attempt: open.attempt,
        round: rounds::innermost(path),
        prompt: text("prompt").unwrap_or_default(),
        bare_prompt: None,
        system_prompt: text("system_prompt"),
        model: text("model"),
        effort: text("effort"),
        context_tier: None,
        cwd: Some(state.request.cwd.clone()),
        provider: text(sessions::PROVIDER),
        tools,
        schema: None,
        raw: true,
        envelope: false,
        timeout_seconds: None,
        retry: None,
        validator: None,
        dialog: None,
        alone: true,
        session_key: None,
        session: SessionCall::default(),
        pricing: None,
        mcp_servers: Map::new(),
        mcp_file: node.text("mcp").map(str::to_owned),
        settings: SETTINGS
            .iter()
            .filter_map(|key| {
                let asked = rendered.get(*key).filter(|_| *key == AGENTS);
                Some(((*key).to_owned(), asked.or(node.get(key))?.clone()))
            })
            .filter(|(_, asked)| *asked != Value::Bool(false))
            .collect(),
        text: Some(TextAnswer {
            schema: node.get("output_format").cloned(),
            reasks: REASKS,
            idle_seconds: idle.unwrap_or(IDLE_MS) / 1000.0,
            strict,
            beside: false,
        }),
    }
}
