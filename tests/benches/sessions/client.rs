//! A language client with just enough in it to measure: it sends, and keeps
//! what comes back with the time it came.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime};

use fermata_tests::Lab;
use serde_json::{Value, json};

/// A message and when it came.
pub(crate) struct Came {
    pub(crate) at: Instant,
    pub(crate) clock: SystemTime,
    pub(crate) message: Value,
}

pub(crate) struct Client {
    child: Child,
    keys: ChildStdin,
    inbox: Receiver<Came>,
    next: u64,
}

impl Client {
    /// Starts a server in the lab; nothing is sent yet.
    pub(crate) fn start(lab: &Lab) -> Self {
        let mut child = lab
            .command(&["lsp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let keys = child.stdin.take().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (send, inbox) = channel();
        std::thread::spawn(move || {
            loop {
                let mut length = 0;
                loop {
                    let mut header = String::new();
                    if out.read_line(&mut header).unwrap_or(0) == 0 {
                        return;
                    }
                    if let Some(value) = header.strip_prefix("Content-Length: ") {
                        length = value.trim().parse().unwrap();
                    }
                    if header.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                if out.read_exact(&mut body).is_err() {
                    return;
                }
                let (at, clock) = (Instant::now(), SystemTime::now());
                let message = serde_json::from_slice(&body).unwrap();
                if send.send(Came { at, clock, message }).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys,
            inbox,
            next: 1,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `initialize` and `initialized`, as a client that knows Fermata.
    pub(crate) fn initialize(&mut self, lab: &Lab) {
        let path = lab.work().display().to_string();
        let folder: String = path
            .bytes()
            .map(|byte| match byte {
                b'/' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect();
        let came = self.request(
            "initialize",
            json!({
                "processId": std::process::id(),
                "capabilities": {"experimental": {"fermata": true}},
                "workspaceFolders": [{"uri": format!("file://{folder}"), "name": "work"}],
                "initializationOptions": {"trusted": true},
            }),
        );
        assert!(came.message["result"].is_object(), "{}", came.message);
        self.notify("initialized", json!({}));
    }

    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and waits for its response.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Came {
        let id = self.next;
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        self.until(|message| message["id"] == id && message.get("method").is_none())
    }

    /// Waits for a message; requests of the server are answered with null on the way.
    pub(crate) fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Came {
        loop {
            let came = self
                .inbox
                .recv_timeout(Duration::from_secs(60))
                .expect("a message within a minute");
            if wanted(&came.message) {
                return came;
            }
            if let (Some(id), Some(_)) = (came.message.get("id"), came.message.get("method")) {
                self.send(&json!({"jsonrpc": "2.0", "id": id, "result": null}));
            }
        }
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.keys, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.keys.flush().unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
