//! Lines that a person types. A thread of its own reads them, because a read
//! cannot be interrupted: while it waits, the person may leave, or somebody
//! else may answer. Knows nothing of what is asked.

use std::io::{self, BufRead as _, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::left::left;

/// How often a waiting prompt looks whether it is still needed.
const LOOK: Duration = Duration::from_millis(200);

/// What came of a prompt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line, its end trimmed.
    Line(String),
    /// The end of input: nobody will type any more.
    End,
    /// Ctrl-C.
    Left,
    /// What was asked has been settled elsewhere.
    Settled,
}

/// Forgets what was typed before anything was asked: it was not meant for the next question.
pub(crate) fn forget() {
    let lines = lines().lock().unwrap_or_else(PoisonError::into_inner);
    while lines.try_recv().is_ok_and(|line| line.is_some()) {}
}

/// Asks and waits for a line, for the person to leave, or until `settled` says so.
///
/// # Errors
/// When the prompt cannot be written, or what `settled` returns.
pub(crate) fn read(
    prompt: &str,
    mut settled: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Typed> {
    let mut out = io::stdout().lock();
    out.write_all(prompt.as_bytes())?;
    out.flush()?;
    let lines = lines().lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match lines.recv_timeout(LOOK) {
            Ok(Some(line)) => return Ok(Typed::Line(line)),
            Ok(None) | Err(RecvTimeoutError::Disconnected) => return Ok(Typed::End),
            Err(RecvTimeoutError::Timeout) if left() => {
                out.write_all(b"\n")?;
                return Ok(Typed::Left);
            }
            Err(RecvTimeoutError::Timeout) if settled()? => {
                out.write_all(b"\n")?;
                return Ok(Typed::Settled);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn lines() -> &'static Mutex<Receiver<Option<String>>> {
    static LINES: OnceLock<Mutex<Receiver<Option<String>>>> = OnceLock::new();
    LINES.get_or_init(|| {
        let (send, receive) = channel();
        std::thread::spawn(move || {
            loop {
                let mut line = String::new();
                let read = io::stdin().lock().read_line(&mut line);
                let line = matches!(read, Ok(1..)).then(|| line.trim_end().to_owned());
                let end = line.is_none();
                if send.send(line).is_err() || end {
                    return;
                }
            }
        });
        Mutex::new(receive)
    })
}
