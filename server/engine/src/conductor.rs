//! The scheduler of the Conductor dialect: reads state and definition, drafts
//! the events that follow, and says which attempts have to be ended. One file
//! per kind of step under `steps/`. Everything is decided here and recorded in
//! an event; nothing is carried out.

use crate::definition::Definition;
use crate::draft::Entry;
use crate::ids::StepPath;
use crate::outcome::Outcome;
use crate::state::{Phase, RunState};
pub(crate) use crate::turn::Turn;

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
pub(crate) mod guidance;
mod inputs;
mod limit;
mod place;
mod route;
mod steps;
mod trim;
mod verdict;

pub use crate::limit::maximum_after;
pub use crate::policy::GatePolicy;
pub use crate::turn::Plan;
pub(crate) use effects::{effect, next_deadline};

/// Drafts what follows from the state, folding it on the way. At most a transaction's worth; call again until idle.
pub fn advance(state: &mut RunState, definition: &Definition, now: u64) -> Plan {
    Turn::new(state, definition, now).plan(Turn::turn)
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
    Turn::new(state, definition, now).result(path, attempt, |turn| turn.conclude(path, outcome))
}

impl Turn<'_> {
    /// One decision; whether anything followed.
    fn turn(&mut self) -> bool {
        let before = self.draft.len();
        let root = StepPath::root();
        if self.draft.state.abort_requested.is_some() || self.draft.state.stop_requested.is_some() {
            self.end_as_requested();
        } else if self.timed_out(&root) {
            self.end_by_timeout();
        } else {
            self.renew_deadline(&root);
            if self.draft.state.inputs_resolved {
                self.frame(&root);
            } else {
                self.resolve_inputs();
            }
        }
        self.draft.len() > before
    }

    /// What a workflow does next.
    pub(crate) fn frame(&mut self, path: &StepPath) {
        if !self.draft.state.frames.contains_key(path) {
            return;
        }
        if !path.is_root() && self.timed_out(path) {
            self.fail_by_timeout(path);
            return;
        }
        if !path.is_root() {
            self.renew_deadline(path);
        }
        match self.draft.state.frames[path].phase.clone() {
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
}
