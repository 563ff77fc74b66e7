//! Ending a workflow because its time is over.

use crate::draft::failure;
use crate::event::{Cause, EventBody};
use crate::fold::CUT_OFF;
use crate::ids::StepPath;
use crate::state::Phase;

use super::Turn;

impl Turn<'_> {
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

    /// Begins the time of a workflow again that has more of it left than it ever had: the clock was put back since.
    pub(super) fn renew_deadline(&mut self, frame: &StepPath) {
        let (state, now) = (&*self.draft.state, self.draft.now);
        let Some(deadline) = super::effects::deadline(state, frame) else {
            return;
        };
        let span = super::effects::deadline_span(state, frame);
        if state.waiting_since.is_none() && deadline.saturating_sub(now) > span {
            let deadline = now + span;
            self.draft.emit(frame, EventBody::DeadlineSet { deadline });
        }
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
