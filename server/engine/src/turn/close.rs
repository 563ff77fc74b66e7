//! Ending what is open: processes and agents first (the worker does that and
//! reports), then gates are withdrawn and the rest is logged as cut off. Only
//! then may whatever ended it be recorded.

use serde_json::Map;

use crate::draft::failure;
use crate::event::{Actor, Cause, EventBody};
use crate::fold::CUT_OFF;
use crate::ids::StepPath;

use super::Turn;

impl Turn<'_> {
    /// Closes everything that lies in the scope; whether all of it is closed already.
    pub(crate) fn close(&mut self, scope: &StepPath, reason: &str) -> bool {
        let within = |path: &&StepPath| *path != scope && path.is_within(scope);
        let live: Vec<StepPath> = self
            .draft
            .state
            .open
            .iter()
            .filter(|(path, open)| within(path) && open.has_process())
            .map(|(path, _)| path.clone())
            .collect();
        if !live.is_empty() {
            self.cancel.extend(live);
            return false;
        }
        self.withdraw_within(scope, reason);
        // Innermost first, so that no step outlives what it lies in.
        let mut rest: Vec<(StepPath, String, u32)> = self
            .draft
            .state
            .open
            .iter()
            .filter(|(path, _)| within(path))
            .map(|(path, open)| (path.clone(), open.step.clone(), open.attempt))
            .collect();
        rest.sort_by_key(|(path, _, _)| std::cmp::Reverse(path.0.len()));
        for (path, step, attempt) in rest {
            self.failed(
                &path,
                &step,
                attempt,
                failure(CUT_OFF, format!("ended because {reason}"), &[]),
                self.age(&path),
                Map::new(),
            );
        }
        true
    }

    /// Withdraws the gates at exactly this path.
    pub(crate) fn withdraw_gates(&mut self, path: &StepPath, reason: &str) {
        self.withdraw(reason, |gate| gate == path);
    }

    fn withdraw_within(&mut self, scope: &StepPath, reason: &str) {
        self.withdraw(reason, |gate| gate.is_within(scope));
    }

    fn withdraw(&mut self, reason: &str, concerns: impl Fn(&StepPath) -> bool) {
        let gates: Vec<_> = self
            .draft
            .state
            .open_gates
            .iter()
            .filter(|open| concerns(&open.gate.path))
            .map(|open| (open.gate.gate.clone(), open.gate.path.clone()))
            .collect();
        for (gate, path) in gates {
            self.draft.emit(
                &path,
                EventBody::GateWithdrawn {
                    gate,
                    reason: reason.to_owned(),
                },
            );
        }
    }

    /// The run is cancelled, as soon as what is under way has ended. Nothing else begins until then, whoever does it: that
    /// it is to end is in the log.
    pub(crate) fn cancel_run(&mut self, why: &str, actor: Actor, reason: String) {
        let root = StepPath::root();
        let body = if self.close(&root, why) {
            EventBody::RunCancelled { actor, reason }
        } else {
            EventBody::AbortRequested { actor, reason }
        };
        self.draft.emit(&root, body);
    }

    /// A stop or an abort that somebody asked for.
    pub(crate) fn end_as_requested(&mut self) {
        let root = StepPath::root();
        if let Some((actor, reason)) = self.draft.state.abort_requested.clone() {
            if self.close(&root, "the run was aborted") {
                let reason = if reason.is_empty() {
                    "aborted".to_owned()
                } else {
                    reason
                };
                self.draft
                    .emit(&root, EventBody::RunCancelled { actor, reason });
            }
        } else if let Some(actor) = self.draft.state.stop_requested.clone()
            && self.close(&root, "the run was stopped")
        {
            self.draft.emit(
                &root,
                EventBody::RunFailed {
                    cause: Cause::Stopped,
                    error: failure(
                        "Stopped",
                        format!("stopped by {}; resume it to go on", actor.by),
                        &[],
                    ),
                    step: None,
                    output: None,
                    actor: Some(actor),
                },
            );
        }
    }
}
