//! A step that is another run (specs/archon.md 4.10): starts it, or goes on
//! with the one that is there, and waits for its end. The child has a worker of
//! its own and keeps its own gates; ending the step ends the child.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fermata_engine::{Cause, ChildCall, Failure, Outcome, Payload, RunId, Status, StepPath};
use fermata_store::{Store, load_state};
use serde_json::{Map, Value};
use tokio::sync::{Notify, watch};

use crate::task::{Report, Reports, cancelled};

/// How often a child is looked at when no wake-up comes.
const LOOK: Duration = Duration::from_millis(500);
/// A queued child that nobody has claimed for so long gets a worker.
const UNCLAIMED: Duration = Duration::from_secs(2);
/// How often a child whose worker is gone is put to work again.
const REVIVALS: u32 = 3;

/// Starts and ends child runs. Calls block.
pub trait Children: Send + Sync {
    /// Starts the run of this request, or finds it and puts it to work again when it had failed.
    ///
    /// # Errors
    /// [`Refused`]: nothing was started.
    fn start(&self, parent: &RunId, call: &ChildCall) -> Result<RunId, Refused>;

    /// Ends a child because its parent ends: for good when the parent was aborted, else so that it can be resumed.
    fn end(&self, parent: &RunId, child: &RunId);

    /// The run of this request, if it was ever started.
    fn find(&self, call: &ChildCall) -> Option<RunId>;
}

/// Why a child was not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// Class of the failure (`not-found`, `cycle`, `input`, `child-failed`, …).
    pub kind: String,
    /// In one sentence.
    pub message: String,
}

/// The run and what it needs to look after a child.
pub(crate) struct Family {
    pub(crate) run: RunId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) children: Option<Arc<dyn Children>>,
    pub(crate) reports: Reports,
}

/// Ends the child of an attempt that nobody looks after yet.
pub(crate) async fn end(call: ChildCall, family: Family) -> Outcome {
    let Some(children) = family.children else {
        return Outcome::Cancelled { elapsed: 0 };
    };
    // A panic in there is logged; the attempt is over all the same.
    let _ = tokio::task::spawn_blocking(move || {
        if let Some(child) = children.find(&call) {
            children.end(&family.run, &child);
        }
    })
    .await;
    Outcome::Cancelled { elapsed: 0 }
}

/// Carries a child out.
pub(crate) async fn run(
    call: ChildCall,
    family: Family,
    asked_to_end: watch::Receiver<bool>,
) -> Outcome {
    let started = Instant::now();
    let elapsed = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let fail = |error: Refused, child: Option<&RunId>| Outcome::Failed {
        error: Failure {
            kind: error.kind,
            message: error.message,
            names: child.iter().map(|run| run.to_string()).collect(),
        },
        detail: about(child),
        elapsed: elapsed(),
    };
    let Some(children) = family.children.clone() else {
        return fail(
            refused(
                "other",
                "runs of their own cannot be started here".to_owned(),
            ),
            None,
        );
    };
    let child = match begin(&children, &family.run, &call).await {
        Ok(child) => child,
        Err(error) => return fail(error, None),
    };
    // From here on it is this one, whatever becomes of it.
    let call = ChildCall {
        child: Some(child.clone()),
        ..call
    };
    let ended = tokio::select! {
        ended = watch_over(&family, &children, &call, &child) => ended,
        () = cancelled(asked_to_end) => {
            let (parent, child) = (family.run.clone(), child.clone());
            let _ = tokio::task::spawn_blocking(move || children.end(&parent, &child)).await;
            return Outcome::Cancelled { elapsed: elapsed() };
        }
    };
    match ended {
        Ok((output, cost)) => {
            let mut detail = about(Some(&child));
            if cost > 0.0 {
                detail.insert("cost_usd".to_owned(), Value::from(cost));
            }
            Outcome::Agent {
                output,
                detail,
                elapsed: elapsed(),
            }
        }
        Err(error) => fail(error, Some(&child)),
    }
}

fn about(child: Option<&RunId>) -> Map<String, Value> {
    child
        .map(|run| ("child".to_owned(), Value::from(run.as_str())))
        .into_iter()
        .collect()
}

async fn begin(
    children: &Arc<dyn Children>,
    parent: &RunId,
    call: &ChildCall,
) -> Result<RunId, Refused> {
    let (children, parent, call) = (Arc::clone(children), parent.clone(), call.clone());
    tokio::task::spawn_blocking(move || children.start(&parent, &call))
        .await
        .unwrap_or_else(|error| {
            Err(refused(
                "other",
                format!("the child could not be started: {error}"),
            ))
        })
}

/// Waits for the end of a child; its output, and what it has spent in US dollars.
async fn watch_over(
    family: &Family,
    children: &Arc<dyn Children>,
    call: &ChildCall,
    child: &RunId,
) -> Result<(Value, f64), Refused> {
    let lost = |error: fermata_store::StoreError| {
        refused(
            "child-failed",
            format!("run {child} cannot be looked at: {error}"),
        )
    };
    let woken = Arc::new(Notify::new());
    let waker = Arc::clone(&woken);
    let wake = family.store.subscribe(Some(child)).map_err(lost)?;
    wake.on_wake(move || waker.notify_one());
    let mut revivals = 0;
    let mut shown = None;
    let mut queued = None;
    loop {
        let row = family.store.run(child).map_err(lost)?;
        let shows = (row.status, row.parked, row.gates.clone());
        if shown.as_ref() != Some(&shows) {
            shown = Some(shows);
            let _ = family.reports.send(Report::Child {
                path: call.path.clone(),
                attempt: call.attempt,
                child: child.clone(),
            });
        }
        match row.status {
            Status::Completed => {
                let state = load_state(family.store.as_ref(), child).map_err(lost)?;
                let root = state.frames.get(&StepPath::root());
                let spent = root.map_or(0.0, |frame| frame.spent_usd);
                return Ok((output(family, state.output).map_err(lost)?, spent));
            }
            Status::Cancelled => {
                return Err(refused(
                    "child-failed",
                    format!("run {} of `{}` was cancelled", child.short(), call.workflow),
                ));
            }
            // Its worker vanished: nobody decided that it should fail.
            Status::Failed if row.cause == Some(Cause::Interrupted) && revivals < REVIVALS => {
                revivals += 1;
                begin(children, &family.run, call).await?;
            }
            Status::Failed => {
                let why = row.error.map(|error| error.message).unwrap_or_default();
                return Err(refused(
                    "child-failed",
                    format!("run {} of `{}` failed: {why}", child.short(), call.workflow),
                ));
            }
            Status::Running | Status::Waiting
                if !row.parked
                    && revivals < REVIVALS
                    && !family.store.is_locked(child).map_err(lost)? =>
            {
                revivals += 1;
                begin(children, &family.run, call).await?;
            }
            // Whoever queued it may be gone, and nobody else may be looking.
            Status::Queued if queued.get_or_insert_with(Instant::now).elapsed() > UNCLAIMED => {
                queued = None;
                begin(children, &family.run, call).await?;
                continue;
            }
            Status::Queued => {}
            Status::Running | Status::Waiting => queued = None,
        }
        let _ = tokio::time::timeout(LOOK, woken.notified()).await;
    }
}

fn output(family: &Family, output: Option<Payload>) -> fermata_store::Result<Value> {
    match output {
        Some(Payload::Inline(Value::Null)) | None => Ok(Value::from("")),
        Some(payload) => fermata_store::fetch(family.store.as_ref(), &payload),
    }
}

fn refused(kind: &str, message: String) -> Refused {
    Refused {
        kind: kind.to_owned(),
        message,
    }
}
