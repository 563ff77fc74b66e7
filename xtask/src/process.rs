//! Running a program with its output in a log file, within a time budget, and
//! ending everything it started when the time is up or the user interrupts.
//! Knows nothing about what is run.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It exited; none means that a signal ended it.
    Exited(Option<i32>),
    /// It was still running when its budget was used up, and was ended.
    OverBudget,
}

impl End {
    /// Whether it exited with status 0.
    pub(crate) fn is_success(self) -> bool {
        self == Self::Exited(Some(0))
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(Some(code)) => write!(f, "exit status {code}"),
            Self::Exited(None) => f.write_str("ended by a signal"),
            Self::OverBudget => f.write_str("over its time budget"),
        }
    }
}

/// The process group that is running now; 0 when there is none.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// Ends the running program's group when this process is told to end, so that
/// an interrupted test run leaves no editor or server behind.
///
/// # Errors
/// When the handler cannot be installed.
pub(crate) fn end_children_on_interrupt() -> Result<()> {
    ctrlc::set_handler(|| {
        end_group(RUNNING.load(Ordering::SeqCst));
        std::process::exit(130);
    })
    .context("no handler for interrupts could be installed")
}

/// Runs `command` to its end or for `budget`, whichever comes first, with both
/// streams appended to `log`. Says once a minute that it is still running.
///
/// # Errors
/// When the log cannot be opened or the program cannot be started.
pub(crate) fn run_logged(mut command: Command, log: &Path, budget: Duration) -> Result<End> {
    let mut out = open_log(log)?;
    writeln!(out, "$ {}", shown(&command))?;
    let program = shown(&command);
    command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("could not start `{program}`"))?;
    RUNNING.store(child.id(), Ordering::SeqCst);
    let started = Instant::now();
    let mut next_word = Duration::from_secs(60);
    let end = loop {
        if let Some(status) = child.try_wait()? {
            break End::Exited(status.code());
        }
        if started.elapsed() >= budget {
            end_group(child.id());
            child.kill().ok();
            child.wait()?;
            break End::OverBudget;
        }
        if started.elapsed() >= next_word {
            let last = tail(log, 1).pop().unwrap_or_default();
            println!("      … {} s: {last}", next_word.as_secs());
            next_word += Duration::from_secs(60);
        }
        std::thread::sleep(Duration::from_millis(40));
    };
    RUNNING.store(0, Ordering::SeqCst);
    Ok(end)
}

/// Opens `log` for appending, making its folder.
fn open_log(log: &Path) -> Result<File> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make the folder {}", folder.display()))?;
    }
    File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("could not open the log {}", log.display()))
}

/// The last `count` lines of a file; fewer when it is shorter or unreadable.
pub(crate) fn tail(file: &Path, count: usize) -> Vec<String> {
    let Ok(file) = File::open(file) else {
        return Vec::new();
    };
    let mut lines = std::collections::VecDeque::with_capacity(count + 1);
    for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
        lines.push_back(String::from_utf8_lossy(&line).into_owned());
        if lines.len() > count {
            lines.pop_front();
        }
    }
    lines.into()
}

/// The command as one would type it, for logs.
fn shown(command: &Command) -> String {
    let mut words = vec![PathBuf::from(command.get_program()).display().to_string()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// Ends every process of a group at once. `kill` is asked because ending a
/// group needs a system call that the standard library does not offer.
fn end_group(leader: u32) {
    if leader != 0 && cfg!(unix) {
        Command::new("kill")
            .args(["-KILL", "--", &format!("-{leader}")])
            .stderr(Stdio::null())
            .status()
            .ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_over_its_budget_is_ended_with_what_it_started() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut budget = Duration::from_millis(300);
        let grandchild = loop {
            let log = folder.path().join(format!("log-{}", budget.as_millis()));
            let mut command = Command::new("sh");
            command.args(["-c", "sleep 1000 & echo $!; wait"]);
            let end = run_logged(command, &log, budget)?;
            assert_eq!(end, End::OverBudget);
            match tail(&log, 1).pop().map(|line| line.parse::<u32>()) {
                Some(Ok(pid)) => break pid,
                // Ended before it had said anything.
                _ => budget *= 4,
            }
            assert!(budget < Duration::from_secs(60), "it never said its pid");
        };
        // A killed orphan is gone, or waits as a zombie for its new parent.
        let stat = format!("/proc/{grandchild}/stat");
        let runs = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z"));
        let end = Instant::now() + Duration::from_secs(60);
        while runs() {
            assert!(Instant::now() < end, "{stat} still runs");
            std::thread::yield_now();
        }
        Ok(())
    }

    #[test]
    fn output_and_exit_status_are_kept() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("deep/log");
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 7"]);
        let end = run_logged(command, &log, Duration::from_secs(60))?;
        assert_eq!(end, End::Exited(Some(7)));
        assert_eq!(tail(&log, 2), ["out", "err"]);
        Ok(())
    }
}
