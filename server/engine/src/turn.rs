//! One decision in the making: the draft, the definition and what has to be
//! ended. What both schedulers do alike is here and in `turn/`; each adds its
//! own methods in its own module.

use crate::definition::Definition;
use crate::draft::{Draft, Entry};
use crate::event::{EventBody, Status};
use crate::ids::{GateId, StepPath};
use crate::policy::GatePolicy;
use crate::state::RunState;

mod close;
mod fail;

/// What follows from a state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// To append in one transaction, before anything else happens.
    pub append: Vec<Entry>,
    /// Attempts that have to be ended now; their outcome is [`crate::Outcome::Cancelled`].
    pub cancel: Vec<StepPath>,
    /// Nothing more follows until an attempt ends, a gate is answered or a deadline passes.
    pub idle: bool,
}

/// Everything that one decision needs.
pub(crate) struct Turn<'a> {
    pub(crate) draft: Draft<'a>,
    pub(crate) definition: &'a Definition,
    pub(crate) cancel: Vec<StepPath>,
    pub(crate) policy: GatePolicy,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(state: &'a mut RunState, definition: &'a Definition, now: u64) -> Self {
        let policy = GatePolicy::read(&state.request.gates);
        Self {
            draft: Draft::new(state, now),
            definition,
            cancel: Vec::new(),
            policy,
        }
    }

    /// Decides until nothing follows or the draft is full. `decide` says whether anything followed.
    pub(crate) fn plan(mut self, decide: fn(&mut Self) -> bool) -> Plan {
        let idle = self.drive(decide);
        Plan {
            cancel: self.cancel,
            append: self.draft.finish(),
            idle,
        }
    }

    /// Drafts the result of an attempt, unless it is no longer open.
    pub(crate) fn result(
        mut self,
        path: &StepPath,
        attempt: u32,
        conclude: impl FnOnce(&mut Self),
    ) -> Vec<Entry> {
        let state = &self.draft.state;
        let open = state
            .open
            .get(path)
            .is_some_and(|open| open.attempt == attempt);
        if !open || !matches!(state.status, Status::Running | Status::Waiting) {
            return Vec::new();
        }
        conclude(&mut self);
        self.draft.finish()
    }

    fn drive(&mut self, decide: fn(&mut Self) -> bool) -> bool {
        loop {
            match self.draft.state.status {
                Status::Running | Status::Waiting if !self.draft.state.parked => {}
                Status::Running
                | Status::Waiting
                | Status::Queued
                | Status::Completed
                | Status::Failed
                | Status::Cancelled => return true,
            }
            if self.draft.is_full() {
                return false;
            }
            if self.cancel.is_empty() && decide(self) {
                continue;
            }
            self.rest();
            return true;
        }
    }

    /// Nothing follows: does the run wait for people, or does work go on?
    fn rest(&mut self) {
        let waits = self.cancel.is_empty() && all_held(self.draft.state);
        match (self.draft.state.status, waits) {
            (Status::Running, true) => {
                let gates = self
                    .draft
                    .state
                    .open_gates
                    .iter()
                    .map(|open| open.gate.gate.clone())
                    .collect();
                self.draft
                    .emit(&StepPath::root(), EventBody::RunWaiting { gates });
            }
            (Status::Waiting, false) if self.cancel.is_empty() => self.draft.resume(),
            _ => {}
        }
    }

    /// How long the attempt at a path has been open, ms. Nothing where the clock was put back since.
    pub(crate) fn age(&self, path: &StepPath) -> u64 {
        let open = self.draft.state.open.get(path);
        open.map_or(0, |open| self.draft.now.saturating_sub(open.started))
    }

    /// The id of the next gate.
    pub(crate) fn next_gate(&self) -> GateId {
        GateId(format!("g{}", self.draft.state.gates_opened + 1))
    }
}

/// Whether nothing goes on until a gate is answered.
fn all_held(state: &RunState) -> bool {
    !state.open_gates.is_empty()
        && state.open.iter().all(|(path, open)| {
            if open.is_child() {
                open.child_waits
            } else if open.has_process() {
                state.open_gates.iter().any(|gate| gate.gate.path == *path)
            } else {
                open.kind != "wait"
            }
        })
        && state.nodes.values().all(|node| node.retry.is_none())
}
