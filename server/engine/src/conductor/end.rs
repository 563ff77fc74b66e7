//! How workflows end: completed, failed, terminated, at the root or inside the
//! run. The parent of a sub-workflow sees an ordinary result of its step.

use serde_json::{Map, Value};

use crate::event::{Cause, EventBody, Failure, Payload};
use crate::ids::StepPath;

use super::{Turn, route};

/// Why the run failed, from the failure's class.
pub(super) fn cause(kind: &str) -> Cause {
    match kind {
        "ValueError" => Cause::NoRoute,
        "MaxIterationsError" => Cause::IterationLimit,
        "TimeoutError" => Cause::Timeout,
        "BudgetExceededError" => Cause::Budget,
        "WorkflowTerminated" => Cause::Terminated,
        _ => Cause::StepFailed,
    }
}

impl Turn<'_> {
    /// The last route led to the end.
    pub(super) fn complete(&mut self, frame_path: &StepPath) {
        let Some(source) = self.source(frame_path) else {
            return;
        };
        match route::final_output(source, self.frame_state(frame_path)) {
            Ok(output) => self.completed(frame_path, output, None, None),
            Err(error) if frame_path.is_root() => {
                self.run_failed(Cause::OutputInvalid, error, None, None)
            }
            Err(error) => self.fail(frame_path, error, None),
        }
    }

    /// A workflow yields its output.
    pub(super) fn completed(
        &mut self,
        frame_path: &StepPath,
        output: Value,
        terminated_by: Option<String>,
        reason: Option<String>,
    ) {
        if frame_path.is_root() {
            self.draft.emit(
                frame_path,
                EventBody::RunCompleted {
                    output: Payload::Inline(output),
                    outcome: None,
                    terminated_by,
                    reason,
                },
            );
            return;
        }
        let Some((step, attempt, started)) = self
            .draft
            .state
            .open
            .get(frame_path)
            .map(|open| (open.step.clone(), open.attempt, open.started))
        else {
            return;
        };
        self.draft.emit(
            frame_path,
            EventBody::SubworkflowCompleted {
                step: step.clone(),
                output: Payload::Inline(output.clone()),
            },
        );
        let elapsed = self.draft.now.saturating_sub(started);
        self.step_completed(frame_path, &step, attempt, output, elapsed, 1, Map::new());
    }

    /// A workflow failed: what is open in it is ended first, then its parent's step or the run fails.
    pub(super) fn fail(&mut self, frame_path: &StepPath, error: Failure, step: Option<&StepPath>) {
        if !self.close(
            frame_path,
            &format!("its workflow failed: {}", error.message),
        ) {
            return;
        }
        if frame_path.is_root() {
            let name = step.and_then(|path| {
                self.draft
                    .state
                    .steps
                    .get(path)
                    .map(|record| record.step.clone())
            });
            self.run_failed(cause(&error.kind), error, name, None);
        } else {
            let Some((step, attempt, started)) = self
                .draft
                .state
                .open
                .get(frame_path)
                .map(|open| (open.step.clone(), open.attempt, open.started))
            else {
                return;
            };
            let elapsed = self.draft.now.saturating_sub(started);
            self.failed(frame_path, &step, attempt, error, elapsed, Map::new());
        }
    }

    /// The result of a step, with what it says about a loop and, for an item, the item's result.
    #[allow(clippy::too_many_arguments, reason = "the fields of step_completed")]
    pub(super) fn step_completed(
        &mut self,
        path: &StepPath,
        step: &str,
        attempt: u32,
        output: Value,
        elapsed: u64,
        counted: u64,
        mut detail: Map<String, Value>,
    ) {
        let kind = self
            .draft
            .state
            .open
            .get(path)
            .map(|open| open.kind.clone())
            .unwrap_or_default();
        let item = self.slot_of(path);
        let grouped = self.draft.state.groups.contains_key(&path.parent());
        if !grouped
            && let Some(place) = self.place(path, step)
            && let Some(verdict) = super::verdict::of(
                place.step,
                &output,
                self.frame_state(&place.frame)
                    .visits
                    .get(step)
                    .copied()
                    .unwrap_or(1),
            )
            && let Ok(verdict) = serde_json::to_value(verdict)
        {
            detail.insert("verdict".to_owned(), verdict);
        }
        let output = Payload::Inline(output);
        self.draft.emit(
            path,
            EventBody::StepCompleted {
                step: step.to_owned(),
                attempt,
                output: output.clone(),
                elapsed,
                counted: if grouped { 0 } else { counted },
                detail,
            },
        );
        if let Some((group, key, index)) = item {
            self.draft.emit(
                path,
                EventBody::ItemCompleted {
                    group,
                    key,
                    index,
                    output,
                },
            );
        }
        if !grouped
            && matches!(
                kind.as_str(),
                "agent" | "script" | "workflow" | "parallel" | "for_each"
            )
        {
            self.check_budget(path);
        }
    }
}
