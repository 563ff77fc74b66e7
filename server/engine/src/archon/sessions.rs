//! Which session a prompt begins with (specs/archon.md 4.2, 13.17): a copy of
//! the last one of the nodes before it, as long as each is alone in its layer;
//! of that of a named node; of the one that an earlier run has kept; else a new
//! one. Layers count here although nobody waits for them: a node alone in its
//! layer comes after all of the layers before it.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::node::{Kind, Node};
use super::place::{self, Place};
use super::rounds::{self, scope};
use crate::definition::Definition;
use crate::draft::failure;
use crate::event::Failure;
use crate::ids::{Seq, StepPath};
use crate::session::{KEPT_AS, Session, SessionStart};
use crate::state::{NodeRecord, NodeState, OpenAttempt, RunState};

/// Key in `rendered`: with which session the attempt begins.
const SESSION: &str = "session";
/// Key in `rendered`: the provider that is asked.
pub(crate) const PROVIDER: &str = "provider";
/// Class of a failure for want of a session.
pub(crate) const LOST: &str = "session";

/// With which session the next attempt at a prompt begins.
///
/// # Errors
/// A [`Failure`] of class [`LOST`] where `context.resume` names a node that has left none.
pub(crate) fn start(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    agent: &str,
) -> Result<SessionStart, Failure> {
    // Stubs are in no session.
    if state.request.dry_run {
        return Ok(SessionStart::Fresh);
    }
    if let Some(named) = named(place.node) {
        return Ok(SessionStart::Fork {
            session: of_named(state, place, named, agent)?,
            needed: true,
        });
    }
    Ok(match continued(state, definition, place, agent) {
        Some(session) => SessionStart::Fork {
            session,
            needed: false,
        },
        None => SessionStart::Fresh,
    })
}

/// The agent that carries out a prompt: the run's own choice before the file's.
pub(crate) fn agent<'a>(state: &'a RunState, rendered: &'a Map<String, Value>) -> &'a str {
    let provider = rendered.get(PROVIDER).and_then(Value::as_str);
    state
        .request
        .agent
        .as_deref()
        .or(provider)
        .unwrap_or_default()
}

/// Notes how an attempt begins.
pub(crate) fn begin(rendered: &mut Map<String, Value>, start: &SessionStart) {
    if *start != SessionStart::Fresh
        && let Ok(start) = serde_json::to_value(start)
    {
        rendered.insert(SESSION.to_owned(), start);
    }
}

/// How an attempt begins. Attempts of older versions have a name there, which says nothing.
pub(crate) fn begun(open: &OpenAttempt) -> SessionStart {
    open.rendered
        .get(SESSION)
        .and_then(|start| SessionStart::deserialize(start).ok())
        .unwrap_or_default()
}

/// The session that a node which completed was in.
pub(crate) fn of(record: &NodeRecord) -> Option<Session> {
    (record.state == NodeState::Completed)
        .then(|| Session::of(&record.detail))
        .flatten()
}

/// The name under which a node keeps its session for the next run: its path, without rounds. A context of its own
/// choice is no memory.
pub(crate) fn kept_as(place: &Place<'_>) -> Option<String> {
    let asked = place.node.get("persist_session").and_then(Value::as_bool) == Some(true);
    let free = place
        .node
        .get("context")
        .is_none_or(|context| context == "shared");
    let agent = matches!(place.node.kind(), Kind::Prompt | Kind::Command);
    (asked && free && agent).then(|| {
        let segments = place.path.0.split('/');
        let bare = segments.map(|segment| segment.split('[').next().unwrap_or(segment));
        bare.collect::<Vec<_>>().join("/")
    })
}

/// Notes in a result that its session is kept for the next run.
pub(crate) fn keep(place: &Place<'_>, detail: &mut Map<String, Value>) {
    if let Some(name) = kept_as(place).filter(|_| Session::of(detail).is_some()) {
        detail.insert(KEPT_AS.to_owned(), Value::from(name));
    }
}

/// The node that `context.resume` names.
fn named(node: Node<'_>) -> Option<&str> {
    node.get("context")?.get("resume")?.as_str()
}

fn of_named(
    state: &RunState,
    place: &Place<'_>,
    named: &str,
    agent: &str,
) -> Result<String, Failure> {
    let id = place.node.id();
    let record = place
        .graph
        .find(named)
        .and_then(|at| state.nodes.get(&place.graph.path(&place.scope, at)));
    let left = record.map_or(NodeState::Pending, |record| record.state);
    let why = match (left, record.and_then(of)) {
        (_, Some(session)) if session.agent == agent => return Ok(session.id),
        (_, Some(session)) => format!(
            "`{named}` was carried out by `{}`, and this node is by `{agent}`; let both have the same provider",
            session.agent
        ),
        (NodeState::Completed, None) => format!(
            "the agent of `{named}` gave its session no id by which it could be found again; take `context` away, or hand on what is needed by `${named}.output`"
        ),
        (NodeState::Failed, None) => format!("`{named}` failed"),
        (NodeState::Skipped, None) => format!("`{named}` was skipped"),
        (NodeState::Pending | NodeState::Running, None) => format!("`{named}` has not run"),
    };
    let message = format!("`{id}` goes on with the session of `{named}`, and there is none: {why}");
    Err(failure(LOST, message, &[named]))
}

/// The session that is current before the node's layer.
fn continued(
    state: &RunState,
    definition: &Definition,
    place: &Place<'_>,
    agent: &str,
) -> Option<String> {
    let word = place.node.get("context").and_then(Value::as_str);
    if word == Some("fresh") || (begins_include(place.node) && word != Some("shared")) {
        return None;
    }
    let own = place.graph.layer(place.at);
    if place.graph.width(own) > 1 {
        return None;
    }
    let since = state.reopened.max(state.approved);
    match before(state, place, (&place.scope, own), since, agent) {
        Found::Session(session) => session,
        // The first node of a round goes on where the round before ended, also over the gate between them, unless each
        // is to begin its own.
        Found::Nothing if place.scope.0.ends_with(']') => {
            let (group, round) = (place.scope.parent(), scope::round_of(&place.scope));
            let node = place::find(definition, &group)?.node;
            if rounds::Control::of(node).is_some_and(rounds::Control::fresh_context) {
                return None;
            }
            let scope = rounds::round_path(&group, round.checked_sub(1)?);
            let whole = (&scope, place.graph.layers());
            match before(state, place, whole, state.reopened, agent) {
                Found::Session(session) => session,
                Found::Nothing => None,
            }
        }
        Found::Nothing => None,
    }
}

/// What the layers before one say.
enum Found {
    /// The search ends here, with a session or without.
    Session(Option<String>),
    /// Nobody has had one.
    Nothing,
}

/// Looks for the session that is current before a layer of a scope, among those that came to be after a moment. People
/// took their time at a gate, and the world has changed when a run is resumed: what follows starts afresh.
fn before(
    state: &RunState,
    place: &Place<'_>,
    (scope, own): (&StepPath, usize),
    since: Seq,
    agent: &str,
) -> Found {
    for layer in (0..own).rev() {
        if place.graph.width(layer) > 1 {
            return Found::Session(None);
        }
        let session = place.graph.of_layer(layer).next().and_then(|at| {
            let record = state.nodes.get(&place.graph.path(scope, at))?;
            let threads = match place.graph.node(at).kind() {
                Kind::Prompt | Kind::Command | Kind::Loop => record.seq >= since,
                Kind::Bash
                | Kind::Script
                | Kind::Approval
                | Kind::LoopGroup
                | Kind::Cancel
                | Kind::Workflow => false,
            };
            of(record).filter(|_| threads)
        });
        if let Some(session) = session {
            return Found::Session((session.agent == agent).then_some(session.id));
        }
    }
    Found::Nothing
}

/// Whether a later node may go on with the node's session.
pub(crate) fn is_continued(place: &Place<'_>) -> bool {
    let id = place.node.id();
    let named = place.graph.nodes().any(|node| named(node) == Some(id));
    let layer = place.graph.layer(place.at);
    let alone = |layer| place.graph.width(layer) == 1;
    // In a body, the first node of the next round comes after the last of this one.
    let last = place.scope.0.ends_with(']') && layer + 1 == place.graph.layers();
    named || (alone(layer) && (alone(layer + 1) || (last && alone(0))))
}

/// Whether a node is one that an include begins with.
fn begins_include(node: Node<'_>) -> bool {
    node.boundaries().last().is_some_and(Node::is_entry)
}
