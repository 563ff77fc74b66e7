//! The MCP server: workflows and runs for agents, over standard input and
//! output. An agent can look, check, start, stop and guide, and do nothing that
//! cannot be undone. What is for people to decide (a gate, the choice about an
//! earlier run) is put to the person at the client by elicitation, and never
//! taken from the agent's words.

mod form;
mod tools;
mod wire;

use std::io::{self, BufRead, Read as _, Write};
use std::sync::Arc;

use fermata_control::Control;
use serde_json::{Value, json};

use crate::workflows::Workflows;
use wire::{Incoming, Wire};

/// Versions of the protocol that this server speaks, the newest first.
const VERSIONS: [&str; 3] = ["2025-06-18", "2025-03-26", "2024-11-05"];
/// Largest message that is read, in bytes.
const LARGEST: u64 = 16 << 20;
/// Calls at once; each may wait for a run or a person.
const CALLS: usize = 16;

const INSTRUCTIONS: &str = "Checks and runs agent workflows (the YAML of Conductor and Archon). `check` a file after every change; `run` starts it and returns at once; `wait` until it holds or is over. A run that holds at a gate waits for a person: `answer` asks them here if this client can, else say which command to type. Never try to decide for them.";

/// What a call is made with.
struct House {
    control: Control,
    workflows: Arc<dyn Workflows>,
    wire: Wire,
}

/// Serves one client until the end of its input.
///
/// # Errors
/// When the input cannot be read.
pub fn serve_mcp(
    mut input: impl BufRead,
    output: impl Write + Send + 'static,
    control: Control,
    workflows: Arc<dyn Workflows>,
) -> io::Result<()> {
    let house = Arc::new(House {
        control,
        workflows,
        wire: Wire::new(output),
    });
    let mut calls = Vec::new();
    loop {
        let mut line = Vec::new();
        let read = (&mut input).take(LARGEST).read_until(b'\n', &mut line)?;
        if read == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match wire::read(&line) {
            Incoming::Request { id, method, params } if method == "tools/call" => {
                calls.retain(|call: &std::thread::JoinHandle<()>| !call.is_finished());
                if calls.len() >= CALLS {
                    house.wire.fail(&id, -32000, "too many calls at once");
                    continue;
                }
                let theirs = Arc::clone(&house);
                calls.push(std::thread::spawn(move || theirs.call(&id, &params)));
            }
            Incoming::Request { id, method, params } => house.answer(&id, &method, &params),
            Incoming::Notification => {}
            Incoming::Answer { id, result } => house.wire.deliver(id, result),
            Incoming::Broken { code, message } => house.wire.fail(&Value::Null, code, &message),
        }
    }
    // Nobody is asked any more, and nobody waits.
    house.wire.close();
    for call in calls {
        // A call that panicked has had its answer.
        let _ = call.join();
    }
    Ok(())
}

impl House {
    fn answer(&self, id: &Value, method: &str, params: &Value) {
        match method {
            "initialize" => {
                let asks = params["capabilities"].get("elicitation").is_some();
                self.wire.greeted(asks);
                let wanted = params["protocolVersion"].as_str().unwrap_or_default();
                let version = VERSIONS
                    .iter()
                    .find(|version| **version == wanted)
                    .unwrap_or(&VERSIONS[0]);
                self.wire.succeed(
                    id,
                    &json!({
                        "protocolVersion": version,
                        "capabilities": {"tools": {}},
                        "serverInfo": {"name": "fermata", "version": env!("CARGO_PKG_VERSION")},
                        "instructions": INSTRUCTIONS,
                    }),
                );
            }
            "ping" => self.wire.succeed(id, &json!({})),
            "tools/list" => self.wire.succeed(id, &json!({"tools": tools::list()})),
            other => self
                .wire
                .fail(id, -32601, &format!("there is no method `{other}`")),
        }
    }

    fn call(&self, id: &Value, params: &Value) {
        let name = params["name"].as_str().unwrap_or_default();
        let none = json!({});
        let arguments = params.get("arguments").unwrap_or(&none);
        let Some(tool) = tools::find(name) else {
            let known: Vec<&str> = tools::TOOLS.iter().map(|tool| tool.name).collect();
            let message = format!("there is no tool `{name}`; there are {}", known.join(", "));
            return self.wire.fail(id, -32602, &message);
        };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            (tool.call)(self, arguments)
        }));
        let value = match done {
            Ok(Ok(value)) => value,
            Ok(Err(message)) => json!({"ok": false, "message": message}),
            Err(_) => json!({"ok": false, "message": "an internal error; the server goes on"}),
        };
        let refused = value.get("ok") == Some(&Value::Bool(false));
        self.wire.succeed(
            id,
            &json!({
                "content": [{"type": "text", "text": value.to_string()}],
                "structuredContent": value,
                "isError": refused,
            }),
        );
    }
}
