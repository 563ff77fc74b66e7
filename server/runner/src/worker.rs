//! The worker: claims a run, recovers what an earlier worker left, then goes
//! round: decide, append, carry out, wait. It is the only one that appends
//! progress and changes status, and it stops before its next write when it
//! finds that the run was claimed again.

mod begun;
mod family;
mod gates;
mod options;
mod round;
mod sessions;
mod setting;

use std::path::Path;
use std::sync::Arc;

use fermata_engine::event::ProcessId;
use fermata_engine::{
    Cause, Definition, Entry, EventBody, Failure, Fence, RunId, RunState, Status, StepPath,
};
use fermata_store::{Miss, RunLock, StoreError, process};

use crate::ledger::Ledger;
use crate::mask;
use crate::recover;
use crate::secrets;
use crate::worktree;

pub use options::Surroundings;
use round::Round;

/// How a worker's work on a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The run has this status: completed, failed or cancelled.
    With(Status),
    /// It waits for people, or for runs that do, and needs no worker. What it waits for may have come meanwhile: whoever
    /// ran the worker looks, once the lock is given back.
    Parked,
    /// Somebody else has claimed it.
    Fenced,
    /// There was nothing to do for a worker in this status.
    NotDue(Status),
}

/// Why a worker gave up. The run is left as it is; whoever takes its lock finds it interrupted.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log does not fold.
    #[error("the log of run {run} does not fold: {source}")]
    Fold {
        /// The run.
        run: RunId,
        /// Why.
        source: fermata_engine::FoldError,
    },
}

/// Works on a run whose lock is held until nothing more is to be done. The lock is given back when this returns.
///
/// # Errors
/// [`WorkerError`] when the store fails; misses are handled.
pub async fn run_worker(
    run: &RunId,
    guard: RunLock,
    surroundings: Surroundings,
) -> Result<Ended, WorkerError> {
    let store = Arc::clone(&surroundings.store);
    let me = process::this_process();
    let (fence, log) = match store.claim(run, me.clone(), &guard) {
        Ok(claimed) => claimed,
        Err(StoreError::Miss(Miss::Final(status))) => return Ok(Ended::NotDue(status)),
        Err(error) => return Err(error.into()),
    };
    let state = RunState::fold_all(&log).map_err(|source| WorkerError::Fold {
        run: run.clone(),
        source,
    })?;
    // Subscribed before the first look, so that no request falls between.
    let wake = store.subscribe(Some(run))?;
    let mut ledger = Ledger::new(Arc::clone(&store), run.clone(), fence, state, wake);
    let ended = recover::end_old_processes(run, &ledger.state, &me).await;
    if ended > 0 {
        tracing::info!(run = %run, ended, "ended process groups of an earlier worker");
    }
    let now = surroundings.clock.now();
    match ledger.state.status {
        Status::Queued => {}
        status if ledger.state.end_without_worker().is_none() => return Ok(Ended::NotDue(status)),
        _ => return bury(&mut ledger, now),
    }
    let file = ledger.state.request.file.clone();
    let definition = Definition::load(surroundings.world.as_ref(), Path::new(&file));
    let mut definition = match definition {
        Ok(definition) => definition,
        Err(problem) => {
            start(&mut ledger, now, fence, me, None)?;
            return cannot_start(&mut ledger, now, problem.to_string());
        }
    };
    let deadline = definition
        .root()
        .workflow
        .limits
        .timeout_seconds
        .map(|seconds| now.saturating_add(seconds.value.saturating_mul(1000)));
    start(&mut ledger, now, fence, me, deadline)?;
    let cwd = ledger.state.request.cwd.clone();
    match secrets::read(&ledger.state, surroundings.world.as_ref(), Path::new(&cwd)) {
        Ok(secrets) => {
            ledger.state.know_secrets(secrets);
            mask::cover_panics(&ledger.state);
        }
        Err(problem) => return cannot_start(&mut ledger, now, problem),
    }
    let place = store.run(run)?.place;
    let moved = match worktree::prepare(run, &place, !ledger.state.steps.is_empty()).await {
        Ok(moved) => moved,
        Err(problem) => return cannot_start(&mut ledger, now, problem),
    };
    match setting::prepare(&ledger.state, &definition, &surroundings).await {
        Ok(setting) => definition.set_in(setting),
        Err(problem) => return cannot_start(&mut ledger, now, problem),
    }
    let result = Round::new(run.clone(), ledger, definition, surroundings, moved)
        .go()
        .await;
    match result {
        Err(WorkerError::Store(StoreError::Miss(Miss::Fenced { .. }))) => Ok(Ended::Fenced),
        Err(WorkerError::Store(StoreError::Miss(Miss::Final(status)))) => Ok(Ended::With(status)),
        other => other,
    }
}

fn start(
    ledger: &mut Ledger,
    now: u64,
    fence: Fence,
    worker: ProcessId,
    deadline: Option<u64>,
) -> Result<(), StoreError> {
    // A run that only waited for people goes on with the time it had left.
    let kept = ledger
        .state
        .waiting_since
        .and(ledger.state.deadline)
        .map(|deadline| {
            let waited = ledger.state.waited - ledger.state.deadline_waited
                + now.saturating_sub(ledger.state.waiting_since.unwrap_or(now));
            // Not more than it had: the clock may have been put back.
            (deadline + waited).min(now + ledger.state.deadline_span)
        });
    let seed = if ledger.state.seed == 0 {
        now.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1
    } else {
        ledger.state.seed
    };
    ledger.write(
        now,
        &StepPath::root(),
        &EventBody::RunStarted {
            fence,
            worker,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            deadline: kept.or(deadline),
        },
    )
}

/// A run that was left running: what was asked of it is done, else it fails as interrupted and can be resumed.
fn bury(ledger: &mut Ledger, now: u64) -> Result<Ended, WorkerError> {
    while let Some(end) = ledger.state.end_without_worker() {
        let events = ledger.state.ending(&end).into_iter();
        let last = events.map(|(path, body)| Entry {
            at: now,
            path,
            body,
        });
        // If a surface has asked for something meanwhile, that counts.
        ledger.write_all_if_unchanged(last.collect())?;
    }
    Ok(Ended::With(ledger.state.status))
}

/// A run that was claimed and cannot begin.
fn cannot_start(ledger: &mut Ledger, now: u64, message: String) -> Result<Ended, WorkerError> {
    ledger.write(
        now,
        &StepPath::root(),
        &EventBody::RunFailed {
            cause: Cause::StartFailed,
            error: Failure {
                kind: "ConfigurationError".to_owned(),
                message,
                names: Vec::new(),
            },
            step: None,
            output: None,
            actor: None,
        },
    )?;
    Ok(Ended::With(Status::Failed))
}
