//! The user's own commands for gates, failures and completions. They hang on
//! the store, because whoever writes such an event, worker or surface, is the
//! one that runs the command: so it runs once. They get JSON on stdin, write to
//! the run's log, and nobody waits for them. Decides nothing about runs.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fermata_engine::event::ProcessId;
use fermata_engine::{Event, EventBody, Fence, GateId, RunId, Seq};
use fermata_store::{
    Closing, Commits, Created, Decision, Home, NewEvent, NewRun, Proposal, Result, RunFilter,
    RunLock, RunRow, SessionKey, StartId, StartRow, Store, Took, Trust, Wake, private_file,
};
use serde_json::{Value, json};

use crate::config::OnConfig;
use crate::env;
use crate::sys;

/// A store that tells the user's commands what was written through it.
pub(crate) struct Announcing {
    store: Arc<dyn Store>,
    home: Home,
    on: OnConfig,
}

impl Announcing {
    /// The store itself when there is nobody to tell.
    pub(crate) fn around(store: Arc<dyn Store>, home: Home, on: OnConfig) -> Arc<dyn Store> {
        if on == OnConfig::default() {
            return store;
        }
        Arc::new(Self { store, home, on })
    }

    fn announce(&self, run: &RunId, written: &[Event]) {
        for (event, gate) in news(written) {
            let command = match event {
                "gate" => &self.on.gate,
                "failed" => &self.on.failed,
                _ => &self.on.completed,
            };
            let Some((program, args)) = command.split_first() else {
                continue;
            };
            let Ok(row) = self.store.run(run) else {
                continue;
            };
            // Child runs are their parent's business, except that somebody has to answer their gates.
            if row.parent.is_some() && gate.is_none() {
                continue;
            }
            let told = json!({
                "version": 1,
                "event": event,
                "run": row.run,
                "workflow": row.workflow,
                "path": row.file,
                "status": row.status,
                "cause": row.cause,
                "error": row.error.as_ref().map(|error| &error.message),
                "gate": gate,
            });
            if let Err(error) = self.begin(run, program, args, &told) {
                tracing::warn!(%run, %error, program, event, "cannot run the command of `on`");
            }
        }
    }

    /// Starts a command and leaves it alone. Its input is a file, so that neither side can hold the other.
    fn begin(&self, run: &RunId, program: &str, args: &[String], told: &Value) -> io::Result<()> {
        let log = self.home.log(run);
        let output = private_file().create(true).append(true).open(log)?;
        let errors = output.try_clone()?;
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.home.root())
            .stdin(self.input(run, told)?)
            .stdout(output)
            .stderr(errors);
        env::leave_out_internals(&mut command);
        sys::detach(&mut command);
        let mut child = command.spawn()?;
        // Somebody has to take note of its end, or it stays in the process table of an editor's server.
        std::thread::Builder::new()
            .name("fermata-on".to_owned())
            .spawn(move || child.wait())
            .map(drop)
    }

    fn input(&self, run: &RunId, told: &Value) -> io::Result<Stdio> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "{run}.{}.{}.on",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path: PathBuf = self.home.logs().join(name);
        let written = private_file()
            .create_new(true)
            .write(true)
            .open(&path)
            .and_then(|mut file| io::Write::write_all(&mut file, told.to_string().as_bytes()))
            .and_then(|()| File::open(&path));
        // What is open stays readable.
        let _ = fs::remove_file(&path);
        written.map(Stdio::from)
    }
}

/// What is worth telling in one transaction: a gate that it also closes held nobody up.
fn news(written: &[Event]) -> Vec<(&'static str, Option<&fermata_engine::Gate>)> {
    let closed: Vec<&GateId> = written
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::GateAnswered { gate, .. }
            | EventBody::GateWithdrawn { gate, .. }
            | EventBody::IterationLimitResolved { gate, .. } => Some(gate),
            _ => None,
        })
        .collect();
    written
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::GateOpened { gate } | EventBody::IterationLimitReached { gate } => {
                // One that stands for a child's was told when the child opened it.
                let news = !closed.contains(&&gate.gate) && gate.stands_for().is_none();
                news.then_some(("gate", Some(gate)))
            }
            EventBody::RunFailed { .. } => Some(("failed", None)),
            EventBody::RunCompleted { .. } => Some(("completed", None)),
            _ => None,
        })
        .collect()
}

impl Store for Announcing {
    fn append(
        &self,
        run: &RunId,
        last_seq: Seq,
        fence: Option<Fence>,
        events: &[NewEvent],
    ) -> Result<Vec<Event>> {
        let written = self.store.append(run, last_seq, fence, events)?;
        self.announce(run, &written);
        Ok(written)
    }

    fn claim(
        &self,
        run: &RunId,
        worker: ProcessId,
        guard: &RunLock,
    ) -> Result<(Fence, Vec<Event>)> {
        self.store.claim(run, worker, guard)
    }

    fn try_lock(&self, run: &RunId) -> Result<Option<RunLock>> {
        self.store.try_lock(run)
    }

    fn is_locked(&self, run: &RunId) -> Result<bool> {
        self.store.is_locked(run)
    }

    fn create_run(&self, new: NewRun) -> Result<Created> {
        self.store.create_run(new)
    }

    fn start_or_choose(&self, proposal: Proposal) -> Result<Decision> {
        self.store.start_or_choose(proposal)
    }

    fn requested(&self, request: &str) -> Result<Option<Decision>> {
        self.store.requested(request)
    }

    fn close_start(&self, start: &StartId, closing: Closing) -> Result<Took> {
        self.store.close_start(start, closing)
    }

    fn start(&self, start: &StartId) -> Result<StartRow> {
        self.store.start(start)
    }

    fn starts(&self) -> Result<Vec<StartRow>> {
        self.store.starts()
    }

    fn events(&self, run: &RunId, from: Seq, limit: usize) -> Result<Vec<Event>> {
        self.store.events(run, from, limit)
    }

    fn run(&self, run: &RunId) -> Result<RunRow> {
        self.store.run(run)
    }

    fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>> {
        self.store.runs(filter)
    }

    fn find(&self, name: &str) -> Result<RunId> {
        self.store.find(name)
    }

    fn prior(&self, scope: &str) -> Result<Option<RunRow>> {
        self.store.prior(scope)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<String> {
        self.store.put_blob(bytes)
    }

    fn blob(&self, hash: &str) -> Result<Vec<u8>> {
        self.store.blob(hash)
    }

    fn set_trust(&self, root: &str, trust: Option<Trust>) -> Result<()> {
        self.store.set_trust(root, trust)
    }

    fn trust(&self, folder: &str) -> Result<Option<Trust>> {
        self.store.trust(folder)
    }

    fn remember(&self, key: &str, value: &str) -> Result<()> {
        self.store.remember(key, value)
    }

    fn recall(&self, key: &str) -> Result<Option<String>> {
        self.store.recall(key)
    }

    fn kept_session(&self, key: &SessionKey) -> Result<Option<String>> {
        self.store.kept_session(key)
    }

    fn forget_sessions(&self, under: &str) -> Result<usize> {
        self.store.forget_sessions(under)
    }

    fn subscribe(&self, run: Option<&RunId>) -> Result<Wake> {
        self.store.subscribe(run)
    }

    fn commits(&self) -> Commits {
        self.store.commits()
    }
}
