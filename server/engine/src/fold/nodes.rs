//! Events about the nodes of an Archon graph. Bodies of groups and rounds of
//! loops are nodes too, under the path of what they belong to.

use serde_json::Value;

use super::is_cut_off;
use crate::archon::outputs;
use crate::event::{Event, EventBody};
use crate::ids::{GateId, Seq, StepPath};
use crate::state::{ClosedGate, Gave, NodeRecord, NodeState, RunState};

/// Key in `detail` of a failed approval: the gate whose rejection asked for the rework that failed.
pub(crate) const REWORK: &str = "rework";
/// Kind of an attempt that holds for a person.
const APPROVAL: &str = "approval";

impl RunState {
    /// Events about nodes.
    pub(super) fn copy_node(&mut self, event: &Event) {
        let path = &event.path;
        match &event.body {
            EventBody::StepStarted { attempt, .. } => {
                let node = self.node(path);
                node.state = NodeState::Running;
                node.seq = event.seq;
                node.attempts = *attempt;
                node.retry = None;
            }
            EventBody::StepCompleted { output, detail, .. } => {
                let node = self.node(path);
                node.state = NodeState::Completed;
                node.seq = event.seq;
                node.output = Some(output.clone());
                node.detail.clone_from(detail);
                node.error = None;
                node.retries = 0;
                node.rework = None;
                node.ended();
            }
            EventBody::StepFailed { error, detail, .. } => {
                let node = self.node(path);
                node.seq = event.seq;
                node.output = None;
                node.detail.clone_from(detail);
                node.error = Some(error.clone());
                node.retry = detail.get("retry_at").and_then(Value::as_u64);
                node.state = if node.retry.is_some() {
                    node.retries += 1;
                    NodeState::Pending
                } else {
                    NodeState::Failed
                };
                // What is only cut off has not come to an end: its next attempt says whether it gives something else.
                if node.state == NodeState::Failed && !is_cut_off(error) {
                    node.ended();
                }
            }
            EventBody::StepSkipped { reason, .. } => {
                let node = self.node(path);
                node.state = NodeState::Skipped;
                node.seq = event.seq;
                node.output = None;
                node.reason = Some(reason.clone());
                node.ended();
            }
            EventBody::StepsInvalidated { after, .. } => self.invalidate_nodes(path, *after),
            EventBody::LoopIterationStarted { round, .. } => self.node(path).rounds = *round,
            EventBody::GateOpened { gate } => {
                if let Some(node) = self.nodes.get_mut(&gate.path) {
                    node.rework = None;
                }
            }
            _ => {}
        }
    }

    /// An approval that is cut off after somebody has answered: what was decided is done before anybody is asked again.
    pub(super) fn owe_answer(&mut self, path: &StepPath) {
        let open = self.open.get(path).filter(|open| open.kind == APPROVAL);
        let Some(gate) = open.and_then(|open| open.gate.clone()) else {
            return;
        };
        let answered = matches!(self.closed_gates.get(&gate), Some(ClosedGate::Answered(_)));
        if let Some(node) = self.nodes.get_mut(path).filter(|_| answered) {
            node.rework = Some(gate);
        }
    }

    fn node(&mut self, path: &StepPath) -> &mut NodeRecord {
        self.nodes
            .entry(path.clone())
            .or_insert_with(NodeRecord::pending)
    }

    /// At the run's own path: everything after a result is due again (`resume --from`). At a node's: that node is.
    fn invalidate_nodes(&mut self, path: &StepPath, after: Seq) {
        let mut afresh = Vec::new();
        for (at, node) in &mut self.nodes {
            if at.is_within(path) && node.is_done() && node.seq > after {
                node.again();
                afresh.push(at.clone());
            }
        }
        for path in afresh {
            self.forget_within(&path);
        }
    }

    /// A failed run goes on: failed nodes are due again, skipped ones are judged again. A group or loop that failed
    /// begins again; one that was only cut off goes on where it was. Where the run was only interrupted, nothing else
    /// is due again, and tries count as if nothing had happened.
    pub(super) fn reopen_nodes(&mut self, seq: Seq, interrupted: bool) {
        self.reopened = seq;
        let mut afresh = Vec::new();
        for (path, node) in &mut self.nodes {
            if !interrupted {
                node.retry = None;
                node.retries = 0;
            }
            let cut = node.error.as_ref().is_some_and(is_cut_off);
            match node.state {
                NodeState::Failed if cut => node.state = NodeState::Pending,
                NodeState::Failed | NodeState::Skipped if interrupted => {}
                NodeState::Failed => {
                    let rework = node.detail.get(REWORK).and_then(Value::as_str);
                    let rework = rework.map(|gate| (GateId::from(gate), node.rounds));
                    node.again();
                    if let Some((gate, rounds)) = rework {
                        node.rework = Some(gate);
                        node.rounds = rounds;
                    }
                    afresh.push(path.clone());
                }
                NodeState::Skipped => node.again(),
                NodeState::Pending | NodeState::Running | NodeState::Completed => {}
            }
        }
        for path in afresh {
            self.forget_within(&path);
        }
    }

    fn forget_within(&mut self, path: &StepPath) {
        self.forget_loops(path);
        for (at, node) in &mut self.nodes {
            if at != path && at.is_within(path) {
                node.again();
            }
        }
    }
}

impl NodeRecord {
    /// As if nothing had come of it; its attempts still count, and what it gave is remembered.
    fn again(&mut self) {
        let earlier = match (self.state, self.output.take()) {
            (NodeState::Completed, Some(output)) => {
                Gave::Output(output, self.detail.remove(outputs::VALUE))
            }
            (NodeState::Failed, _) => Gave::Failure,
            (NodeState::Completed | NodeState::Skipped, _) => Gave::Nothing,
            (NodeState::Pending | NodeState::Running, _) => std::mem::take(&mut self.earlier),
        };
        *self = Self {
            attempts: self.attempts,
            changed: self.changed,
            earlier,
            ..Self::pending()
        };
    }

    /// It came to an end: is that another one than before?
    fn ended(&mut self) {
        let same = match (&self.earlier, self.state) {
            (Gave::Output(output, beside), NodeState::Completed) => {
                self.output.as_ref() == Some(output)
                    && self.detail.get(outputs::VALUE) == beside.as_ref()
            }
            (Gave::Nothing, NodeState::Skipped) => true,
            _ => false,
        };
        if !same {
            self.changed = self.seq;
        }
    }
}
