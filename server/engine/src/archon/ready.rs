//! Goes through a graph once, in an order in which every node comes after all
//! it depends on: what can start is started, what is under way is looked
//! after, what an earlier life of the run has left is taken over or done again
//! (specs/archon.md 4.1, 5.3).
//!
//! There are no layers to wait for, with two exceptions: nothing of a layer
//! after a `cancel` node starts before it is known whether that node runs, and
//! inside a body a layer waits for the one before, so that every round goes
//! the same way. A failed node of a body ends its group when the round is over:
//! what waits for it is judged by its trigger rule, as anywhere.

use super::gate_in::{self, Entry};
use super::graph::Graph;
use super::node::Kind;
use super::nodes;
use super::place::Place;
use super::retry;
use crate::event::EventBody;
use crate::ids::StepPath;
use crate::state::{NodeState, RunState};
use crate::turn::Turn;

/// How far a graph is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Something is under way or still to come.
    Open,
    /// Every node has come to an end.
    Done,
    /// A `cancel` node ran, and everything beside it has come to an end; its words.
    Halted(String),
    /// Every node of a body has come to an end, and one has failed.
    Failed(StepPath),
}

/// One pass over the graph of a scope.
pub(crate) fn pass(turn: &mut Turn<'_>, scope: &StepPath) -> Progress {
    let definition = turn.definition;
    let Some(graph) = definition.archon().and_then(|project| project.graph(scope)) else {
        return Progress::Done;
    };
    let width = definition
        .archon()
        .map_or(usize::MAX, |project| project.setting().width.max(1));
    let mut sweep = Sweep {
        graph,
        scope,
        settled: vec![false; graph.len()],
        // Nodes of later layers wait for this one.
        held_from: usize::MAX,
        halt: None,
        failed: None,
        body: !scope.is_root(),
        room: width.saturating_sub(busy(turn.draft.state)),
        all: true,
    };
    for at in graph.order() {
        if turn.draft.is_full() {
            return Progress::Open;
        }
        sweep.look(turn, *at);
        if ends(turn.draft.state) {
            // A rejected gate ends the run while its node is looked after.
            return Progress::Open;
        }
    }
    match (sweep.all, sweep.halt, sweep.failed) {
        (true, Some(reason), _) => Progress::Halted(reason),
        (true, None, Some(path)) => Progress::Failed(path),
        (true, None, None) => Progress::Done,
        (false, _, _) => Progress::Open,
    }
}

/// Whether the run has ended, or is about to.
fn ends(state: &RunState) -> bool {
    state.status.is_final() || state.abort_requested.is_some()
}

/// How many processes and turns of this run are open.
fn busy(state: &RunState) -> usize {
    state
        .open
        .values()
        .filter(|open| open.has_process() && !open.is_child())
        .count()
}

/// One pass, on its way.
struct Sweep<'a> {
    graph: &'a Graph,
    scope: &'a StepPath,
    /// Nodes that have come to an end that stands.
    settled: Vec<bool>,
    /// The first layer that has to wait for a `cancel` node.
    held_from: usize,
    /// Words of a `cancel` node that ran.
    halt: Option<String>,
    /// The first node of a body that failed.
    failed: Option<StepPath>,
    /// Whether this is the body of a group.
    body: bool,
    /// How many more processes and turns may be opened.
    room: usize,
    all: bool,
}

impl Sweep<'_> {
    fn look(&mut self, turn: &mut Turn<'_>, at: usize) {
        if self.is_plain(turn, at) {
            return;
        }
        let place = Place::new(self.scope, self.graph, at);
        let layer = self.graph.layer(at);
        if layer >= self.held_from {
            // After a halt it will never run; before that is known it has to wait.
            if self.halt.is_none() {
                self.all = false;
            }
            return;
        }
        if state_of(turn, &place.path) == NodeState::Running {
            nodes::go_on(turn, &place);
        } else if self.free(at) {
            self.enter(turn, &place);
        }
        let now = state_of(turn, &place.path);
        let done = matches!(
            now,
            NodeState::Completed | NodeState::Failed | NodeState::Skipped
        );
        self.settled[at] = done && self.free(at);
        self.all &= self.settled[at];
        if self.body {
            if !self.settled[at] {
                self.held_from = self.held_from.min(layer + 1);
            } else if now == NodeState::Failed && self.failed.is_none() {
                self.failed = Some(place.path.clone());
            }
        }
        if place.node.kind() == Kind::Cancel {
            if now == NodeState::Completed {
                self.halt = Some(nodes::cancel::words(turn.draft.state, &place.path));
                self.held_from = self.held_from.min(layer + 1);
            } else if !self.settled[at] {
                self.held_from = self.held_from.min(layer + 1);
            }
        }
    }

    /// Most nodes of a long graph are done or far from due: told here without a closer look, as long as no earlier life
    /// of the run has left anything to judge.
    fn is_plain(&mut self, turn: &Turn<'_>, at: usize) -> bool {
        let state = &turn.draft.state;
        if self.body
            || state.reopened > 0
            || self.graph.cancels(at)
            || self.graph.layer(at) >= self.held_from
        {
            return false;
        }
        if !self.free(at) {
            self.all = false;
            return true;
        }
        let done = state
            .nodes
            .get(self.graph.root_path(at))
            .is_some_and(crate::state::NodeRecord::is_done);
        self.settled[at] = done;
        done
    }

    /// Whether everything that the node depends on has come to an end that stands.
    fn free(&self, at: usize) -> bool {
        self.graph
            .dependencies(at)
            .iter()
            .all(|on| on.is_none_or(|on| self.settled[on]))
    }

    /// A node that is free to run: takes its earlier result over, or starts it.
    fn enter(&mut self, turn: &mut Turn<'_>, place: &Place<'_>) {
        let record = turn.draft.state.nodes.get(&place.path);
        if record.is_some_and(crate::state::NodeRecord::is_done) {
            if !self.outdated(turn, place) {
                return;
            }
            let after = record.map_or(0, |record| record.seq - 1);
            turn.draft.emit(
                &place.path,
                EventBody::StepsInvalidated {
                    from: place.node.id().to_owned(),
                    after,
                },
            );
        }
        let record = turn.draft.state.nodes.get(&place.path);
        if record.is_some_and(|record| retry::pauses(place.node, record, turn.draft.now)) {
            self.all = false;
            return;
        }
        if record.is_none_or(|record| record.retry.is_none()) {
            match gate_in::decide(turn.draft.state, turn.definition, place) {
                Entry::Start => {}
                Entry::Skip(reason, warning) => {
                    skip(turn, place, reason, warning);
                    return;
                }
                Entry::Fail(error) => {
                    let attempt = nodes::next_attempt(turn.draft.state, &place.path);
                    turn.failed(
                        &place.path,
                        place.node.id(),
                        attempt,
                        error,
                        0,
                        serde_json::Map::new(),
                    );
                    return;
                }
            }
        }
        let takes_room = nodes::takes_room(place.node.kind());
        if takes_room && self.room == 0 {
            self.all = false;
            return;
        }
        if takes_room {
            self.room -= 1;
        }
        nodes::start(turn, place);
    }

    /// Whether an earlier life's result has to be made again: the node asks for it, or something that it depends on
    /// gives something else since.
    fn outdated(&self, turn: &Turn<'_>, place: &Place<'_>) -> bool {
        let state = &turn.draft.state;
        let Some(record) = state.nodes.get(&place.path) else {
            return false;
        };
        if record.state != NodeState::Completed || record.seq >= state.reopened {
            return false;
        }
        let changed = |on: usize| {
            let other = state.nodes.get(&self.graph.path(self.scope, on));
            other.is_some_and(|other| other.changed > record.seq)
        };
        place.node.always_run()
            || self
                .graph
                .dependencies(place.at)
                .iter()
                .flatten()
                .any(|on| changed(*on))
    }
}

fn state_of(turn: &Turn<'_>, path: &StepPath) -> NodeState {
    turn.draft
        .state
        .nodes
        .get(path)
        .map_or(NodeState::Pending, |record| record.state)
}

fn skip(turn: &mut Turn<'_>, place: &Place<'_>, reason: &str, warning: Option<String>) {
    if let Some(message) = warning {
        turn.draft.emit(
            &place.path,
            EventBody::Warning {
                code: None,
                message,
                step: Some(place.node.id().to_owned()),
            },
        );
    }
    turn.draft.emit(
        &place.path,
        EventBody::StepSkipped {
            step: place.node.id().to_owned(),
            reason: reason.to_owned(),
        },
    );
}
