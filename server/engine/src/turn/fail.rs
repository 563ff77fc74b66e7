//! Failures of attempts and of the run, as events.

use serde_json::{Map, Value};

use crate::event::{Cause, EventBody, Failure, Payload};
use crate::ids::StepPath;

use super::Turn;

impl Turn<'_> {
    /// The failure of an attempt.
    pub(crate) fn failed(
        &mut self,
        path: &StepPath,
        step: &str,
        attempt: u32,
        error: Failure,
        elapsed: u64,
        detail: Map<String, Value>,
    ) {
        let item = self.slot_of(path);
        self.draft.emit(
            path,
            EventBody::StepFailed {
                step: step.to_owned(),
                attempt,
                error: error.clone(),
                elapsed,
                detail,
            },
        );
        if let Some((group, key, index)) = item {
            self.draft.emit(
                path,
                EventBody::ItemFailed {
                    group,
                    key,
                    index,
                    error,
                },
            );
        }
    }

    /// Group, key and index, if the path is an item of a for_each.
    pub(crate) fn slot_of(&self, path: &StepPath) -> Option<(String, String, u64)> {
        let group = self.draft.state.groups.get(&path.parent())?;
        let slot = group.slots.get(path)?;
        (group.kind == "for_each").then(|| (group.name.clone(), slot.key.clone(), slot.index))
    }

    /// The run fails.
    pub(crate) fn run_failed(
        &mut self,
        cause: Cause,
        error: Failure,
        step: Option<String>,
        output: Option<Value>,
    ) {
        self.draft.emit(
            &StepPath::root(),
            EventBody::RunFailed {
                cause,
                error,
                step,
                output: output.map(Payload::Inline),
                actor: None,
            },
        );
    }

    /// Why the last attempt at a path failed.
    pub(crate) fn error_of(&self, step: &StepPath) -> Failure {
        self.draft
            .state
            .steps
            .get(step)
            .and_then(|record| record.error.clone())
            .unwrap_or_else(|| crate::draft::failure("ExecutionError", "the step failed", &[]))
    }
}
