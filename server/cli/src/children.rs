//! Child runs of a worker's run: the runner's wish, carried out by control.

use std::path::PathBuf;

use fermata_control::{ChildRequest, Control};
use fermata_engine::{ChildCall, RunId};
use fermata_runner::{Children, Refused};

/// Starts and ends them through the one door.
pub(crate) struct Nursery(pub(crate) Control);

impl Children for Nursery {
    fn start(&self, parent: &RunId, call: &ChildCall) -> Result<RunId, Refused> {
        let request = ChildRequest {
            file: PathBuf::from(&call.file),
            inputs: call.inputs.clone(),
            message: call.message.clone(),
            worktree: call.worktree,
            request: call.request.clone(),
            anew: call.anew,
            child: call.child.clone(),
        };
        match self.0.start_child(parent, request) {
            Ok(Ok(child)) => Ok(child),
            Ok(Err(refusal)) => Err(Refused {
                kind: refusal.kind.to_owned(),
                message: format!("`{}` cannot be started: {}", call.workflow, refusal.message),
            }),
            Err(error) => Err(Refused {
                kind: "child-failed".to_owned(),
                message: format!("`{}` cannot be started: {error}", call.workflow),
            }),
        }
    }

    fn find(&self, call: &ChildCall) -> Option<RunId> {
        self.0.child_of(&call.request).unwrap_or_else(|error| {
            tracing::warn!(%error, request = call.request, "a child run could not be looked for");
            None
        })
    }

    fn end(&self, parent: &RunId, child: &RunId) {
        if let Err(error) = self.0.end_child(parent, child) {
            tracing::warn!(%error, %child, "a child run could not be ended");
        }
    }
}
