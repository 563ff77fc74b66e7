//! The worker's round: decide and append until nothing follows, carry out what
//! is due, then wait for whatever comes first.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fermata_engine::archon;
use fermata_engine::schedule::{self, Plan};
use fermata_engine::{
    Definition, Effect, Entry, EventBody, GateId, Outcome, RunId, Status, StepPath,
};
use fermata_store::StoreError;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

use super::begun::Begun;
use super::{Ended, Surroundings, WorkerError, sessions};
use crate::agent::PermissionDecision;
use crate::agent_step::{self, Stage};
use crate::artifact;
use crate::child;
use crate::dry;
use crate::ledger::{Appended, Ledger};
use crate::looking::{self, Looking};
use crate::mask::Mask;
use crate::script;
use crate::task::{Report, Reports, Task};
use crate::worktree::Moved;

mod lost;
mod wait;

use wait::Why;

/// Tries of an append while others keep being first.
const TRIES: usize = 100;

/// A claimed run at work.
pub(super) struct Round {
    pub(super) run: RunId,
    pub(super) ledger: Ledger,
    pub(super) definition: Definition,
    pub(super) around: Surroundings,
    pub(super) tasks: HashMap<StepPath, Task>,
    pub(super) permissions: HashMap<GateId, oneshot::Sender<PermissionDecision>>,
    pub(super) dialogs: HashMap<GateId, oneshot::Sender<Option<String>>>,
    pub(super) reports: Reports,
    inbox: mpsc::UnboundedReceiver<Report>,
    looking: Looking,
    begun: Begun,
    woken: Arc<Notify>,
    stage: Stage,
    cwd: PathBuf,
    mask: Mask,
    moved: Option<Moved>,
}

impl Round {
    pub(super) fn new(
        run: RunId,
        ledger: Ledger,
        definition: Definition,
        around: Surroundings,
        moved: Option<Moved>,
    ) -> Self {
        let elsewhere = |path: PathBuf| moved.as_ref().map_or(path.clone(), |m| m.path(&path));
        let (reports, inbox) = mpsc::unbounded_channel();
        let woken = Arc::new(Notify::new());
        let waker = Arc::clone(&woken);
        ledger.on_wake(move || waker.notify_one());
        let cwd = elsewhere(PathBuf::from(&ledger.state.request.cwd));
        let mask = Mask::new(&ledger.state);
        let stage = Stage {
            run: run.clone(),
            provider: Arc::clone(&around.agents),
            agent: ledger.state.request.agent.clone(),
            base: elsewhere(definition.root().dir().to_path_buf()),
            home: around.world.home(),
            world: Arc::clone(&around.world),
            moved: moved.clone(),
            policy: around.permissions.clone(),
        };
        Self {
            run,
            ledger,
            definition,
            around,
            tasks: HashMap::new(),
            permissions: HashMap::new(),
            dialogs: HashMap::new(),
            reports,
            inbox,
            looking: Looking::default(),
            begun: Begun::default(),
            woken,
            stage,
            cwd,
            mask,
            moved,
        }
    }

    /// Works until the run ends, waits without need of a worker, or belongs to somebody else.
    pub(super) async fn go(mut self) -> Result<Ended, WorkerError> {
        let result = self.rounds().await;
        self.leave_children();
        for task in self.tasks.values() {
            task.cancel.send_replace(true);
        }
        self.settle_tasks().await;
        self.around.agents.shutdown().await;
        result
    }

    async fn rounds(&mut self) -> Result<Ended, WorkerError> {
        self.redo_lost()?;
        let mut flush_at = Instant::now() + looking::EVERY;
        let mut park_at: Option<Instant> = None;
        loop {
            self.ledger.catch_up()?;
            if self.tasks.is_empty() {
                // Nothing may follow a terminal event, so what was seen goes first.
                self.flush(true)?;
            }
            let idle = self.decide()?;
            self.tell_agents();
            match self.ledger.state.status {
                Status::Completed | Status::Failed | Status::Cancelled => {
                    return Ok(Ended::With(self.ledger.state.status));
                }
                Status::Waiting if self.may_park() => {
                    let at = Instant::now() + self.grace()?;
                    park_at = Some(park_at.map_or(at, |before| before.min(at)));
                }
                Status::Waiting | Status::Running | Status::Queued => park_at = None,
            }
            self.carry_out();
            if !idle {
                // A long chain of pure steps must not keep results and requests waiting.
                while let Ok(report) = self.inbox.try_recv() {
                    self.take(report)?;
                }
                tokio::task::yield_now().await;
                continue;
            }
            match self.wait_for_work(flush_at, park_at).await? {
                Why::Report(_) | Why::Woken | Why::Look => {}
                Why::Flush => {
                    self.flush(false)?;
                    flush_at = Instant::now() + looking::EVERY;
                }
                Why::Settled => {
                    let due = self.begun.take();
                    self.ledger.write_all(due)?;
                }
                Why::Park => {
                    if self.park()? {
                        return Ok(Ended::Parked);
                    }
                }
            }
        }
    }

    /// Decides once and appends what follows; whether nothing more follows by itself.
    fn decide(&mut self) -> Result<bool, WorkerError> {
        let now = self.around.clock.now();
        let Plan {
            append,
            cancel,
            idle,
        } = schedule::advance(&mut self.ledger.state, &self.definition, now);
        if self.commit(append)? == Appended::Again {
            return Ok(false);
        }
        let stale = self.cancel(&cancel)?;
        Ok(idle && !stale)
    }

    fn commit(&mut self, append: Vec<Entry>) -> Result<Appended, WorkerError> {
        Ok(self.ledger.commit(append)?)
    }

    /// Asks tasks to end. An attempt that nobody carries out is over at once; whether there was one.
    fn cancel(&mut self, paths: &[StepPath]) -> Result<bool, WorkerError> {
        let mut stale = false;
        for path in paths {
            match self.tasks.get(path) {
                Some(task) => {
                    task.cancel.send_replace(true);
                }
                None => {
                    let Some(open) = self.ledger.state.open.get(path) else {
                        continue;
                    };
                    let (attempt, child) = (open.attempt, open.is_child());
                    if child && self.end_child(path) {
                        continue;
                    }
                    self.conclude(path, attempt, Outcome::Cancelled { elapsed: 0 })?;
                    stale = true;
                }
            }
        }
        Ok(stale)
    }

    /// Appends the result of an attempt, deciding again while others are first.
    fn conclude(
        &mut self,
        path: &StepPath,
        attempt: u32,
        outcome: Outcome,
    ) -> Result<(), WorkerError> {
        for _ in 0..TRIES {
            let now = self.around.clock.now();
            let mut append = schedule::conclude(
                &mut self.ledger.state,
                &self.definition,
                now,
                path,
                attempt,
                outcome.clone(),
            );
            // Nothing else is under way that could have a say, so what follows from the result goes into
            // its transaction: in a chain, a step costs one synced write.
            if self.tasks.is_empty() && !append.is_empty() {
                append.extend(
                    schedule::advance(&mut self.ledger.state, &self.definition, now).append,
                );
            }
            if self.commit(append)? == Appended::Yes {
                return Ok(());
            }
        }
        Err(WorkerError::Store(StoreError::Busy {
            path: format!("log of run {}", self.run),
            waited: 0,
        }))
    }

    /// Starts a task for every attempt that is due and has none.
    fn carry_out(&mut self) {
        let due = schedule::due_unless(&self.ledger.state, &self.definition, |path| {
            self.tasks.contains_key(path)
        });
        for effect in due {
            let (path, attempt) = effect.attempt();
            let path = path.clone();
            let (cancel, asked) = watch::channel(false);
            let work = self.work(effect, asked);
            self.begin(path, attempt, cancel, work);
        }
    }

    /// Starts a task.
    pub(super) fn begin(
        &mut self,
        path: StepPath,
        attempt: u32,
        cancel: watch::Sender<bool>,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) {
        let reports = self.reports.clone();
        let done = path.clone();
        let kept = archon::kept(&self.definition, &path);
        let is_child = self
            .ledger
            .state
            .open
            .get(&path)
            .is_some_and(|open| open.is_child());
        let task = tokio::spawn(async move {
            let outcome = work.await;
            if let Some(kept) = kept {
                artifact::keep(&kept, &outcome);
            }
            let _ = reports.send(Report::Ended {
                path: done,
                attempt,
                outcome: Box::new(outcome),
            });
        });
        self.tasks.insert(
            path,
            Task {
                attempt,
                cancel: Arc::new(cancel),
                leave: task.abort_handle(),
                is_child,
                child: None,
            },
        );
    }

    fn work(
        &self,
        effect: Effect,
        asked: watch::Receiver<bool>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>> {
        let reports = self.reports.clone();
        match effect {
            Effect::Script(call) if self.ledger.state.request.dry_run => {
                Box::pin(dry::script(*call, self.stage.clone(), reports))
            }
            Effect::Script(call) => {
                let place = script::Place {
                    run: self.run.clone(),
                    cwd: self.cwd.clone(),
                };
                Box::pin(script::run(*call, place, reports, asked))
            }
            Effect::Child(call) => Box::pin(child::run(*call, self.family(), asked)),
            Effect::Agent(mut call) => {
                let (store, request) = (&*self.around.store, &self.ledger.state.request);
                if let Some(body) = sessions::recall(store, request, &mut call) {
                    let _ = reports.send(Report::Look {
                        path: call.path.clone(),
                        body: Box::new(body),
                    });
                }
                let mut stage = self.stage.clone();
                let frame = self.ledger.state.frame_of(&call.path);
                if let Some(source) = self
                    .ledger
                    .state
                    .frames
                    .get(&frame)
                    .and_then(|frame| self.definition.file(&frame.file))
                {
                    let dir = source.dir();
                    stage.base = match &self.moved {
                        Some(moved) => moved.path(dir),
                        None => dir.to_path_buf(),
                    };
                }
                if self.ledger.state.request.dry_run {
                    return Box::pin(dry::agent(*call, stage, reports, asked));
                }
                Box::pin(agent_step::run(*call, stage, reports, asked))
            }
        }
    }

    /// Takes a report in; whether something may follow from it.
    fn take(&mut self, report: Report) -> Result<bool, WorkerError> {
        match report {
            Report::Ended {
                path,
                attempt,
                outcome,
            } => {
                if self.tasks.get(&path).is_some_and(|t| t.attempt == attempt)
                    && let Some(Task {
                        child: Some(child), ..
                    }) = self.tasks.remove(&path)
                {
                    self.reflect(&path, attempt, &child)?;
                }
                self.begun.forget(&path);
                self.flush(true)?;
                self.conclude(&path, attempt, *outcome)?;
            }
            Report::Look { path, body } => {
                self.looking.push(self.around.clock.now(), path, *body);
                return Ok(false);
            }
            Report::Process {
                path,
                step,
                attempt,
                process,
            } => {
                let body = EventBody::ProcessStarted {
                    step,
                    attempt,
                    process,
                };
                let at = self.around.clock.now();
                self.begun.push(Entry { at, path, body });
                return Ok(false);
            }
            Report::Child {
                path,
                attempt,
                child,
            } => self.reflect(&path, attempt, &child)?,
            Report::Dialog {
                path,
                attempt,
                question,
                reply,
            } => self.open_dialog(&path, attempt, &question, reply)?,
            Report::Permission {
                path,
                attempt,
                request,
                reply,
            } => self.open_permission(&path, attempt, *request, reply)?,
        }
        Ok(true)
    }

    /// Writes what was seen: a few events, or all of them before a result.
    fn flush(&mut self, all: bool) -> Result<(), WorkerError> {
        let mut entries = self.looking.take(all);
        for entry in &mut entries {
            self.mask.apply(&mut entry.body);
        }
        Ok(self.ledger.write_all(entries)?)
    }

    /// Gives the lock back; an answer queues the run again.
    fn park(&mut self) -> Result<bool, WorkerError> {
        self.flush(true)?;
        self.ledger.catch_up()?;
        if self.ledger.state.status != Status::Waiting || !self.may_park() {
            return Ok(false);
        }
        let still_waits = {
            let before = self.ledger.state.last_seq;
            let _ = self.decide()?;
            before == self.ledger.state.last_seq && self.ledger.state.status == Status::Waiting
        };
        if still_waits {
            let now = self.around.clock.now();
            self.ledger
                .write_if_unchanged(now, &StepPath::root(), EventBody::RunParked {})
                .map_err(WorkerError::Store)
        } else {
            Ok(false)
        }
    }

    /// Waits for the tasks that were asked to end, so that nothing outlives the worker.
    async fn settle_tasks(&mut self) {
        let end = Instant::now() + Duration::from_secs(5);
        while !self.tasks.is_empty() {
            let Ok(Some(report)) = tokio::time::timeout_at(end, self.inbox.recv()).await else {
                return;
            };
            if let Report::Ended { path, .. } = report {
                self.tasks.remove(&path);
            }
        }
    }
}
