//! The body of a `loop_group`: a graph of its own in each round. A failed node
//! fails the group once the round is over; the output is that of the first end
//! of the graph that completed and has something to say (specs/archon.md 4.6).

use serde_json::Value;

use super::{Came, Output, broken, round_path};
use crate::archon::node::Kind;
use crate::archon::outputs;
use crate::archon::place::Place;
use crate::archon::ready::{self, Progress};
use crate::definition::Definition;
use crate::draft::failure;
use crate::event::Payload;
use crate::ids::StepPath;
use crate::state::LoopRecord;
use crate::turn::Turn;

/// How far the round is.
pub(super) fn look(turn: &mut Turn<'_>, place: &Place<'_>, record: &LoopRecord) -> Came {
    let scope = round_path(&place.path, record.round);
    match ready::pass(turn, &scope) {
        Progress::Open => Came::Open,
        Progress::Halted(reason) => Came::Halted(reason),
        Progress::Failed(path) => {
            let error = turn.error_of(&path);
            let id = path.0.rsplit('/').next().unwrap_or_default();
            Came::Failed(failure(
                &error.kind,
                format!(
                    "`{}` failed in round {}: `{id}`: {}",
                    place.node.id(),
                    record.round,
                    error.message
                ),
                &[id],
            ))
        }
        Progress::Done => match end_of(turn, &scope) {
            Some((_, at)) => {
                let graph = turn.definition.archon().and_then(|p| p.graph(&scope));
                let text = graph.map_or(String::new(), |graph| {
                    let record = turn.draft.state.nodes.get(&at);
                    let node = graph.at_segment(at.0.rsplit('/').next().unwrap_or_default());
                    node.map_or(String::new(), |n| outputs::of(graph.node(n), record).text)
                });
                Came::To(Output {
                    said: text,
                    beside: None,
                    structured: None,
                    kept: None,
                })
            }
            // Everything was skipped, or nobody had anything to say.
            None if turn.definition.archon().is_some() => Came::To(Output {
                said: String::new(),
                beside: None,
                structured: None,
                kept: None,
            }),
            None => Came::Failed(broken(place.node.id(), "its body is gone")),
        },
    }
}

/// The end of a round's graph that speaks for it: its id and its path.
fn end_of(turn: &Turn<'_>, scope: &StepPath) -> Option<(String, StepPath)> {
    let graph = turn.definition.archon()?.graph(scope)?;
    let at = outputs::spoken(turn.draft.state, graph, scope)?;
    Some((graph.node(at).id().to_owned(), graph.path(scope, at)))
}

/// Who spoke last in a round, and what.
pub(super) fn said(
    turn: &Turn<'_>,
    place: &Place<'_>,
    round: &StepPath,
) -> Option<(String, Value)> {
    let (step, path) = match place.node.kind() {
        Kind::LoopGroup => end_of(turn, round)?,
        _ => (place.node.id().to_owned(), round.clone()),
    };
    match turn.draft.state.nodes.get(&path)?.output.as_ref()? {
        Payload::Inline(value) => Some((step, value.clone())),
        Payload::Blob { .. } => None,
    }
}

/// The steps of one round, in order.
pub(super) fn steps(definition: &Definition, place: &Place<'_>) -> Vec<String> {
    let scope = round_path(&place.path, 1);
    let graph = definition
        .archon()
        .filter(|_| place.node.kind() == Kind::LoopGroup)
        .and_then(|project| project.graph(&scope));
    match graph {
        Some(graph) => graph
            .order()
            .iter()
            .map(|at| graph.node(*at).id().to_owned())
            .collect(),
        None => vec![place.node.id().to_owned()],
    }
}
