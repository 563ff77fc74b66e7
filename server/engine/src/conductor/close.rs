//! Ending what is open: processes and agents first (the worker does that and
//! reports), then gates are withdrawn and the rest is logged as cut off. Only
//! then may whatever ended it be recorded.

use serde_json::Map;

use crate::draft::failure;
use crate::event::{Cause, EventBody};
use crate::fold::CUT_OFF;
use crate::ids::StepPath;
use crate::state::Phase;

use super::Turn;

impl Turn<'_> {
    /// Closes everything that lies in the scope; whether all of it is closed already.
    pub(super) fn close(&mut self, scope: &StepPath, reason: &str) -> bool {
        let within = |path: &&StepPath| *path != scope && path.is_within(scope);
        let live: Vec<StepPath> = self
            .draft
            .state
            .open
            .iter()
            .filter(|(path, open)| within(path) && matches!(open.kind.as_str(), "agent" | "script"))
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
                0,
                Map::new(),
            );
        }
        true
    }

    /// Withdraws the gates at exactly this path.
    pub(super) fn withdraw_gates(&mut self, path: &StepPath, reason: &str) {
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

    /// A stop or an abort that somebody asked for.
    pub(super) fn end_as_requested(&mut self) {
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

    /// Whether the deadline of a workflow has passed. Its clock stands while the run waits for people.
    pub(super) fn timed_out(&self, frame: &StepPath) -> bool {
        self.draft.state.waiting_since.is_none()
            && super::effects::deadline(self.draft.state, frame)
                .is_some_and(|deadline| self.draft.now >= deadline)
            && self
                .draft
                .state
                .frames
                .get(frame)
                .is_some_and(|f| match &f.phase {
                    // What failed by itself keeps its own reason.
                    Phase::Failed(step) => self.error_of(step).kind == CUT_OFF,
                    Phase::Ready
                    | Phase::Running(_)
                    | Phase::Finished(_)
                    | Phase::Retry(_)
                    | Phase::AtLimit { .. }
                    | Phase::LimitStopped { .. }
                    | Phase::Ended => true,
                })
    }

    pub(super) fn end_by_timeout(&mut self) {
        let root = StepPath::root();
        if self.close(&root, "the run's time is over") {
            let error = self.timeout_error(&root);
            self.run_failed(Cause::Timeout, error, None, None);
        }
    }

    pub(super) fn fail_by_timeout(&mut self, frame: &StepPath) {
        let error = self.timeout_error(frame);
        self.fail(frame, error, None);
    }

    fn timeout_error(&self, frame: &StepPath) -> crate::event::Failure {
        let seconds = self
            .source(frame)
            .and_then(|source| source.workflow.limits.timeout_seconds)
            .map_or(0, |placed| placed.value);
        let name = self
            .source(frame)
            .map_or("the workflow", |source| source.workflow.name.as_str());
        failure(
            "TimeoutError",
            format!(
                "`{name}` did not end within {seconds} s (`limits.timeout_seconds`); waiting for people does not count"
            ),
            &[],
        )
    }
}
