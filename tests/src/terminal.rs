//! A person at a real terminal: the binary on a pseudo-terminal, what it shows
//! and what is typed. Needs `python3` for the pseudo-terminal, which the
//! standard library has none of.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::{Lab, wait};

/// Joins its own input and output with a pseudo-terminal that the command runs on.
const BRIDGE: &str =
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/// The binary on a terminal.
pub struct Terminal {
    child: Child,
    keys: ChildStdin,
    /// Bytes, because a character may come in two halves.
    shown: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
    seen: usize,
}

impl Terminal {
    /// Calls the binary on a terminal of its own; `None`, said loudly, where there is no `python3`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn open(lab: &Lab, words: &[&str]) -> Option<Self> {
        if Command::new("python3")
            .arg("-c")
            .arg("import pty")
            .status()
            .is_err()
        {
            eprintln!("SKIPPED: no python3 here, so no pseudo-terminal");
            return None;
        }
        let plain = lab.command(words);
        let mut command = Command::new("python3");
        command
            .args(["-c", BRIDGE])
            .arg(plain.get_program())
            .args(plain.get_args())
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        for (name, value) in plain.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        if let Some(folder) = plain.get_current_dir() {
            command.current_dir(folder);
        }
        let mut child = command.spawn().expect("python3 starts");
        let keys = child.stdin.take().expect("a pipe");
        let mut screen = child.stdout.take().expect("a pipe");
        let shown = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&shown);
        let reading = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                writer
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(&bytes[..read]);
            }
        });
        Some(Self {
            child,
            keys,
            shown,
            reading,
            seen: 0,
        })
    }

    /// Everything shown so far.
    #[must_use]
    pub fn screen(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Waits until this text is shown, behind what was waited for before.
    pub fn until(&mut self, text: &str) {
        let from = self.seen;
        let shown = Arc::clone(&self.shown);
        self.seen = wait(&format!("the terminal shows `{text}`"), move || {
            let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            let at = shown
                .get(from..)?
                .windows(text.len())
                .position(|window| window == text.as_bytes())?;
            Some(from + at + text.len())
        });
    }

    /// Types keys; `\x03` is Ctrl-C, `\x04` the end of input.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn types(&mut self, keys: &str) {
        self.keys
            .write_all(keys.as_bytes())
            .expect("the terminal is there");
        self.keys.flush().expect("the terminal is there");
    }

    /// Waits for the program's end: its exit code and everything it showed.
    ///
    /// # Panics
    /// When it does not end.
    #[must_use]
    pub fn end(mut self) -> (i32, String) {
        let status = wait("the program on the terminal ends", || {
            self.child.try_wait().expect("a child can be asked")
        });
        // Its last words may still be on their way.
        wait("the terminal is read to its end", || {
            self.reading.is_finished().then_some(())
        });
        (status.code().unwrap_or(-1), self.screen())
    }
}
