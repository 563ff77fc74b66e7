//! A process of a script step, in a process group of its own so that it can be ended
//! whole. Output is kept up to a bound; bytes that are no UTF-8 are replaced.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fermata_engine::{EventBody, Failure, Outcome, RunId, ScriptCall, ScriptFile};
use fermata_store::process;
use process_wrap::tokio::CommandWrap;
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::sys;
use crate::task::{Report, Reports, cancelled};

/// Bytes of each stream that are kept.
const KEPT: usize = 8 * 1024 * 1024;
/// How long streams may stay open after the process has ended, held by what it left behind.
const DRAIN: Duration = Duration::from_secs(2);
/// What a pipe holds at most, in bytes: no more can have been written before the process ended and not be read.
const PIPE: usize = 1024 * 1024;

/// Where a script runs.
pub(crate) struct Place {
    pub(crate) run: RunId,
    pub(crate) cwd: PathBuf,
}

/// Runs it to its end, whichever that is.
pub(crate) async fn run(
    call: ScriptCall,
    place: Place,
    reports: Reports,
    asked_to_end: watch::Receiver<bool>,
) -> Outcome {
    let started = std::time::Instant::now();
    let elapsed = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let fail = |message: String, names: Vec<String>| Outcome::Failed {
        error: Failure {
            kind: "ExecutionError".to_owned(),
            message,
            names,
        },
        detail: Map::new(),
        elapsed: elapsed(),
    };
    for (path, text) in &call.files {
        if let Err(error) = written(path, text) {
            return fail(
                format!(
                    "`{}` could not write {path}, which carries a long value to it: {error}",
                    call.step
                ),
                vec![call.step.clone()],
            );
        }
    }
    let call = match as_pinned(call) {
        Ok((call, None)) => call,
        Ok((call, Some(written))) => {
            let _ = reports.send(copy_runs(&call, &written));
            call
        }
        Err((step, error)) => {
            return fail(
                format!(
                    "the script of `{step}` has changed since the run began, and the text that it began with cannot be written: {error}"
                ),
                vec![step],
            );
        }
    };
    let mut child = match command(&call, &place).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
            return fail(
                format!(
                    "`{}` cannot be run: its text, an argument or a variable has a NUL character in it, which no program can be given; where it takes the output of another step, have that step print text",
                    call.step
                ),
                vec![call.step.clone()],
            );
        }
        Err(_) if !folder(&call, &place.cwd).is_dir() => {
            return fail(
                format!(
                    "`{}` cannot be run: the folder that it works in, {}, is gone; bring it back and resume the run, or abandon the run",
                    call.step,
                    folder(&call, &place.cwd).display()
                ),
                vec![call.step.clone()],
            );
        }
        Err(error) => {
            return fail(
                format!(
                    "`{}` could not start `{}` in {}: {error}",
                    call.step,
                    call.command,
                    folder(&call, &place.cwd).display()
                ),
                vec![call.step.clone(), call.command.clone()],
            );
        }
    };
    let pid = child.id();
    if let Some(pid) = pid {
        let _ = reports.send(Report::Process {
            path: call.path.clone(),
            step: call.step.clone(),
            attempt: call.attempt,
            process: process::identity(pid),
        });
    }
    let stdin = child.stdin().take();
    if let (Some(mut stdin), Some(text)) = (stdin, call.stdin.clone()) {
        // A process that does not read must not hold its own end.
        tokio::spawn(async move {
            let _ = stdin.write_all(text.as_bytes()).await;
            let _ = stdin.shutdown().await;
        });
    }
    let out = read(child.stdout().take(), look(&call, &reports, "stdout"));
    let err = read(child.stderr().take(), look(&call, &reports, "stderr"));
    let timeout = async {
        match call.timeout_seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
            None => std::future::pending().await,
        }
    };
    let status = tokio::select! {
        status = child.wait() => status,
        () = timeout => {
            end(pid, &mut *child).await;
            let seconds = call.timeout_seconds.unwrap_or_default();
            return Outcome::Failed {
                error: Failure {
                    kind: "ExecutionError".to_owned(),
                    message: format!("`{}` did not end within {seconds} s (`timeout`); it and everything it started were ended", call.step),
                    names: vec![call.step.clone()],
                },
                detail: Map::from_iter([("timed_out".to_owned(), Value::Bool(true))]),
                elapsed: elapsed(),
            };
        }
        () = cancelled(asked_to_end) => {
            end(pid, &mut *child).await;
            return Outcome::Cancelled { elapsed: elapsed() };
        }
    };
    let (stdout, stderr) = (drained(out, DRAIN).await, drained(err, DRAIN).await);
    match status {
        Ok(status) => Outcome::Process {
            stdout,
            stderr,
            exit_code: sys::exit_code(status),
            elapsed: elapsed(),
        },
        Err(error) => fail(
            format!("the end of `{}` could not be observed: {error}", call.step),
            vec![call.step.clone()],
        ),
    }
}

/// A script of which, or of whose imports, something is not what it was any more runs as a copy of what was pinned; with
/// it the path that is not run.
fn as_pinned(
    mut call: ScriptCall,
) -> Result<(ScriptCall, Option<String>), (String, std::io::Error)> {
    let Some(pinned) = call.pinned.take() else {
        return Ok((call, None));
    };
    let same = |file: &ScriptFile| {
        std::fs::read(&file.path).is_ok_and(|now| now.as_slice() == file.bytes.as_ref())
    };
    if pinned.files.iter().all(same) {
        return Ok((call, None));
    }
    for file in &pinned.files {
        if let Err(error) = written(&file.copy, &file.bytes) {
            return Err((call.step, error));
        }
        for arg in call.args.iter_mut().filter(|_| file.path == pinned.path) {
            if *arg == pinned.path {
                arg.clone_from(&file.copy);
            }
        }
    }
    Ok((call, Some(pinned.path)))
}

/// That a copy runs, and what may be missing around it: only its folder was pinned.
fn copy_runs(call: &ScriptCall, written: &str) -> Report {
    Report::Look {
        path: call.path.clone(),
        body: Box::new(EventBody::Warning {
            code: Some("script-copy".to_owned()),
            message: format!(
                "`{}` runs {written} as it was when the run began: it, or a file in its folder, has changed since. The copy finds no imports outside of that folder; `fermata resume --definition edited` takes the files as they are now",
                call.step
            ),
            step: Some(call.step.clone()),
        }),
    }
}

/// Puts a whole file there at once: nodes that start together share the file of the message, and one may read it already
/// while it is written for the next.
pub(crate) fn written(path: &str, content: impl AsRef<[u8]>) -> std::io::Result<()> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    if let Some(folder) = Path::new(path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    let count = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let fresh = format!("{path}.{}-{count}", std::process::id());
    std::fs::write(&fresh, content)?;
    std::fs::rename(&fresh, path)
}

fn folder(call: &ScriptCall, cwd: &Path) -> PathBuf {
    match &call.cwd {
        Some(folder) if !folder.is_empty() => cwd.join(folder),
        _ => cwd.to_path_buf(),
    }
}

fn command(call: &ScriptCall, place: &Place) -> CommandWrap {
    let mut wrap = CommandWrap::with_new(&call.command, |command| {
        command
            .args(&call.args)
            .current_dir(folder(call, &place.cwd))
            .env("PYTHONUTF8", "1")
            .env("FERMATA_STEP_ATTEMPT", call.attempt.to_string())
            .env(process::STEP_KEY, format!("{}:{}", place.run, call.path))
            .envs(call.env.iter().map(|(name, value)| (name, value)))
            .stdin(if call.stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    });
    #[cfg(unix)]
    // Not a session: what has to run between fork and exec costs a copy of the worker's page tables for each step.
    wrap.wrap(process_wrap::tokio::ProcessGroup::leader());
    #[cfg(windows)]
    wrap.wrap(process_wrap::tokio::JobObject);
    wrap
}

async fn end(pid: Option<u32>, child: &mut dyn process_wrap::tokio::ChildWrapper) {
    if let Some(pid) = pid {
        // The leader has to be reaped while its group is waited for, or the group never ends.
        let (_, _) = tokio::join!(sys::end_own_group(pid), child.wait());
    } else {
        let _ = child.start_kill();
        let _ = child.wait().await;
    }
}

fn look(
    call: &ScriptCall,
    reports: &Reports,
    stream: &'static str,
) -> impl FnMut(Seen<'_>) + Send + 'static {
    let (path, step, attempt) = (call.path.clone(), call.step.clone(), call.attempt);
    let reports = reports.clone();
    move |seen: Seen<'_>| {
        let body = match seen {
            Seen::Text(text) => EventBody::ScriptOutput {
                step: step.clone(),
                attempt,
                stream: stream.to_owned(),
                text: text.to_owned(),
            },
            Seen::Cut => EventBody::Warning {
                code: Some("output-cut".to_owned()),
                message: format!(
                    "`{step}` wrote more than {} MiB to {stream}; the rest is read and dropped",
                    KEPT / 1024 / 1024
                ),
                step: Some(step.clone()),
            },
        };
        let _ = reports.send(Report::Look {
            path: path.clone(),
            body: Box::new(body),
        });
    }
}

/// What somebody who looks on is told about a stream.
enum Seen<'t> {
    /// A piece of it.
    Text(&'t str),
    /// No more of it is kept.
    Cut,
}

/// What a stream has said so far.
type Kept = Arc<Mutex<Vec<u8>>>;

/// A stream that is being read.
struct Reading {
    kept: Kept,
    reader: JoinHandle<()>,
    /// Says that only what is there already is to be read.
    enough: oneshot::Sender<()>,
}

/// Reads a stream to its end, in a task of its own.
fn read(
    stream: Option<impl AsyncRead + Send + Unpin + 'static>,
    mut look: impl FnMut(Seen<'_>) + Send + 'static,
) -> Reading {
    let kept: Kept = Arc::default();
    let into = Arc::clone(&kept);
    let (enough, mut is_enough) = oneshot::channel();
    let reader = tokio::spawn(async move {
        let Some(mut stream) = stream else {
            return;
        };
        let mut buffer = vec![0; 8192];
        let mut unseen = Vec::new();
        let mut cut = false;
        // How much more is read, once it is enough.
        let mut more = None;
        while more != Some(0) {
            let read = tokio::select! {
                biased;
                read = stream.read(&mut buffer) => read,
                _ = &mut is_enough, if more.is_none() => {
                    more = Some(PIPE);
                    continue;
                }
                () = std::future::ready(()), if more.is_some() => break,
            };
            let Ok(count @ 1..) = read else { break };
            more = more.map(|more| more.saturating_sub(count));
            let mut all = into.lock().unwrap_or_else(PoisonError::into_inner);
            let room = KEPT.saturating_sub(all.len());
            all.extend_from_slice(&buffer[..count.min(room)]);
            if count <= room {
                drop(all);
                unseen.extend_from_slice(&buffer[..count]);
                let rest = unseen.split_off(whole_characters(&unseen));
                if !unseen.is_empty() {
                    look(Seen::Text(&String::from_utf8_lossy(&unseen)));
                }
                unseen = rest;
            } else if !cut {
                cut = true;
                let notice = format!("\n[fermata: cut after {} MiB]\n", KEPT / 1024 / 1024);
                all.extend_from_slice(notice.as_bytes());
                drop(all);
                look(Seen::Cut);
            }
        }
        if !unseen.is_empty() {
            look(Seen::Text(&String::from_utf8_lossy(&unseen)));
        }
    });
    Reading {
        kept,
        reader,
        enough,
    }
}

/// How many of the bytes are not the beginning of a character whose end is still to come.
fn whole_characters(bytes: &[u8]) -> usize {
    let length = |lead: u8| match lead {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 1,
    };
    let tail = bytes.len().saturating_sub(3);
    (tail..bytes.len())
        .find(|at| at + length(bytes[*at]) > bytes.len())
        .unwrap_or(bytes.len())
}

/// What was read; a stream that something left behind keeps open is not waited for longer than so long. What the process
/// wrote before it ended is read all the same: this worker may have been held up for as long itself.
async fn drained(reading: Reading, at_most: Duration) -> String {
    let Reading {
        kept,
        mut reader,
        enough,
    } = reading;
    if tokio::time::timeout(at_most, &mut reader).await.is_err() {
        let _ = enough.send(());
        let _ = reader.await;
    }
    let bytes = kept.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::ReadBuf;

    use super::*;

    #[tokio::test]
    async fn a_character_that_two_reads_share_is_seen_whole() {
        let (mut program, stream) = tokio::io::duplex(64);
        let seen = Arc::new(Mutex::new(String::new()));
        let into = Arc::clone(&seen);
        let reading = read(Some(stream), move |piece| {
            if let Seen::Text(text) = piece {
                into.lock().unwrap().push_str(text);
            }
        });
        let text = "ä€𝄐\u{301}x";
        for byte in text.bytes() {
            program.write_all(&[byte]).await.unwrap();
            program.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        // What never becomes a character is not kept back for ever.
        program.write_all(&[0xF0, 0x9D]).await.unwrap();
        drop(program);
        reading.reader.await.unwrap();
        assert_eq!(*seen.lock().unwrap(), format!("{text}\u{FFFD}"));
    }

    /// A pipe that others keep open, in which something is found at the second look only.
    struct Late(Option<&'static [u8]>, bool);

    impl AsyncRead for Late {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            if std::mem::replace(&mut self.1, true)
                && let Some(text) = self.0.take()
            {
                buffer.put_slice(text);
                return Poll::Ready(Ok(()));
            }
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn what_was_written_before_the_end_is_kept_also_when_there_was_no_time_to_read_it() {
        let reading = read(Some(Late(Some(b"last words"), false)), |_| {});
        tokio::task::yield_now().await;
        assert_eq!(drained(reading, Duration::ZERO).await, "last words");
    }
}
