//! A round of a `loop`: a turn of an agent. The first begins a session and the
//! others go on with it, unless each is to begin its own (specs/archon.md 4.5).

use fermata_expr::archon::js;
use serde_json::{Map, Value};

use super::control::Control;
use super::{Came, Output, round_path, scope};
use crate::archon::nodes::{self, prompt};
use crate::archon::outputs::{BESIDE, STRUCTURED, VALUE};
use crate::archon::place::Place;
use crate::archon::sessions;
use crate::archon::texts::Round;
use crate::draft::failure;
use crate::effect::{AgentCall, Effect};
use crate::event::{EventBody, Failure, Payload};
use crate::ids::StepPath;
use crate::session::{SESSION, SessionCall, SessionStart};
use crate::state::{LoopRecord, NodeRecord, NodeState, OpenAttempt, RunState};
use crate::turn::Turn;

/// How far the round is.
pub(super) fn look(
    turn: &mut Turn<'_>,
    place: &Place<'_>,
    control: Control<'_>,
    record: &LoopRecord,
) -> Came {
    let path = round_path(&place.path, record.round);
    let node = turn.draft.state.nodes.get(&path);
    match node.map_or(NodeState::Pending, |node| node.state) {
        NodeState::Completed => said(place.node.id(), node),
        NodeState::Failed => Came::Failed(turn.error_of(&path)),
        NodeState::Running if !nodes::is_stale(turn, &path) => Came::Open,
        NodeState::Running | NodeState::Pending | NodeState::Skipped => {
            turn.withdraw_gates(&path, "its attempt was interrupted and starts again");
            turn.take_guidance(&path, place.node.id());
            match start(turn, place, control, record, &path) {
                Ok(()) => Came::Open,
                Err(error) => Came::Failed(error),
            }
        }
    }
}

fn said(id: &str, node: Option<&NodeRecord>) -> Came {
    let Some((value, node)) = node.and_then(|node| match &node.output {
        Some(Payload::Inline(value)) => Some((value, node)),
        Some(Payload::Blob { .. }) | None => None,
    }) else {
        return Came::Failed(super::broken(id, "the answer of its last round is gone"));
    };
    let text = js::canonical(value);
    let structured = if node.detail.get(STRUCTURED) == Some(&Value::Bool(true)) {
        Some(value.clone())
    } else {
        node.detail.get(VALUE).cloned()
    };
    if text.trim().is_empty() && structured.is_none() {
        let error = failure(
            "empty-output",
            format!("the agent of `{id}` said nothing"),
            &[id],
        );
        return Came::Failed(error);
    }
    let whole = node.detail.contains_key(STRUCTURED);
    let beside = node.detail.get(BESIDE).and_then(Value::as_str);
    Came::To(Output {
        said: text,
        beside: beside.map(str::to_owned),
        kept: whole.then(|| value.clone()),
        structured,
    })
}

fn start(
    turn: &mut Turn<'_>,
    place: &Place<'_>,
    control: Control<'_>,
    record: &LoopRecord,
    path: &StepPath,
) -> Result<(), Failure> {
    let state = &turn.draft.state;
    let text = match control.command() {
        Some(name) => prompt::command(turn.definition, Some(name))?,
        None => control.prompt().unwrap_or_default(),
    };
    let (user_input, previous) = scope::of_round(Some(record), record.round);
    let round = Round {
        user_input,
        previous,
        ..Round::default()
    };
    let mut rendered = prompt::asked(state, turn.definition, place, text, &Map::new(), round)?;
    let start = session(state, place, control, record, &rendered);
    sessions::begin(&mut rendered, &start);
    let attempt = nodes::next_attempt(state, path);
    turn.draft.emit(
        path,
        EventBody::StepStarted {
            step: place.node.id().to_owned(),
            kind: "prompt".to_owned(),
            attempt,
            iteration: record.round,
            rendered,
        },
    );
    Ok(())
}

/// A round goes on with the session of the round before, unless each is to begin its own.
fn session(
    state: &RunState,
    place: &Place<'_>,
    control: Control<'_>,
    record: &LoopRecord,
    rendered: &Map<String, Value>,
) -> SessionStart {
    if control.fresh_context() {
        return SessionStart::Fresh;
    }
    let before = round_path(&place.path, record.round.saturating_sub(1));
    state
        .nodes
        .get(&before)
        .and_then(sessions::of)
        .filter(|session| session.agent == sessions::agent(state, rendered))
        .map_or(SessionStart::Fresh, |session| {
            SessionStart::Resume(session.id)
        })
}

/// The turn of an open attempt.
pub(super) fn effect(
    state: &RunState,
    place: &Place<'_>,
    path: &StepPath,
    open: &OpenAttempt,
) -> Effect {
    let fresh = Control::of(place.node).is_some_and(Control::fresh_context);
    // Wording about credit is not looked for in loops (specs/archon.md 13.13).
    let mut call = prompt::call(state, path, place.node, open, false);
    let signalled = Control::of(place.node).is_some_and(|control| control.until().is_some());
    if let Some(text) = &mut call.text {
        text.beside = signalled;
    }
    Effect::Agent(Box::new(AgentCall {
        session: SessionCall {
            start: sessions::begun(open),
            stays_open: !fresh || sessions::is_continued(place),
            kept_as: None,
        },
        ..call
    }))
}

/// The facts of a loop's result: those of its last round, and what all of them cost.
pub(super) fn facts(turn: &Turn<'_>, place: &Place<'_>, record: &LoopRecord) -> Map<String, Value> {
    let nodes = &turn.draft.state.nodes;
    let round = |n: u64| nodes.get(&round_path(&place.path, n));
    let mut facts = Map::new();
    let keys = [STRUCTURED, VALUE, SESSION];
    if let Some(last) = round(record.completed) {
        for key in keys {
            if let Some(value) = last.detail.get(key) {
                facts.insert(key.to_owned(), value.clone());
            }
        }
    }
    let costs: Vec<f64> = (1..=record.completed)
        .filter_map(|n| round(n)?.detail.get("cost_usd")?.as_f64())
        .collect();
    if !costs.is_empty() {
        // Not `cost_usd`: the rounds have been counted already.
        let sum: f64 = costs.iter().sum();
        facts.insert("total_cost_usd".to_owned(), Value::from(sum));
    }
    facts
}

/// The session that the last round was in.
pub(super) fn last_session(
    turn: &Turn<'_>,
    place: &Place<'_>,
    record: &LoopRecord,
) -> Option<String> {
    let path = round_path(&place.path, record.completed);
    let node = turn.draft.state.nodes.get(&path)?;
    sessions::of(node).map(|session| session.id)
}
