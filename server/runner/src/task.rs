//! Attempts being carried out: each is a task that reports exactly one outcome.

use std::sync::Arc;

use fermata_engine::event::ProcessId;
use fermata_engine::{EventBody, Outcome, RunId, StepPath};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use crate::agent::{PermissionDecision, PermissionRequest};

/// What a task tells the worker.
pub(crate) enum Report {
    /// It is over.
    Ended {
        path: StepPath,
        attempt: u32,
        outcome: Box<Outcome>,
    },
    /// Something to look at.
    Look {
        path: StepPath,
        body: Box<EventBody>,
    },
    /// The process that carries it out.
    Process {
        path: StepPath,
        step: String,
        attempt: u32,
        process: ProcessId,
    },
    /// The child that carries it out, whenever something about it has changed that its parent shows.
    Child {
        path: StepPath,
        attempt: u32,
        child: RunId,
    },
    /// The person is asked about an output; no answer means to go on with it.
    Dialog {
        path: StepPath,
        attempt: u32,
        question: String,
        reply: oneshot::Sender<Option<String>>,
    },
    /// The agent asks to run a tool.
    Permission {
        path: StepPath,
        attempt: u32,
        request: Box<PermissionRequest>,
        reply: oneshot::Sender<PermissionDecision>,
    },
}

/// The way back to the worker. Never blocks: the worker drains it between decisions.
pub(crate) type Reports = mpsc::UnboundedSender<Report>;

/// A running task, as the worker holds it.
pub(crate) struct Task {
    /// Attempt that it carries out.
    pub(crate) attempt: u32,
    /// Asks it to end.
    pub(crate) cancel: Arc<watch::Sender<bool>>,
    /// Drops it as it is.
    pub(crate) leave: AbortHandle,
    /// Whether a run of its own does the work, and this only looks after it.
    pub(crate) is_child: bool,
    /// That run, once it is there.
    pub(crate) child: Option<RunId>,
}

/// Resolves when the task is asked to end.
pub(crate) async fn cancelled(mut asked: watch::Receiver<bool>) {
    // A dropped sender means that the worker is gone: end as well.
    let _ = asked.wait_for(|asked| *asked).await;
}
