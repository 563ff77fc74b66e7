//! The agents that the tests of this crate host, as a real process: the scripted
//! agent under the arguments that the product's own binary takes, and a few hand-made
//! ones that do what well-behaved agents never do. Not part of the product.

use std::io::{BufRead as _, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["scripted-agent", file] => scripted(Path::new(file)),
        ["stubborn"] => talk(|_, _| Vec::new(), json!({})),
        ["late-replay", state] => late_replay(Path::new(state)),
        ["remembering", folder, can @ ..] => remembering(Path::new(folder), can),
        ["choosing", can @ ..] => choosing(can),
        ["submitter"] => submitter(),
        ["next-version"] => talk(|_, _| Vec::new(), json!({"protocolVersion": 2})),
        _ => {
            eprintln!("unknown words: {words:?}");
            ExitCode::from(2)
        }
    }
}

fn scripted(file: &Path) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let served = runtime.block_on(fermata_agents::scripted::serve(
        file,
        tokio::io::stdin(),
        tokio::io::stdout(),
    ));
    // A thread may still be reading stdin; it must not hold up the end.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn put(message: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{message}").expect("the host reads");
    out.flush().expect("the host reads");
}

fn reply(id: &Value, result: Value) {
    put(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
}

fn said(session: &str, text: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": session, "update": {
        "sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}}})
}

/// Answers what every session needs; what else comes goes to `other`, whose messages are sent.
fn talk(mut other: impl FnMut(&Value, &Value) -> Vec<Value>, greeting: Value) -> ExitCode {
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
        let id = &message["id"];
        match message["method"].as_str() {
            Some("initialize") => {
                let mut answer = json!({"protocolVersion": 1, "agentCapabilities": {}});
                for (key, value) in greeting.as_object().expect("an object") {
                    answer[key] = value.clone();
                }
                reply(id, answer);
            }
            Some("session/new") => {
                other(&message, id);
                reply(id, json!({"sessionId": "s"}));
            }
            _ => other(&message, id).iter().for_each(put),
        }
    }
    ExitCode::SUCCESS
}

/// Loads a session and replays its history after it has said that it is loaded. Dies once, at its
/// first prompt; the state file tells the second process that it is the second.
fn late_replay(state: &Path) -> ExitCode {
    let second = state.exists();
    talk(
        |message, id| match message["method"].as_str() {
            Some("session/load") => vec![
                json!({"jsonrpc": "2.0", "id": id, "result": {}}),
                said("s", "what was said long ago"),
            ],
            Some("session/prompt") if second => vec![
                said("s", "fresh"),
                json!({"jsonrpc": "2.0", "id": id, "result": {"stopReason": "end_turn"}}),
            ],
            Some("session/prompt") => {
                std::fs::write(state, "died").expect("writes");
                std::process::exit(7);
            }
            _ => Vec::new(),
        },
        json!({"agentCapabilities": {"loadSession": true}}),
    )
}

/// Remembers each session in a file and answers with all that was said in it. It can do with earlier sessions what the
/// words name: `fork`, `resume`, `load`.
fn remembering(folder: &Path, can: &[&str]) -> ExitCode {
    let offered = |word: &str| can.contains(&word).then(|| json!({}));
    let new = || {
        let count = std::fs::read_dir(folder).map_or(0, Iterator::count);
        format!("m{}", count + 1)
    };
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
        let (id, params) = (&message["id"], &message["params"]);
        let session = params["sessionId"].as_str().unwrap_or_default();
        let history = std::fs::read_to_string(folder.join(session)).ok();
        match (message["method"].as_str().unwrap_or_default(), history) {
            ("initialize", _) => reply(
                id,
                json!({"protocolVersion": 1, "agentCapabilities": {
                    "loadSession": can.contains(&"load"),
                    "sessionCapabilities": {"fork": offered("fork"), "resume": offered("resume")},
                }}),
            ),
            ("session/new", _) => {
                let session = new();
                std::fs::write(folder.join(&session), "").expect("writes");
                reply(id, json!({"sessionId": session}));
            }
            ("session/fork", Some(history)) => {
                let session = new();
                std::fs::write(folder.join(&session), history).expect("writes");
                reply(id, json!({"sessionId": session}));
            }
            ("session/resume", Some(_)) => reply(id, json!({})),
            ("session/load", Some(history)) => {
                put(&said(session, &history));
                reply(id, json!({}));
            }
            ("session/prompt", Some(history)) => {
                let text = params["prompt"][0]["text"].as_str().unwrap_or_default();
                let history = format!("{history}{text};");
                std::fs::write(folder.join(session), &history).expect("writes");
                put(&said(session, &history));
                reply(id, json!({"stopReason": "end_turn"}));
            }
            (_, None) if !id.is_null() => put(&json!({"jsonrpc": "2.0", "id": id,
                "error": {"code": -32602, "message": "there is no such session"}})),
            _ => {}
        }
    }
    ExitCode::SUCCESS
}

/// Offers two models, and efforts with one of them; answers with what its session is set to. A copy has the settings of
/// its original. Each turn costs a quarter of a dollar, counted since the process began; `die` ends it.
fn choosing(can: &[&str]) -> ExitCode {
    let mut sessions: Vec<(String, String)> = Vec::new();
    let mut spent = 0.0;
    let select = |id: &str, category: &str, current: &str, values: [&str; 2]| {
        json!({"id": id, "name": id, "category": category, "type": "select", "currentValue": current,
            "options": values.map(|value| json!({"value": value, "name": value}))})
    };
    let options = |(model, effort): &(String, String)| {
        let mut options = vec![select("m", "model", model, ["default", "big"])];
        if model == "big" {
            options.push(select("e", "thought_level", effort, ["default", "high"]));
        }
        options
    };
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
        let (id, params) = (&message["id"], &message["params"]);
        let session = params["sessionId"].as_str().unwrap_or_default();
        let at = session.parse::<usize>().unwrap_or_default();
        match message["method"].as_str().unwrap_or_default() {
            "initialize" => {
                let fork = can.contains(&"fork").then(|| json!({}));
                let capabilities = json!({"sessionCapabilities": {"fork": fork, "resume": {}}});
                reply(
                    id,
                    json!({"protocolVersion": 1, "agentCapabilities": capabilities}),
                );
            }
            method @ ("session/new" | "session/fork") => {
                let set = match method {
                    "session/fork" => sessions[at].clone(),
                    _ => ("default".to_owned(), "default".to_owned()),
                };
                let answer = json!({"sessionId": sessions.len().to_string(), "configOptions": options(&set)});
                sessions.push(set);
                reply(id, answer);
            }
            "session/resume" => {
                // Another process: what it kept of the session is its settings.
                sessions.resize(at + 1, ("big".to_owned(), "high".to_owned()));
                reply(id, json!({"configOptions": options(&sessions[at])}));
            }
            "session/set_config_option" => {
                let value = params["value"].as_str().unwrap_or_default().to_owned();
                match params["configId"].as_str() {
                    Some("m") => sessions[at].0 = value,
                    _ => sessions[at].1 = value,
                }
                reply(id, json!({"configOptions": options(&sessions[at])}));
            }
            "session/prompt" => {
                if params["prompt"][0]["text"] == "die" {
                    std::process::exit(7);
                }
                spent += 0.25;
                put(
                    &json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": session, "update": {
                    "sessionUpdate": "usage_update", "used": 1, "size": 2,
                    "cost": {"amount": spent, "currency": "USD"}}}}),
                );
                let (model, effort) = &sessions[at];
                put(&said(session, &format!("{model} {effort}")));
                reply(id, json!({"stopReason": "end_turn"}));
            }
            _ => {}
        }
    }
    ExitCode::SUCCESS
}

/// Hands its result in by the host's tool server: first one that does not fit, then one that does.
fn submitter() -> ExitCode {
    let mut server = Value::Null;
    talk(
        |message, id| match message["method"].as_str() {
            Some("session/new") => {
                server = message["params"]["mcpServers"][0].clone();
                Vec::new()
            }
            Some("session/prompt") => {
                let wrong = hand_in(&server, &json!({"verdict": "maybe"}));
                let right = hand_in(&server, &json!({"verdict": "pass"}));
                vec![
                    said("s", &format!("first {wrong}, then {right}")),
                    json!({"jsonrpc": "2.0", "id": id, "result": {"stopReason": "end_turn"}}),
                ]
            }
            _ => Vec::new(),
        },
        json!({"agentCapabilities": {"mcpCapabilities": {"http": true}}}),
    )
}

/// Calls the tool; says whether the value was refused.
fn hand_in(server: &Value, arguments: &Value) -> &'static str {
    let url = server["url"].as_str().expect("a server is offered");
    let address = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split('/').next())
        .expect("a loopback address");
    let header = &server["headers"][0];
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "submit_result", "arguments": arguments}})
    .to_string();
    let mut stream = TcpStream::connect(address).expect("listens");
    write!(
        stream,
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{}: {}\r\nContent-Length: {}\r\n\r\n{body}",
        header["name"].as_str().expect("a header"),
        header["value"].as_str().expect("a header"),
        body.len()
    )
    .expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("reads");
    if answer.contains("\"isError\":true") {
        "refused"
    } else if answer.contains("\"isError\":false") {
        "taken"
    } else {
        "lost"
    }
}
