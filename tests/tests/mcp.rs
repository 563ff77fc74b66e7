//! The MCP server over its standard input and output: what an agent can do
//! with it, and that a person's decision stays a person's.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use fermata_tests::Lab;
use fermata_tests::workflows::held_with;
use serde_json::{Value, json};

/// `fermata mcp` with its client.
struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: u64,
}

impl Server {
    /// Greeted by a client that can ask its person, or cannot.
    fn greeted(lab: &Lab, asks: bool) -> Self {
        let mut process = lab
            .command(&["mcp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let mut server = Self {
            process,
            input,
            output: BufReader::new(output.expect("standard output is ours")),
            next: 0,
        };
        let capabilities = if asks {
            json!({"elicitation": {}})
        } else {
            json!({})
        };
        let greeting = server.ask(
            "initialize",
            &json!({"protocolVersion": "2025-06-18", "capabilities": capabilities, "clientInfo": {"name": "test", "version": "1"}}),
        );
        assert_eq!(greeting["result"]["protocolVersion"], "2025-06-18");
        assert_eq!(greeting["result"]["serverInfo"]["name"], "fermata");
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        server
    }

    fn send(&mut self, message: &Value) {
        self.raw(&message.to_string());
    }

    fn raw(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the input is open");
        writeln!(input, "{line}").expect("the server reads");
    }

    fn request(&mut self, method: &str, params: &Value) -> u64 {
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}));
        self.next
    }

    /// The next message; each is one line.
    fn read(&mut self) -> Value {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).expect("the server writes");
        assert!(read > 0, "the server ended");
        serde_json::from_str(&line).expect("a message a line")
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let id = self.request(method, params);
        let answer = self.read();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// What a tool gives: its structured content.
    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        result(&answer)
    }
}

fn result(answer: &Value) -> Value {
    let content = answer["result"]["structuredContent"].clone();
    let text = answer["result"]["content"][0]["text"].as_str();
    let read: Value = serde_json::from_str(text.unwrap_or_default()).expect("JSON in the text");
    assert_eq!(read, content, "text and structure say the same: {answer}");
    assert_eq!(answer["result"]["isError"], content["ok"] == false);
    content
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("held.yaml", &held_with("{topic: {type: string}}"));
    assert_eq!(lab.call(&["trust"]).code, 0);
    lab
}

#[test]
fn an_agent_checks_runs_waits_and_reads() {
    let lab = lab();
    let mut server = Server::greeted(&lab, false);
    assert_eq!(server.ask("ping", &json!({}))["result"], json!({}));
    let tools = server.ask("tools/list", &json!({}));
    let names: Vec<&str> = tools["result"]["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    for name in ["check", "run", "runs", "show", "wait", "answer", "stop"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let found = server.call("workflows", &json!({}));
    assert_eq!(found["workflows"][0]["name"], "held");
    let checked = server.call("check", &json!({"workflow": "held"}));
    assert_eq!(checked["files"][0]["verdict"], "accepted", "{checked}");
    let broken =
        held_with("{topic: {type: string}}").replace("entry_point: again", "entry_point: agian");
    let checked = server.call("check", &json!({"workflow": "held.yaml", "text": broken}));
    assert_eq!(checked["files"][0]["verdict"], "rejected", "{checked}");
    let started = server.call("run", &json!({"workflow": "held", "message": "tides"}));
    assert_eq!(started["ok"], true, "{started}");
    let shown = server.call("wait", &json!({"run": started["run"]}));
    assert_eq!(shown["status"], "waiting");
    assert_eq!(shown["gates"][0]["kind"], "iteration_limit");
    let log = server.call("events", &json!({"run": "@last", "from": 2, "limit": 2}));
    assert_eq!(log["events"][0]["seq"], 2);
    let graph = server.call("graph", &json!({"workflow": "held"}));
    assert_eq!(graph["entry"], "again");
    let stopped = server.call("stop", &json!({"run": "@last"}));
    assert_eq!(stopped["ok"], true, "{stopped}");
}

#[test]
fn a_gate_is_put_to_the_person_and_never_answered_by_the_agent() {
    let lab = lab();
    let mut server = Server::greeted(&lab, true);
    let started = server.call("run", &json!({"workflow": "held", "message": "tides"}));
    server.call("wait", &json!({"run": started["run"]}));
    // Whatever an agent puts into the call, the person is asked.
    let arguments =
        json!({"run": started["run"], "answer": {"kind": "iteration_limit", "do": "abort"}});
    let call = server.request(
        "tools/call",
        &json!({"name": "answer", "arguments": arguments}),
    );
    let question = server.read();
    assert_eq!(question["method"], "elicitation/create");
    let message = question["params"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("held holds before again"), "{message}");
    let labels = &question["params"]["requestedSchema"]["properties"]["decision"]["enum"];
    let label = labels[0].clone();
    // It stays open while the person thinks, and a look at it is answered meanwhile.
    let runs = server.call("runs", &json!({}));
    assert_eq!(runs["runs"][0]["gates"][0]["gate"], "g1");
    server.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept", "content": {"decision": label}}}));
    let answer = server.read();
    assert_eq!(answer["id"], call);
    assert_eq!(result(&answer)["ok"], true, "{answer}");
    let log = lab.events(started["run"].as_str().expect("an id"));
    let closed = log
        .iter()
        .find(|event| event["type"] == "iteration_limit_resolved")
        .expect("the gate is closed");
    assert_eq!(
        (&closed["surface"], &closed["by"]),
        (&json!("mcp"), &json!("ada"))
    );
    assert_eq!(closed["answer"]["do"], "continue");

    let shown = server.call("wait", &json!({"run": started["run"]}));
    assert_eq!(shown["gates"][0]["gate"], "g2");
    server.request(
        "tools/call",
        &json!({"name": "answer", "arguments": {"run": started["run"]}}),
    );
    let question = server.read();
    server.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "decline"}}));
    assert_eq!(result(&server.read())["reason"], "declined");
    assert_eq!(lab.newest()["gates"][0]["gate"], "g2");
}

#[test]
fn a_client_that_cannot_ask_is_told_which_command_the_person_types() {
    let lab = lab();
    let mut server = Server::greeted(&lab, false);
    let started = server.call("run", &json!({"workflow": "held", "message": "tides"}));
    server.call("wait", &json!({"run": started["run"]}));
    let refused = server.call("answer", &json!({"run": started["run"]}));
    assert_eq!(refused["reason"], "person_needed");
    let message = refused["message"].as_str().unwrap_or_default();
    assert!(message.contains("fermata answer"), "{message}");
    let again = server.call("run", &json!({"workflow": "held", "message": "moons"}));
    assert_eq!(again["reason"], "choice", "{again}");
    let refused = server.call("choose", &json!({"start": again["choice"]["start"]}));
    assert_eq!(refused["reason"], "person_needed");
    assert_eq!(lab.runs().len(), 1, "nothing was started");
}

#[test]
fn the_choice_about_an_earlier_run_is_the_persons_too() {
    let lab = lab();
    let mut server = Server::greeted(&lab, true);
    let first = server.call("run", &json!({"workflow": "held", "message": "tides"}));
    server.call("wait", &json!({"run": first["run"]}));
    let call = server.request(
        "tools/call",
        &json!({"name": "run", "arguments": {"workflow": "held", "message": "moons", "force": true}}),
    );
    let question = server.read();
    assert_eq!(question["method"], "elicitation/create");
    server.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept", "content": {"decision": "run_fresh"}}}));
    let answer = server.read();
    assert_eq!(answer["id"], call);
    assert_eq!(result(&answer)["ok"], true, "{answer}");
    assert_eq!(lab.newest()["message"], "moons");
    assert_eq!(lab.runs().len(), 2);
}

#[test]
fn every_broken_message_costs_itself_only() {
    let lab = lab();
    let mut server = Server::greeted(&lab, false);
    for (line, code) in [
        ("{", -32700),
        ("[]", -32600),
        (r#"{"jsonrpc": "2.0"}"#, -32600),
    ] {
        server.raw(line);
        assert_eq!(server.read()["error"]["code"], code, "{line}");
    }
    server.raw("");
    server.send(&json!({"jsonrpc": "2.0", "id": 999, "result": {}}));
    let unknown = server.ask("resources/list", &json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    let unknown = server.ask("tools/call", &json!({"name": "abandon", "arguments": {}}));
    assert_eq!(unknown["error"]["code"], -32602);
    let refused = server.call("show", &json!({}));
    assert_eq!(refused["message"], "`run`: is missing");
    let refused = server.call("run", &json!({"workflow": "nothing"}));
    let message = refused["message"].as_str().unwrap_or_default();
    assert!(message.contains("no workflow of that name"), "{message}");
}

#[test]
fn the_server_ends_with_its_input_also_while_somebody_waits() {
    let lab = lab();
    lab.write(
        "long.yaml",
        "workflow: {name: long, entry_point: s}\nagents:\n  - {name: s, type: script, command: sh, args: [\"-c\", \"sleep 600\"], routes: [{to: $end}]}\noutput: {}\n",
    );
    let mut server = Server::greeted(&lab, true);
    let started = server.call("run", &json!({"workflow": "long"}));
    assert_eq!(started["ok"], true, "{started}");
    let run = started["run"].as_str().expect("an id");
    lab.until(run, "running");
    server.request(
        "tools/call",
        &json!({"name": "wait", "arguments": {"run": run}}),
    );
    drop(server.input.take());
    assert!(server.process.wait().expect("it ends").success());
    assert_eq!(lab.status(run), "running", "the run goes on");
}
