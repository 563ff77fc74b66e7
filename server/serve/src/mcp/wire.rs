//! JSON-RPC, a message a line: reading one, answering one, and asking the
//! client something. Knows no tool.

use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// A message of the client.
pub(super) enum Incoming {
    Request {
        id: Value,
        method: String,
        params: Value,
    },
    /// Nothing here depends on one.
    Notification,
    /// The answer to a question of ours; none where the client refused it.
    Answer {
        id: u64,
        result: Option<Value>,
    },
    Broken {
        code: i64,
        message: String,
    },
}

/// Reads one line.
pub(super) fn read(line: &[u8]) -> Incoming {
    let message: Value = match serde_json::from_slice(line) {
        Ok(message) => message,
        Err(error) => {
            return Incoming::Broken {
                code: -32700,
                message: format!("expected a JSON message a line: {error}"),
            };
        }
    };
    let id = message.get("id").filter(|id| !id.is_null());
    match (message["method"].as_str(), id) {
        (Some(method), Some(id)) => Incoming::Request {
            id: id.clone(),
            method: method.to_owned(),
            params: message["params"].clone(),
        },
        (Some(_), None) => Incoming::Notification,
        (None, Some(id)) if message.get("result").or(message.get("error")).is_some() => {
            Incoming::Answer {
                id: id.as_u64().unwrap_or_default(),
                result: message.get("result").cloned(),
            }
        }
        (None, _) => Incoming::Broken {
            code: -32600,
            message: "expected a request, a notification or an answer, one a line".to_owned(),
        },
    }
}

/// The way to the client.
pub(super) struct Wire {
    out: Mutex<Box<dyn Write + Send>>,
    /// Questions of ours that wait for their answers, by id.
    asked: Mutex<HashMap<u64, Sender<Option<Value>>>>,
    next: AtomicU64,
    /// The client can put a question to its person.
    asks: AtomicBool,
    closed: AtomicBool,
}

impl Wire {
    pub(super) fn new(output: impl Write + Send + 'static) -> Self {
        Self {
            out: Mutex::new(Box::new(output)),
            asked: Mutex::default(),
            next: AtomicU64::new(1),
            asks: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// What the client said it can do.
    pub(super) fn greeted(&self, asks: bool) {
        self.asks.store(asks, Ordering::SeqCst);
    }

    pub(super) fn succeed(&self, id: &Value, result: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
    }

    pub(super) fn fail(&self, id: &Value, code: i64, message: &str) {
        let error = json!({"code": code, "message": message});
        self.send(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
    }

    /// Whether the client can put a question to its person.
    pub(super) fn can_ask(&self) -> bool {
        self.asks.load(Ordering::SeqCst)
    }

    /// Puts a form to the person at the client, and waits; none where it was declined or nobody is there.
    pub(super) fn ask(&self, message: &str, schema: &Value) -> Option<Value> {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        let (answer, answered) = channel();
        self.asked().insert(id, answer);
        if self.is_closed() {
            self.asked().clear();
        }
        self.send(&json!({
            "jsonrpc": "2.0",
            "id": id,
            "method": "elicitation/create",
            "params": {"message": message, "requestedSchema": schema},
        }));
        let result = answered.recv().ok().flatten()?;
        (result["action"] == "accept").then(|| result["content"].clone())
    }

    pub(super) fn deliver(&self, id: u64, result: Option<Value>) {
        if let Some(waiting) = self.asked().remove(&id) {
            // Who asked may have gone.
            let _ = waiting.send(result);
        }
    }

    /// The client is gone: nobody answers any more.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.asked().clear();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Sender<Option<Value>>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, message: &Value) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // A client that does not listen is noticed at the end of its input.
        let _ = writeln!(out, "{message}").and_then(|()| out.flush());
    }
}
