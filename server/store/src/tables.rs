//! The store's transactions, written once over a handful of table operations
//! that memory and SQLite both offer. Whoever calls these is inside one
//! transaction; an error means nothing of it may be kept.

use fermata_engine::event::ProcessId;
use fermata_engine::{Event, EventBody, Fence, RunId, Seq};

use crate::chain::Stored;
use crate::derive::forbidden;
use crate::error::{Result, StoreError};
use crate::lock::RunLock;
use crate::record::{
    Closing, Created, Decision, NewEvent, NewRun, NewStart, Proposal, RunRow, SessionKey,
    StartAnswer, StartClosed, StartId, StartRow, Took,
};
use crate::rules;

/// What a transaction can read and write.
pub(crate) trait Tables {
    fn row(&self, run: &RunId) -> Result<Option<RunRow>>;
    /// Top-level runs of a scope among which the prior is: at least the newest, and the newest that is live or holds a gate and is not kept.
    fn candidates(&self, scope: &str) -> Result<Vec<RunRow>>;
    /// Live runs that hold a checkout.
    fn holders(&self, checkout: &str) -> Result<Vec<RunRow>>;
    fn run_of_request(&self, request: &str) -> Result<Option<RunId>>;
    fn start_of_request(&self, request: &str) -> Result<Option<StartRow>>;
    fn start(&self, start: &StartId) -> Result<Option<StartRow>>;
    /// Start requests that nobody has answered, in any order.
    fn open_starts(&self) -> Result<Vec<StartRow>>;
    fn next_order(&self) -> Result<u64>;
    fn put_row(&mut self, row: &RunRow) -> Result<()>;
    fn push(&mut self, row: &RunRow, events: &[Stored]) -> Result<()>;
    fn put_start(&mut self, start: &StartRow) -> Result<()>;
    /// Keeps a session in place of the one before, from this moment on (UTC ms).
    fn put_session(&mut self, key: &SessionKey, session: &str, run: &RunId, at: u64) -> Result<()>;
}

fn known(tables: &impl Tables, run: &RunId) -> Result<RunRow> {
    tables
        .row(run)?
        .ok_or_else(|| StoreError::not_found(format!("run {run}")))
}

/// Appends; says whether lists have changed.
pub(crate) fn append(
    tables: &mut impl Tables,
    run: &RunId,
    last_seq: Seq,
    fence: Option<Fence>,
    events: &[NewEvent],
) -> Result<(Vec<Event>, bool)> {
    let before = known(tables, run)?;
    let sealed = rules::append(&before, last_seq, fence, events)?;
    if rules::wakes(&before, &sealed.row) {
        checkout_free(tables, &sealed.row)?;
    }
    tables.push(&sealed.row, &sealed.stored)?;
    tables.put_row(&sealed.row)?;
    for event in &sealed.events {
        if let Some(kept) = event.body.kept_session() {
            let key = SessionKey {
                workflow: sealed.row.workflow.clone(),
                node: kept.node,
                scope: sealed.row.scope.clone(),
                agent: kept.session.agent,
            };
            tables.put_session(&key, &kept.session.id, run, event.at)?;
        }
    }
    Ok((sealed.events, sealed.listed))
}

/// Claims; the caller holds the lock.
pub(crate) fn claim(
    tables: &mut impl Tables,
    run: &RunId,
    worker: ProcessId,
    guard: &RunLock,
) -> Result<Fence> {
    if guard.run() != run {
        return Err(forbidden(
            "a claim",
            &format!("the lock is that of run {}", guard.run()),
        ));
    }
    let row = rules::claim(&known(tables, run)?, worker)?;
    tables.put_row(&row)?;
    Ok(row.fence)
}

pub(crate) fn create_run(tables: &mut impl Tables, new: &NewRun) -> Result<Created> {
    let (_, request) = identity(new)?;
    if let Some(existing) = tables.run_of_request(&request)? {
        return Ok(Created::Existing(existing));
    }
    Ok(Created::New(insert(tables, new)?))
}

pub(crate) fn requested(tables: &impl Tables, request: &str) -> Result<Option<Decision>> {
    if let Some(existing) = tables.run_of_request(request)? {
        return Ok(Some(Decision::Existing(existing)));
    }
    let Some(start) = tables.start_of_request(request)? else {
        return Ok(None);
    };
    if start.closed.is_some() {
        return Ok(Some(Decision::Closed(Box::new(start))));
    }
    let prior = match &start.prior {
        Some(prior) => Some(Box::new(known(tables, prior)?)),
        None => None,
    };
    Ok(Some(Decision::Choice {
        start: Box::new(start),
        prior,
    }))
}

pub(crate) fn start_or_choose(tables: &mut impl Tables, proposal: Proposal) -> Result<Decision> {
    let (scope, request) = identity(&proposal.run)?;
    if let Some(before) = requested(tables, &request)? {
        return Ok(before);
    }
    if !proposal.force {
        let rows = tables.candidates(&scope)?;
        if let Some(prior) = rules::prior(rows.iter()).filter(|prior| rules::asks(prior)) {
            let order = next_start(tables)?;
            let about = About::Prior(&prior.run);
            let start = opened(proposal.start, scope, request, about, order);
            tables.put_start(&start)?;
            return Ok(Decision::Choice {
                start: Box::new(start),
                prior: Some(Box::new(prior.clone())),
            });
        }
    }
    if !proposal.changes.is_empty() {
        let about = About::Changes(proposal.changes);
        let order = next_start(tables)?;
        let start = opened(proposal.start, scope, request, about, order);
        tables.put_start(&start)?;
        return Ok(Decision::Choice {
            start: Box::new(start),
            prior: None,
        });
    }
    Ok(Decision::Queued(insert(tables, &proposal.run)?))
}

pub(crate) fn close_start(
    tables: &mut impl Tables,
    start: &StartId,
    closing: Closing,
) -> Result<Took> {
    let Some(mut row) = tables.start(start)? else {
        return Err(StoreError::not_found(format!("start request {start}")));
    };
    if row.closed.is_some() {
        return Ok(Took::Already(Box::new(row)));
    }
    if let Some(also) = &closing.append {
        append(tables, &also.run, also.last_seq, also.fence, &also.events)?;
    }
    if !row.answers().contains(&closing.answer) {
        return Err(forbidden(
            &format!("the answer {}", closing.answer.as_str()),
            &format!("start request {start} is not about that"),
        ));
    }
    let fresh = match &closing.run {
        Some(new) => Some(insert(tables, new)?),
        None => None,
    };
    if closing.answer == StartAnswer::RunFresh
        && let Some(prior) = &row.prior
        && let Some(mut prior) = tables.row(prior)?
    {
        prior.kept = true;
        tables.put_row(&prior)?;
    }
    if !closing.ask.is_empty() {
        row.prior = None;
        row.changes = closing.ask;
        tables.put_start(&row)?;
        return Ok(Took::Asks(Box::new(row)));
    }
    row.closed = Some(StartClosed {
        answer: closing.answer,
        actor: closing.actor,
        at: closing.at,
        run: fresh.clone().or(closing.resumed),
    });
    tables.put_start(&row)?;
    Ok(Took::Closed(fresh))
}

fn insert(tables: &mut impl Tables, new: &NewRun) -> Result<RunId> {
    if tables.row(&new.run)?.is_some() {
        return Err(forbidden(
            "a second run with the id of the first",
            &new.run.0,
        ));
    }
    let sealed = rules::create(new, tables.next_order()?)?;
    checkout_free(tables, &sealed.row)?;
    tables.put_row(&sealed.row)?;
    tables.push(&sealed.row, &sealed.stored)?;
    Ok(new.run.clone())
}

fn checkout_free(tables: &impl Tables, row: &RunRow) -> Result<()> {
    match &row.place.checkout {
        Some(checkout) => rules::checkout_free(row, tables.holders(checkout)?.iter()),
        None => Ok(()),
    }
}

/// What a start request is about.
enum About<'a> {
    Prior(&'a RunId),
    Changes(Vec<String>),
}

/// Start requests that nobody has answered, newest first: in the order in which they came, whatever the clock said.
pub(crate) fn starts(tables: &impl Tables) -> Result<Vec<StartRow>> {
    let mut open = tables.open_starts()?;
    open.sort_by(|a, b| (b.order, b.created, &b.start).cmp(&(a.order, a.created, &a.start)));
    Ok(open)
}

/// The place of a start request after all that are open.
fn next_start(tables: &impl Tables) -> Result<u64> {
    let open = tables.open_starts()?;
    Ok(open.iter().map(|row| row.order).max().unwrap_or(0) + 1)
}

fn opened(
    new: NewStart,
    scope: String,
    request_id: String,
    about: About<'_>,
    order: u64,
) -> StartRow {
    let (prior, changes) = match about {
        About::Prior(prior) => (Some(prior.clone()), Vec::new()),
        About::Changes(changes) => (None, changes),
    };
    StartRow {
        start: new.start,
        scope,
        workflow: new.workflow,
        prior,
        changes,
        request: new.request,
        request_id,
        created: new.created,
        order,
        closed: None,
    }
}

/// Scope and request id of a run about to be created.
fn identity(new: &NewRun) -> Result<(String, String)> {
    match new.events.first().map(|event| &event.body) {
        Some(EventBody::RunQueued { scope, request, .. }) => Ok((scope.clone(), request.clone())),
        _ => Err(forbidden(
            "a log that does not begin with run_queued",
            "nothing",
        )),
    }
}
