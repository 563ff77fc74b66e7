//! Runs that steps of this one have started, as the worker sees them: their
//! gates stand in its log too, it parks while they hold, and it leaves them to
//! themselves when it goes without ending the run.

use std::time::Duration;

use fermata_engine::{Effect, RunId, StepPath, family, schedule};
use fermata_store::load_state;
use tokio::sync::watch;

use super::WorkerError;
use super::round::Round;
use crate::child::{self, Family};

impl Round {
    /// What looking after a child takes.
    pub(super) fn family(&self) -> Family {
        Family {
            run: self.run.clone(),
            store: std::sync::Arc::clone(&self.around.store),
            children: self.around.children.clone(),
            reports: self.reports.clone(),
        }
    }

    /// Writes what the log of the run lacks about the child: where that one asks and whether all of it waits.
    pub(super) fn reflect(
        &mut self,
        path: &StepPath,
        attempt: u32,
        child: &RunId,
    ) -> Result<(), WorkerError> {
        if let Some(task) = self.tasks.get_mut(path).filter(|t| t.attempt == attempt) {
            task.child = Some(child.clone());
        }
        let store = std::sync::Arc::clone(&self.around.store);
        loop {
            self.ledger.catch_up()?;
            let state = &self.ledger.state;
            let open = state.open.get(path).filter(|o| o.attempt == attempt);
            if open.is_none() || state.status.is_final() {
                return Ok(());
            }
            let below = load_state(store.as_ref(), child)?;
            let now = self.around.clock.now();
            let lacking = family::missing(state, path, child, &below, now);
            // If somebody was first, the next look sees what they wrote.
            if self.ledger.write_all_if_unchanged(lacking)? {
                return Ok(());
            }
        }
    }

    /// Whether everything that is under way is looked after by others: children at their gates.
    pub(super) fn may_park(&self) -> bool {
        self.tasks.values().all(|task| task.child.is_some())
    }

    /// How long the worker stays although nothing can go on: answers that come soon find it. Where only children hold
    /// there is nothing to find once their own workers are gone.
    pub(super) fn grace(&self) -> Result<Duration, WorkerError> {
        let open = &self.ledger.state.open_gates;
        let mut away = !self.tasks.is_empty() && open.iter().all(|o| o.gate.stands_for().is_some());
        for child in self.tasks.values().filter_map(|task| task.child.as_ref()) {
            away = away && self.around.store.run(child)?.parked;
        }
        Ok(if away {
            Duration::ZERO
        } else {
            self.around.park_after
        })
    }

    /// Children outlive a worker that parks, fails or is fenced off: whoever takes the run up next finds them.
    pub(super) fn leave_children(&mut self) {
        self.tasks.retain(|_, task| {
            if task.is_child {
                task.leave.abort();
            }
            !task.is_child
        });
    }

    /// Ends the child of an attempt that this worker does not look after yet; whether there is such an attempt.
    pub(super) fn end_child(&mut self, path: &StepPath) -> bool {
        let others = |other: &StepPath| other != path;
        let mut effects = schedule::due_unless(&self.ledger.state, &self.definition, others);
        let Some(Effect::Child(call)) = effects.pop() else {
            return false;
        };
        let (cancel, _) = watch::channel(true);
        let attempt = call.attempt;
        self.begin(
            path.clone(),
            attempt,
            cancel,
            child::end(*call, self.family()),
        );
        true
    }
}
