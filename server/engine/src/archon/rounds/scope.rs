//! What a text inside a group sees of the rounds around it: the person's words
//! at the last gate, and what the round before has produced.

use fermata_expr::archon::js;
use fermata_expr::archon::output::Outputs;

use super::round_path;
use crate::archon::node::{Kind, Node};
use crate::archon::outputs;
use crate::archon::place::{Place, scopes};
use crate::definition::Definition;
use crate::event::Payload;
use crate::ids::StepPath;
use crate::state::{LoopRecord, RunState};

/// The groups that a scope lies in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inside {
    /// `$LOOP_USER_INPUT`.
    pub(crate) user_input: String,
    /// What `$LOOP_PREV` names.
    pub(crate) previous: Outputs,
    /// Ids that `$LOOP_PREV` may name here.
    pub(crate) known: Vec<String>,
    /// Of these, ids of the groups that the scope lies in.
    pub(crate) direct: Vec<String>,
}

/// The number of the round that a scope is; 0 for the workflow itself.
pub(crate) fn round_of(scope: &StepPath) -> u64 {
    scope
        .0
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once('[')?.1.parse().ok())
        .unwrap_or(0)
}

/// What is around a scope; `None` when it lies in no group.
pub(crate) fn inside(
    state: &RunState,
    definition: &Definition,
    scope: &StepPath,
) -> Option<Inside> {
    let rounds: Vec<StepPath> = scopes(scope)
        .into_iter()
        .filter(|scope| !scope.is_root())
        .collect();
    let outermost = rounds.last()?;
    let mut inside = Inside::default();
    if let Some(graph) = definition.archon()?.graph(outermost) {
        ids(graph.nodes(), &mut inside.known);
    }
    for scope in &rounds {
        let (group, round) = (scope.parent(), round_of(scope));
        let record = state.loops.get(&group);
        let told = record.filter(|r| r.round == round).and_then(|r| r.words());
        if let Some(words) = &told
            && inside.user_input.is_empty()
        {
            inside.user_input.clone_from(words);
        }
        if let Some(graph) = definition.archon()?.graph(scope) {
            let own = graph.nodes().map(|node| node.id().to_owned());
            inside.direct.extend(own);
        }
        // After a gate the round before does not count (specs/archon.md 13.11).
        if round > 1 && told.is_none() {
            let before = round_path(&group, round - 1);
            inside
                .previous
                .extend(outputs::whole(state, definition, &before));
        }
    }
    Some(inside)
}

/// Ids of a body and of all bodies in it.
fn ids<'a>(nodes: impl Iterator<Item = Node<'a>>, into: &mut Vec<String>) {
    for node in nodes {
        into.push(node.id().to_owned());
        if let Some(body) = node.body() {
            ids(body.iter().map(Node::of), into);
        }
    }
}

/// The scope that an `until_bash` names nodes of: that of the round for a group.
pub(super) fn of_until(place: &Place<'_>, round: u64) -> StepPath {
    match place.node.kind() {
        Kind::LoopGroup => round_path(&place.path, round),
        _ => place.scope.clone(),
    }
}

/// What people said at the last gate, and the output of the round before, for a process at this place.
pub(super) fn variables(state: &RunState, place: &Place<'_>) -> (String, String) {
    if !super::is_until(&place.path) {
        // A node of a body hears what was said at the gate of its group.
        let said = place.scope.0.ends_with(']').then(|| {
            let (group, round) = (place.scope.parent(), round_of(&place.scope));
            let record = state.loops.get(&group).filter(|r| r.round == round);
            record.and_then(LoopRecord::words)
        });
        return (said.flatten().unwrap_or_default(), String::new());
    }
    let round = place.path.parent();
    let record = state.loops.get(&round.parent());
    of_round(record, round_of(&round))
}

/// What a round of a loop is told: words of the last gate, and what the round before said. After a gate the round
/// before does not count (specs/archon.md 13.11).
pub(super) fn of_round(record: Option<&LoopRecord>, round: u64) -> (String, String) {
    let Some(record) = record.filter(|record| record.round == round) else {
        return Default::default();
    };
    match (record.words(), &record.output) {
        (Some(words), _) => (words, String::new()),
        (None, Some(Payload::Inline(value))) if round > 1 => (String::new(), js::canonical(value)),
        (None, Some(Payload::Inline(_) | Payload::Blob { .. }) | None) => Default::default(),
    }
}
