//! What the tests of violence share: a seeded dice, a language server that can
//! be killed, signals, and a second look at the whole store. Nothing in here
//! decides what is right.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::Lab;

/// A dice that falls the same way for the same seed (xorshift).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Seeded from `FERMATA_SEED`, else from a fixed number; prints which, so that a failure can be repeated.
    #[must_use]
    pub fn from_env() -> Self {
        let seed = std::env::var("FERMATA_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or(1_u64);
        eprintln!("FERMATA_SEED={seed}");
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    /// Lets a random time of at most `most` pass: the moment itself is what is tested, so there is no condition to wait for.
    pub fn let_pass(&mut self, most: Duration) {
        let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        std::thread::sleep(Duration::from_micros(self.below(micros.max(1))));
    }
}

/// Rounds of a loop: `FERMATA_ROUNDS`, else `usual`.
#[must_use]
pub fn rounds(usual: u64) -> u64 {
    std::env::var("FERMATA_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(usual)
}

/// Sends a signal (`KILL`, `STOP`, `CONT`); whether the process was there.
pub fn signal(pid: u64, name: &str) -> bool {
    Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a process lives: has a thread that has not ended. Its first thread may have ended before the others, which
/// hold its locks and files until they have, too.
#[must_use]
pub fn lives(pid: u64) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return !std::path::Path::new("/proc/self/stat").exists() && signal(pid, "0");
    };
    threads.flatten().any(|thread| {
        std::fs::read_to_string(thread.path().join("stat")).is_ok_and(|stat| {
            let state = stat.rsplit(") ").next().unwrap_or_default();
            !state.starts_with(['Z', 'X'])
        })
    })
}

/// The worker of a run, as the run says; none when nobody works on it.
#[must_use]
pub fn worker_of(shown: &Value) -> Option<u64> {
    shown["worker"]["pid"].as_u64()
}

/// A language server on stdio, initialized in the folder of workflows and trusted.
pub struct Lsp {
    child: Child,
    stdin: ChildStdin,
    said: Receiver<Value>,
    asked: u64,
}

impl Lsp {
    /// Starts it; returns when it has answered `initialize`.
    ///
    /// # Panics
    /// When it cannot be started or says nothing.
    #[must_use]
    pub fn start(lab: &Lab) -> Self {
        let mut child = lab
            .command(&["lsp"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the language server starts");
        let stdin = child.stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (tell, said) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read_message(&mut stdout) {
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let mut server = Self {
            child,
            stdin,
            said,
            asked: 0,
        };
        let root = uri(&lab.work());
        let answer = server.ask(
            "initialize",
            &json!({
                "processId": null,
                "rootUri": root,
                "workspaceFolders": [{"uri": root, "name": "lab"}],
                "capabilities": {},
                "initializationOptions": {"trusted": true},
            }),
        );
        assert!(answer.is_some(), "the language server answers");
        server.notify("initialized", &json!({}));
        server
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u64 {
        u64::from(self.child.id())
    }

    /// Sends a request and does not wait; its id.
    pub fn request(&mut self, method: &str, params: &Value) -> u64 {
        self.asked += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.asked, "method": method, "params": params}));
        self.asked
    }

    /// Sends a request and waits for its result or error; `None` when the server is gone.
    pub fn ask(&mut self, method: &str, params: &Value) -> Option<Value> {
        let id = self.request(method, params);
        loop {
            let message = self.said.recv_timeout(Duration::from_secs(60)).ok()?;
            if message["id"] == id && message.get("method").is_none() {
                return Some(message);
            }
        }
    }

    /// Everything it has said until now and nobody has read.
    pub fn heard(&mut self) -> Vec<Value> {
        self.said.try_iter().collect()
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        // A killed server does not read; that is what it was killed for.
        let _ = write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len());
        let _ = self.stdin.flush();
    }
}

impl Drop for Lsp {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read_message(from: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// The address of a file, escaped.
///
/// # Panics
/// When the path is not UTF-8.
#[must_use]
pub fn uri(path: &std::path::Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.to_str().expect("UTF-8").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// Examines the store with the doctor: `integrity_check`, checksums, density, rows against logs.
///
/// # Panics
/// When anything is not as it should be.
pub fn examine(lab: &Lab) {
    let home = fermata_store::Home::open(&lab.home()).expect("the home opens");
    let findings = fermata_store::doctor(&home, false).expect("the store opens");
    assert!(
        findings.is_empty(),
        "the doctor finds nothing: {findings:#?}"
    );
}
