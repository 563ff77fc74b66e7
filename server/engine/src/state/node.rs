//! What is known of the nodes and loops of an Archon graph.

pub use fermata_expr::archon::output::State as NodeState;
use serde_json::{Map, Value};

use crate::event::{Failure, Payload};
use crate::ids::{GateId, Seq};

/// What others had of a node.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Gave {
    /// It was skipped, or had not come to an end yet.
    #[default]
    Nothing,
    /// It failed: what was made in spite of it may depend on anything that it did.
    Failure,
    /// Its output, and the structured answer beside it.
    Output(Payload, Option<Value>),
}

/// A node of an Archon graph, as far as it has come.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRecord {
    /// How far.
    pub state: NodeState,
    /// Seq of the event that brought it there.
    pub seq: Seq,
    /// Its output, once completed: text, or with `structured` in its detail the structured answer.
    pub output: Option<Payload>,
    /// Extra facts of the result event.
    pub detail: Map<String, Value>,
    /// What it gave before it became due again.
    pub earlier: Gave,
    /// Seq of the event since which it gives what it gives: nothing that came later has to be made again for its sake.
    pub changed: Seq,
    /// The failure, if it failed.
    pub error: Option<Failure>,
    /// Why it was skipped.
    pub reason: Option<String>,
    /// Attempts so far, failed ones included.
    pub attempts: u32,
    /// Set while the next attempt is due later: UTC ms.
    pub retry: Option<u64>,
    /// How often it was tried again in a row.
    pub retries: u32,
    /// Rounds of a loop that were started.
    pub rounds: u64,
    /// The gate whose answer has still to be acted on: the rework that it asked for failed in an earlier life of the run,
    /// or the run was stopped first. That is due before anybody is asked again.
    pub rework: Option<GateId>,
}

impl NodeRecord {
    /// A node that nothing has happened to.
    #[must_use]
    pub fn pending() -> Self {
        Self {
            state: NodeState::Pending,
            seq: 0,
            output: None,
            detail: Map::new(),
            earlier: Gave::Nothing,
            changed: 0,
            error: None,
            reason: None,
            attempts: 0,
            retry: None,
            retries: 0,
            rounds: 0,
            rework: None,
        }
    }

    /// Whether it has come to an end, whichever.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(
            self.state,
            NodeState::Completed | NodeState::Failed | NodeState::Skipped
        )
    }
}

/// The rounds of a `loop` or `loop_group` of an Archon graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoopRecord {
    /// The round that was begun last, from 1; 0 before the first.
    pub round: u64,
    /// The round that was completed last.
    pub completed: u64,
    /// Its output.
    pub output: Option<Payload>,
    /// Whether it said that the work is done.
    pub done: bool,
    /// The gate that holds the loop.
    pub gate: Option<GateId>,
    /// How many of its own gates were answered.
    pub answered: u64,
    /// The last answer, until a round takes it up.
    pub answer: Option<Value>,
    /// The answer that the round in work has taken up.
    pub told: Option<Value>,
    /// Raised limit, once its limit was answered with *continue*.
    pub max_iterations: Option<u64>,
    /// Its limit was answered with *stop*.
    pub stopped: bool,
}
