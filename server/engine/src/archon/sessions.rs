//! Which session a prompt continues (specs/archon.md 4.2, 13.17): the last one
//! of the nodes before it, as long as each is alone in its layer; that of a
//! named node; else none. Layers count here although nobody waits for them: a
//! node alone in its layer comes after all of the layers before it.

use serde_json::Value;

use super::node::{Kind, Node};
use super::place::Place;
use super::rounds::{self, scope};
use crate::ids::StepPath;
use crate::state::{NodeRecord, RunState};

/// Key in `rendered` and `detail`: the name of the session.
pub(crate) const SESSION: &str = "session";
/// Key in `rendered` and `detail`: the provider that has it.
pub(crate) const PROVIDER: &str = "provider";

/// The session that the node goes on with.
pub(crate) fn continued(state: &RunState, place: &Place<'_>, provider: &str) -> Option<String> {
    let context = place.node.get("context");
    if let Some(named) = context
        .and_then(|context| context.get("resume"))
        .and_then(Value::as_str)
    {
        let at = place.graph.find(named)?;
        return of(
            state.nodes.get(&place.graph.path(&place.scope, at))?,
            provider,
        );
    }
    let word = context.and_then(Value::as_str);
    if word == Some("fresh") || (begins_include(place.node) && word != Some("shared")) {
        return None;
    }
    let own = place.graph.layer(place.at);
    if place.graph.width(own) > 1 {
        return None;
    }
    match before(state, place, &place.scope, own, provider) {
        Found::Session(session) => session,
        // The first node of a round goes on where the round before ended.
        Found::Nothing if place.scope.0.ends_with(']') => {
            let (group, round) = (place.scope.parent(), scope::round_of(&place.scope));
            let scope = rounds::round_path(&group, round.checked_sub(1)?);
            match before(state, place, &scope, place.graph.layers(), provider) {
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

/// Looks for the session that is current before a layer of a scope.
fn before(
    state: &RunState,
    place: &Place<'_>,
    scope: &StepPath,
    own: usize,
    provider: &str,
) -> Found {
    for layer in (0..own).rev() {
        if place.graph.width(layer) > 1 {
            return Found::Session(None);
        }
        let Some(at) = place.graph.of_layer(layer).next() else {
            continue;
        };
        let node = place.graph.node(at);
        let record = state.nodes.get(&place.graph.path(scope, at));
        match node.kind() {
            // People took their time: what follows starts afresh.
            Kind::Approval => return Found::Session(None),
            Kind::Prompt | Kind::Command | Kind::Loop => {
                let Some(record) = record.filter(|record| record.detail.contains_key(SESSION))
                else {
                    continue;
                };
                if record.seq < state.reopened {
                    return Found::Session(None);
                }
                return Found::Session(of(record, provider));
            }
            Kind::Bash | Kind::Script | Kind::LoopGroup | Kind::Cancel | Kind::Workflow => {}
        }
    }
    Found::Nothing
}

/// Whether a later node may go on with the node's session.
pub(crate) fn is_continued(place: &Place<'_>) -> bool {
    let id = place.node.id();
    let named = place.graph.nodes().any(|node| {
        let resume = node
            .get("context")
            .and_then(|context| context.get("resume"));
        resume.and_then(Value::as_str) == Some(id)
    });
    let layer = place.graph.layer(place.at);
    let alone = |layer| place.graph.width(layer) == 1;
    // In a body, the first node of the next round comes after the last of this one.
    let last = place.scope.0.ends_with(']') && layer + 1 == place.graph.layers();
    named || (alone(layer) && (alone(layer + 1) || (last && alone(0))))
}

fn of(record: &NodeRecord, provider: &str) -> Option<String> {
    let text = |key: &str| record.detail.get(key).and_then(Value::as_str);
    (text(PROVIDER) == Some(provider))
        .then(|| text(SESSION).map(str::to_owned))
        .flatten()
}

/// Whether a node is one that an include begins with: it waits for nothing but what the include waits for.
fn begins_include(node: Node<'_>) -> bool {
    node.boundaries()
        .last()
        .is_some_and(|boundary| boundary.depends_on().eq(node.depends_on()))
}
