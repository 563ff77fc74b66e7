//! Spawning workers: a session of their own, output to the run's log, an
//! environment without the editor's internals; and waiting until the worker
//! has said that it works.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fermata_engine::{RunId, Status};
use fermata_store::{Home, Store, private_file, process};

use crate::env;
use crate::error::ControlError;
use crate::scope::Scope;
use crate::sys;

/// How long a spawner waits for lock and `run_started`.
const READY: Duration = Duration::from_secs(5);
/// Lines of the log that a report carries.
const TAIL: usize = 20;

/// What became of a worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerReport {
    /// Whether the run is being worked on, or has been.
    pub ready: bool,
    /// Its process, when this call spawned it.
    pub pid: Option<u32>,
    /// Where the run stands.
    pub status: Status,
    /// End of the worker's log, when it did not report ready.
    pub log: Option<String>,
}

/// Begins the work on a queued run.
pub trait Launcher: Send + Sync {
    /// Spawns a worker for a run and waits until it works or has evidently failed to.
    ///
    /// # Errors
    /// [`ControlError::Io`] when the program cannot be started.
    fn launch(&self, store: &dyn Store, run: &RunId) -> Result<WorkerReport, ControlError>;
}

/// The program that works on a run: `PROGRAM ARGS… RUN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program; this one when absent.
    pub program: Option<PathBuf>,
    /// Arguments before the run id.
    pub args: Vec<String>,
}

impl Default for WorkerCommand {
    fn default() -> Self {
        Self {
            program: None,
            args: vec!["worker".to_owned()],
        }
    }
}

/// A [`WorkerCommand`] in a home folder.
pub(crate) struct ProcessLauncher {
    pub(crate) command: WorkerCommand,
    pub(crate) home: Home,
    /// Whether workers get `.env` of the workspace root too.
    pub(crate) env_file: bool,
}

impl Launcher for ProcessLauncher {
    fn launch(&self, store: &dyn Store, run: &RunId) -> Result<WorkerReport, ControlError> {
        // Subscribed first, so that nothing the worker writes is missed.
        let wake = store.subscribe(Some(run))?;
        let mut child = self.spawn(store, run)?;
        let pid = child.id();
        let end = Instant::now() + READY;
        let mut status = store.run(run)?.status;
        let mut gone = false;
        while status == Status::Queued && !gone && Instant::now() < end {
            // A worker that ends without a word wakes nobody, so look after it now and then.
            let _ = wake.wait(Duration::from_millis(100));
            gone = matches!(child.try_wait(), Ok(Some(_)));
            status = store.run(run)?.status;
        }
        // Somebody has to take note of its end, or it stays in the process table.
        let _ = std::thread::Builder::new()
            .name("fermata-reaper".to_owned())
            .spawn(move || child.wait());
        let ready = status != Status::Queued || (!gone && store.is_locked(run)?);
        Ok(WorkerReport {
            ready,
            pid: Some(pid),
            status,
            log: (!ready).then(|| self.tail(run)),
        })
    }
}

impl ProcessLauncher {
    fn spawn(&self, store: &dyn Store, run: &RunId) -> Result<std::process::Child, ControlError> {
        let program = match &self.command.program {
            Some(program) => program.clone(),
            None => std::env::current_exe().map_err(|error| ControlError::Io {
                path: "this program".to_owned(),
                message: error.to_string(),
            })?,
        };
        let failed = |path: &Path, error: &std::io::Error| ControlError::Io {
            path: path.display().to_string(),
            message: error.to_string(),
        };
        let log = self.home.log(run);
        let output = private_file()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|error| failed(&log, &error))?;
        let errors = output.try_clone().map_err(|error| failed(&log, &error))?;
        let mut command = Command::new(&program);
        command
            .args(&self.command.args)
            .arg(run.as_str())
            .env("FERMATA_HOME", self.home.root())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        if self.env_file {
            let scope = store.run(run)?.scope;
            command.envs(env::added(Path::new(Scope::root_of_key(&scope))));
        }
        env::leave_out_internals(&mut command);
        // A run that was asked for by a step of another run is not an attempt of that step.
        command
            .env_remove(process::STEP_KEY)
            .env_remove("FERMATA_STEP_ATTEMPT");
        // Not the folder of whoever asked: it may be removed while the run goes on.
        command.current_dir(self.home.root());
        sys::detach(&mut command);
        command.spawn().map_err(|error| failed(&program, &error))
    }

    fn tail(&self, run: &RunId) -> String {
        let bytes = std::fs::read(self.home.log(run)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}
