//! The agent's process: its own process group, its identity for a later worker,
//! the tail of what it wrote to stderr, and its end. Speaks no protocol.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use fermata_engine::event::ProcessId;
use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};

use super::Launch;
use crate::limits::Limits;

/// Lines of stderr that are kept.
const TAIL_LINES: usize = 12;
/// Longest kept line of stderr, in bytes.
const TAIL_LINE: u64 = 500;

/// The pipes of a fresh process.
pub(crate) struct Pipes {
    pub stdin: ChildStdin,
    pub stdout: ChildStdout,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Terminate,
    Kill,
}

/// A running agent. Dropping it kills the process group.
#[derive(Debug)]
pub(crate) struct Process {
    id: ProcessId,
    orders: mpsc::UnboundedSender<Order>,
    exited: watch::Receiver<Option<String>>,
    tail: Arc<Mutex<VecDeque<String>>>,
    /// Closes when its stderr has been read to the end.
    tail_read: watch::Receiver<()>,
}

/// Kills the group when the task that watches it is dropped with its runtime.
struct Leash {
    child: Box<dyn ChildWrapper>,
    loose: bool,
}

impl Drop for Leash {
    fn drop(&mut self) {
        if !self.loose {
            let _ = self.child.start_kill();
        }
    }
}

/// Starts the program in its own process group, in `cwd`, with `env` on top of this process's environment.
///
/// # Errors
/// The system's reason, when the program cannot be started.
pub(crate) fn spawn(
    launch: &Launch,
    extra: &[&String],
    cwd: &Path,
    env: &[(String, String)],
) -> io::Result<(Process, Pipes)> {
    let mut command = Command::new(&launch.program);
    command
        .args(&launch.args)
        .args(extra)
        .envs(launch.env.iter().map(|(name, value)| (name, value)))
        .envs(env.iter().map(|(name, value)| (name, value)))
        .current_dir(cwd)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut command = CommandWrap::from(command);
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    command.wrap(process_wrap::tokio::JobObject);
    let mut child = command.spawn()?;
    let lost = || io::Error::other("the process was started without its pipes");
    let pid = child.id().ok_or_else(lost)?;
    let pipes = Pipes {
        stdin: child.stdin().take().ok_or_else(lost)?,
        stdout: child.stdout().take().ok_or_else(lost)?,
    };
    let tail = Arc::new(Mutex::new(VecDeque::new()));
    let (reading, tail_read) = watch::channel(());
    if let Some(stderr) = child.stderr().take() {
        tokio::spawn(keep_tail(stderr, tail.clone(), reading));
    }
    let (orders, inbox) = mpsc::unbounded_channel();
    let (exit, exited) = watch::channel(None);
    let leash = Leash {
        child,
        loose: false,
    };
    tokio::spawn(watch_over(leash, inbox, exit));
    let process = Process {
        id: fermata_store::process::identity(pid),
        orders,
        exited,
        tail,
        tail_read,
    };
    Ok((process, pipes))
}

async fn watch_over(
    mut leash: Leash,
    mut inbox: mpsc::UnboundedReceiver<Order>,
    exit: watch::Sender<Option<String>>,
) {
    loop {
        tokio::select! {
            status = leash.child.wait() => {
                // What the leader leaves behind (a model's own children) must not outlive it.
                let _ = leash.child.start_kill();
                leash.loose = true;
                let text = match status {
                    Ok(status) => status.to_string(),
                    Err(error) => format!("unknown, {error}"),
                };
                exit.send_replace(Some(text));
                return;
            }
            order = inbox.recv() => match order {
                Some(Order::Terminate) => terminate(&mut *leash.child),
                Some(Order::Kill) | None => {
                    let _ = leash.child.start_kill();
                }
            },
        }
        if inbox.is_closed() && inbox.is_empty() {
            let _ = leash.child.start_kill();
            let status = leash.child.wait().await;
            leash.loose = true;
            exit.send_replace(Some(status.map_or_else(
                |error| format!("unknown, {error}"),
                |status| status.to_string(),
            )));
            return;
        }
    }
}

#[cfg(unix)]
fn terminate(child: &mut dyn ChildWrapper) {
    const SIGTERM: i32 = 15;
    let _ = child.signal(SIGTERM);
}

#[cfg(not(unix))]
fn terminate(child: &mut dyn ChildWrapper) {
    let _ = child.start_kill();
}

async fn keep_tail(
    stderr: ChildStderr,
    tail: Arc<Mutex<VecDeque<String>>>,
    _reading: watch::Sender<()>,
) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut reader)
            .take(TAIL_LINE)
            .read_until(b'\n', &mut line)
            .await;
        if !matches!(read, Ok(1..)) {
            return;
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if text.is_empty() {
            continue;
        }
        tracing::debug!(target: "fermata_agents::stderr", "{text}");
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(text);
    }
}

impl Process {
    /// Who it is, for a later worker.
    pub(crate) fn id(&self) -> &ProcessId {
        &self.id
    }

    /// The exit status in words, once it has one.
    pub(crate) fn exit_status(&self) -> Option<String> {
        self.exited.borrow().clone()
    }

    /// Kills the whole process group.
    pub(crate) fn kill(&self) {
        let _ = self.orders.send(Order::Kill);
    }

    /// The last lines of its stderr, if any.
    pub(crate) fn last_words(&self) -> Option<String> {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        (!tail.is_empty()).then(|| tail.iter().cloned().collect::<Vec<_>>().join("\n"))
    }

    /// Waits until it has ended, at most that long. True when it has.
    pub(crate) async fn ended_within(&self, limit: std::time::Duration) -> bool {
        let mut exited = self.exited.clone();
        // An error means that nobody watches any more, which is after the end.
        tokio::time::timeout(limit, exited.wait_for(Option::is_some))
            .await
            .is_ok()
    }

    /// Waits a moment for an ended process's status and last words: its pipes close before either
    /// is known.
    pub(crate) async fn settle(&self) {
        const MOMENT: std::time::Duration = std::time::Duration::from_secs(5);
        self.ended_within(MOMENT).await;
        let mut tail_read = self.tail_read.clone();
        let _ = tokio::time::timeout(MOMENT, async { while tail_read.changed().await.is_ok() {} })
            .await;
    }

    /// Ends it after its input was closed: patience, a signal, patience, the kill.
    pub(crate) async fn end(&self, limits: &Limits) {
        if self.ended_within(limits.close).await {
            return;
        }
        let _ = self.orders.send(Order::Terminate);
        if self.ended_within(limits.terminate).await {
            return;
        }
        self.kill();
        self.ended_within(limits.terminate).await;
    }
}
