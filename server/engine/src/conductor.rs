//! The scheduler of the Conductor dialect: reads state and definition, drafts
//! the events that follow, and says which attempts have to be ended. One file
//! per kind of step under `steps/`. Everything is decided here and recorded in
//! an event; nothing is carried out.

use crate::definition::Definition;
use crate::draft::{Draft, Entry};
use crate::event::{EventBody, Failure, Status};
use crate::ids::StepPath;
use crate::outcome::Outcome;
use crate::state::{Phase, RunState};

mod answer;
mod budget;
mod close;
mod context;
mod cycle;
mod effects;
mod end;
mod eval;
mod explicit;
mod frame;
mod group;
mod guidance;
mod inputs;
mod limit;
mod place;
mod policy;
mod route;
mod steps;
mod trim;
mod verdict;

pub use effects::{due, due_unless, next_deadline};
pub use limit::maximum_after;
pub use policy::GatePolicy;

/// What follows from a state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// To append in one transaction, before anything else happens.
    pub append: Vec<Entry>,
    /// Attempts that have to be ended now; their outcome is [`Outcome::Cancelled`].
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

/// Drafts what follows from the state, folding it on the way. At most a transaction's worth; call again until idle.
pub fn advance(state: &mut RunState, definition: &Definition, now: u64) -> Plan {
    let policy = GatePolicy::read(&state.request.gates);
    let mut turn = Turn {
        draft: Draft::new(state, now),
        definition,
        cancel: Vec::new(),
        policy,
    };
    let idle = turn.run();
    Plan {
        cancel: turn.cancel,
        append: turn.draft.finish(),
        idle,
    }
}

/// Drafts the result of an attempt. Outcomes of attempts that are no longer open are ignored.
pub fn conclude(
    state: &mut RunState,
    definition: &Definition,
    now: u64,
    path: &StepPath,
    attempt: u32,
    outcome: Outcome,
) -> Vec<Entry> {
    let open = state
        .open
        .get(path)
        .is_some_and(|open| open.attempt == attempt);
    if !open || !matches!(state.status, Status::Running | Status::Waiting) {
        return Vec::new();
    }
    let policy = GatePolicy::read(&state.request.gates);
    let mut turn = Turn {
        draft: Draft::new(state, now),
        definition,
        cancel: Vec::new(),
        policy,
    };
    turn.conclude(path, outcome);
    turn.draft.finish()
}

impl Turn<'_> {
    /// Goes on until nothing follows (true) or the draft is full (false).
    fn run(&mut self) -> bool {
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
            if self.cancel.is_empty() && self.turn() {
                continue;
            }
            self.rest();
            return true;
        }
    }

    /// One decision; whether anything followed.
    fn turn(&mut self) -> bool {
        let before = self.draft.len();
        let root = StepPath::root();
        if self.draft.state.abort_requested.is_some() || self.draft.state.stop_requested.is_some() {
            self.end_as_requested();
        } else if self.timed_out(&root) {
            self.end_by_timeout();
        } else if !self.draft.state.inputs_resolved {
            self.resolve_inputs();
        } else {
            self.frame(&root);
        }
        self.draft.len() > before
    }

    /// Nothing follows: does the run wait for people, or does work go on?
    fn rest(&mut self) {
        let waits = self.cancel.is_empty() && effects::all_held(self.draft.state);
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

    /// What a workflow does next.
    pub(crate) fn frame(&mut self, path: &StepPath) {
        let Some(frame) = self.draft.state.frames.get(path) else {
            return;
        };
        if !path.is_root() && self.timed_out(path) {
            self.fail_by_timeout(path);
            return;
        }
        match frame.phase.clone() {
            Phase::Ready => self.next_step(path),
            Phase::Running(step) => self.running(&step),
            Phase::Finished(step) => self.route(path, &step),
            Phase::Failed(step) => {
                let error = self.error_of(&step);
                self.fail(path, error, Some(&step));
            }
            Phase::Retry(step) => self.retry(path, &step),
            Phase::AtLimit { gate, .. } => self.decide_limit(&gate),
            Phase::LimitStopped { .. } => self.fail_at_limit(path),
            Phase::Ended => self.complete(path),
        }
    }

    pub(crate) fn error_of(&self, step: &StepPath) -> Failure {
        self.draft
            .state
            .steps
            .iter()
            .rev()
            .find(|record| record.path == *step)
            .and_then(|record| record.error.clone())
            .unwrap_or_else(|| crate::draft::failure("ExecutionError", "the step failed", &[]))
    }
}
