//! Who may write what, and which run is "the last run of this workflow":
//! decisions over rows, shared by every implementation of the store so that
//! they cannot differ.

use fermata_engine::{Event, EventBody, Fence, Seq, Status};

use crate::chain::Stored;
use crate::derive::{event_name, forbidden};
use crate::error::{Miss, Result, StoreError};
use crate::record::{NewEvent, NewRun, RunRow};

/// An append that may be written: the row after it, and what to store.
pub(crate) struct Sealed {
    pub(crate) row: RunRow,
    pub(crate) stored: Vec<Stored>,
    pub(crate) events: Vec<Event>,
    /// Whether lists change: status, gates, requests.
    pub(crate) listed: bool,
}

/// Whether an append must be synced before its writer goes on. What is only to be looked at need not be; nor the
/// number of a process, which is needed to end what a dead worker has left running: with the power, that is gone too.
pub(crate) fn must_survive_power<'a>(bodies: impl IntoIterator<Item = &'a EventBody>) -> bool {
    bodies
        .into_iter()
        .any(|body| !body.looking_only() && !matches!(body, EventBody::ProcessStarted { .. }))
}

/// Checks guards and rights, numbers and seals the events, derives the row.
pub(crate) fn append(
    row: &RunRow,
    last_seq: Seq,
    fence: Option<Fence>,
    events: &[NewEvent],
) -> Result<Sealed> {
    if let Some(fence) = fence
        && fence != row.fence
    {
        return Err(Miss::Fenced { fence: row.fence.0 }.into());
    }
    if row.status.is_final() {
        return Err(Miss::Final(row.status).into());
    }
    if last_seq != row.last_seq {
        return Err(Miss::Stale {
            last_seq: row.last_seq,
        }
        .into());
    }
    if fence.is_none() {
        requests_only(row, events)?;
    } else if row.status == Status::Failed {
        let ends = events.iter().all(|event| {
            event.body.looking_only()
                || matches!(
                    event.body,
                    EventBody::RunCancelled { .. } | EventBody::GateWithdrawn { .. }
                )
        });
        if !ends {
            return Err(forbidden(
                "a worker's event",
                "the run has failed; it has to be resumed first",
            ));
        }
    }
    seal(row.clone(), events)
}

/// Surfaces hold neither lock nor fence: they ask, they answer, and they put a run that nobody works on back into the queue.
fn requests_only(row: &RunRow, events: &[NewEvent]) -> Result<()> {
    let requeues = events.iter().any(|event| {
        matches!(
            event.body,
            EventBody::RunResumed {
                status: Status::Queued,
                ..
            }
        )
    });
    if requeues && row.damaged {
        return Err(StoreError::Corrupt {
            path: format!("run {}", row.run),
            what: "its log was found damaged, so it cannot go on; abandon it".to_owned(),
        });
    }
    for event in events {
        let allowed = match &event.body {
            EventBody::RunResumed { status, .. } => *status == Status::Queued,
            EventBody::StepsInvalidated { .. }
            | EventBody::DefinitionPinned { .. }
            | EventBody::GateWithdrawn { .. }
            | EventBody::Warning { .. } => requeues,
            EventBody::GateAnswered { .. } | EventBody::IterationLimitResolved { .. } => {
                // A run without a worker would keep the answer and go nowhere.
                requeues || (row.status.is_live() && !row.parked)
            }
            EventBody::StopRequested { .. } => row.status.is_live(),
            // Nobody can fold its log, so nobody can claim it.
            EventBody::RunCancelled { .. } => row.damaged,
            body => body.is_request(),
        };
        if !allowed {
            return Err(forbidden(
                &event_name(&event.body),
                &format!(
                    "the writer has neither lock nor fence and run {} is {}",
                    row.run,
                    row.status.as_str()
                ),
            ));
        }
    }
    Ok(())
}

/// First events of a new run.
pub(crate) fn create(new: &NewRun, order: u64) -> Result<Sealed> {
    let row = RunRow::begin(new, order)?;
    let harmless = new.events.iter().skip(1).all(|event| {
        event.body.looking_only() || matches!(event.body, EventBody::DefinitionPinned { .. })
    });
    if !harmless {
        return Err(forbidden(
            "an event other than definition_pinned or a warning",
            "a run that is being created",
        ));
    }
    seal(row, &new.events)
}

fn seal(mut row: RunRow, events: &[NewEvent]) -> Result<Sealed> {
    let before = (
        row.status,
        row.parked,
        row.gates.len(),
        row.stopping,
        row.aborting,
    );
    let fresh = row.last_seq == 0;
    let mut stored = Vec::with_capacity(events.len());
    let mut opened = Vec::with_capacity(events.len());
    let mut gates = false;
    for event in events {
        if row.status.is_final() {
            return Err(forbidden(
                &event_name(&event.body),
                "the same append has ended the run",
            ));
        }
        let previous = (row.last_seq, row.last_check.clone());
        let sealed = Stored::seal(&row.run, (previous.0, &previous.1), event)?;
        // Read back what will be stored, so that nobody folds anything else.
        let event = sealed
            .clone()
            .open(&row.run, (previous.0, &previous.1), "the store")?;
        gates |= matches!(
            event.body,
            EventBody::GateOpened { .. }
                | EventBody::IterationLimitReached { .. }
                | EventBody::GateAnswered { .. }
                | EventBody::IterationLimitResolved { .. }
                | EventBody::GateWithdrawn { .. }
        );
        row.advance(&event)?;
        stored.push(sealed);
        opened.push(event);
    }
    let after = (
        row.status,
        row.parked,
        row.gates.len(),
        row.stopping,
        row.aborting,
    );
    Ok(Sealed {
        listed: fresh || gates || before != after,
        row,
        stored,
        events: opened,
    })
}

/// The row after a claim.
pub(crate) fn claim(row: &RunRow, worker: fermata_engine::event::ProcessId) -> Result<RunRow> {
    if row.status.is_final() {
        return Err(Miss::Final(row.status).into());
    }
    let mut row = row.clone();
    row.fence = Fence(row.fence.0 + 1);
    row.worker = Some(worker);
    Ok(row)
}

/// The earlier run that a request is about, among the top-level runs of its scope: the newest that is live or holds a
/// gate and was not decided about; if none, the newest of all. A dry run has done nothing that could be gone on with, so
/// it is none of them. `rows` may come in any order.
pub(crate) fn prior<'a>(rows: impl Iterator<Item = &'a RunRow> + Clone) -> Option<&'a RunRow> {
    let top = rows.filter(|row| row.parent.is_none() && !row.dry_run);
    top.clone()
        .filter(|row| !row.kept && (row.status.is_live() || row.holds_gate()))
        .max_by_key(|row| row.order)
        .or_else(|| top.max_by_key(|row| row.order))
}

/// Whether that run has to be decided about first.
pub(crate) fn asks(prior: &RunRow) -> bool {
    !prior.status.is_final() && !prior.kept
}

/// Refuses a second live run in a checkout that one holds.
pub(crate) fn checkout_free<'a>(
    row: &RunRow,
    others: impl Iterator<Item = &'a RunRow>,
) -> Result<()> {
    let Some(checkout) = &row.place.checkout else {
        return Ok(());
    };
    for other in others {
        if other.run != row.run
            && other.status.is_live()
            && other.place.checkout.as_ref() == Some(checkout)
        {
            return Err(StoreError::Miss(Miss::CheckoutBusy {
                run: other.run.clone(),
                workflow: other.workflow.clone(),
                waits: other.status == Status::Waiting,
                checkout: checkout.clone(),
            }));
        }
    }
    Ok(())
}

/// Whether an append puts a failed run back to work, so that its checkout must be free.
pub(crate) fn wakes(before: &RunRow, after: &RunRow) -> bool {
    before.status == Status::Failed && after.status == Status::Queued
}

/// Whether the workspace of a scope lies in a folder.
pub(crate) fn lies_under(scope: &str, folder: &str) -> bool {
    std::path::Path::new(scope).starts_with(folder)
}

impl crate::record::RunFilter {
    /// Whether a row belongs to the list.
    pub(crate) fn takes(&self, row: &RunRow) -> bool {
        let scope = self.scope.as_ref().is_none_or(|scope| &row.scope == scope);
        let under = self
            .under
            .as_ref()
            .is_none_or(|under| lies_under(&row.scope, under));
        let parent = match &self.parent {
            Some(parent) => row.parent.as_ref() == Some(parent),
            None => self.children || row.parent.is_none(),
        };
        let status = self.statuses.is_empty() || self.statuses.contains(&row.status);
        scope && under && parent && status
    }
}

/// The one id that begins or ends with what was given; the whole id always counts.
pub(crate) fn named<'a>(
    name: &str,
    ids: impl Iterator<Item = &'a fermata_engine::RunId>,
) -> Result<fermata_engine::RunId> {
    let wanted = name.to_ascii_lowercase();
    let mut matches = Vec::new();
    for id in ids {
        if id.0 == wanted {
            return Ok(id.clone());
        }
        if !wanted.is_empty() && (id.0.starts_with(&wanted) || id.0.ends_with(&wanted)) {
            matches.push(id.clone());
        }
    }
    match matches.len() {
        0 => Err(StoreError::not_found(format!("run `{name}`"))),
        1 => Ok(matches.remove(0)),
        count => Err(StoreError::Ambiguous {
            prefix: name.to_owned(),
            count,
        }),
    }
}

/// Bytes that still have the hash they are stored under.
pub(crate) fn intact(hash: &str, bytes: Vec<u8>, path: &str) -> Result<Vec<u8>> {
    let found = blake3::hash(&bytes).to_hex();
    if found.as_str() == hash {
        return Ok(bytes);
    }
    Err(StoreError::Corrupt {
        path: path.to_owned(),
        what: format!("blob {hash} has content with the hash {found}"),
    })
}

/// The row that a whole log gives.
pub(crate) fn replay(new: &NewRun, order: u64, events: &[Event]) -> Result<RunRow> {
    let mut row = RunRow::begin(new, order)?;
    for event in events {
        row.advance(event)?;
    }
    Ok(row)
}
