//! `fermata panel` over real HTTP: who may ask, what is answered, and that the
//! stream says what happens while it happens. The page itself is looked at in
//! `tests/editors/panel`.

mod client;

use client::{Client, Panel};
use fermata_tests::workflows::held_with;
use fermata_tests::{Lab, wait};
use serde_json::{Value, json};

/// What the loop asks for; one of the names says that its value is secret.
const INPUTS: &str =
    r#"{topic: {type: string}, api_key: {type: string, required: false, default: ""}}"#;

fn held(lab: &Lab) -> (Panel, Client, String) {
    lab.write("held.yaml", &held_with(INPUTS));
    let started = lab.call(&["run", "held.yaml", "--detach", "--json", "tides"]);
    assert_eq!(started.code, 0, "{started:?}");
    let run = lab.until_status("waiting")["run"]
        .as_str()
        .expect("an id")
        .to_owned();
    let panel = Panel::start(lab, &[]);
    let client = panel.client();
    (panel, client, run)
}

#[test]
fn only_the_page_with_the_token_is_answered_and_nothing_else_may_be_loaded() {
    let lab = Lab::new();
    let panel = Panel::start(&lab, &[]);
    let client = panel.client();
    let page = client.get("/");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"));
    assert_eq!(page.header("cache-control"), "no-store");
    for (path, kind) in [("/panel.js", "text/javascript"), ("/panel.css", "text/css")] {
        let file = client.get(path);
        assert!(file.header("content-type").starts_with(kind), "{path}");
    }
    assert_eq!(client.get("/api/runs").status, 200);
    let stranger = Client {
        token: "0".repeat(48),
        ..client.clone()
    };
    for refused in [
        stranger.get("/api/runs"),
        stranger.get("/api/stream"),
        stranger.post("stop", &json!({"run": "@last"})),
    ] {
        assert_eq!(refused.status, 401);
        assert_eq!(refused.json()["reason"], "unauthorized");
    }
    for header in [
        "Origin: http://evil.example",
        "Host: evil.example",
        "Sec-Fetch-Site: cross-site",
    ] {
        let refused = client.with(&[header]).get("/api/runs");
        assert_eq!(refused.status, 403, "{header}");
        assert_eq!(refused.json()["reason"], "forbidden");
    }
}

#[test]
fn runs_their_logs_and_their_graphs_are_read() {
    let lab = Lab::new();
    let (_panel, client, run) = held(&lab);
    let list = client.get("/api/runs").json();
    assert_eq!(list["runs"][0]["run"], run);
    assert_eq!(list["runs"][0]["gates"][0]["gate"], "g1");
    assert_eq!(client.get("/api/starts").json()["starts"], json!([]));
    let shown = client.get(&format!("/api/runs/{run}")).json();
    assert_eq!(shown["status"], "waiting");
    let log = lab.events(&run);
    let page = client
        .get(&format!("/api/runs/{run}/events?from=2&limit=3"))
        .json();
    assert_eq!(page["last"], log.len());
    assert_eq!(page["events"], json!(log[1..4]));
    let graph = client.get(&format!("/api/graph?run={run}")).json();
    assert_eq!(graph["entry"], "again");
    assert!(
        graph["edges"]
            .as_array()
            .is_some_and(|edges| edges.iter().any(|edge| edge["back"] == true))
    );

    for (path, status) in [
        ("/api/runs/nothing", 404),
        ("/api/runs/nothing/events", 404),
        ("/api/graph?uri=file:///nothing.yaml", 404),
        ("/api/graph", 404),
        ("/api/stream?run=nothing", 404),
        ("/api/runs?all=perhaps", 400),
        ("/elsewhere", 404),
    ] {
        assert_eq!(client.get(path).status, status, "{path}");
    }
}

#[test]
fn a_gate_is_answered_once_and_whoever_is_late_is_told_by_whom() {
    let lab = Lab::new();
    let (_panel, client, run) = held(&lab);
    let small = json!({"kind": "iteration_limit", "do": "continue", "n": 0});
    let refused = client.post(
        "answer",
        &json!({"run": run, "gate": "g1", "answer": small}),
    );
    assert_eq!(refused.status, 200, "a refusal is a result");
    assert_eq!(refused.json()["needed"], 1);
    let answer = json!({"kind": "iteration_limit", "do": "stop"});
    let params = json!({"run": run, "gate": "g1", "answer": answer});
    assert_eq!(client.post("answer", &params).json()["ok"], true);
    let late = client.post("answer", &params).json();
    assert_eq!(late["ok"], false);
    assert_eq!(late["answered"]["surface"], "panel");
    assert_eq!(late["answered"]["by"], "ada");
    lab.until_status("failed");
}

#[test]
fn a_new_request_is_asked_about_and_an_untrusted_folder_is_refused() {
    let lab = Lab::new();
    let (_panel, client, run) = held(&lab);
    let uri = format!("file://{}", lab.work().join("held.yaml").display()).replace(' ', "%20");
    let request = json!({"uri": uri, "message": "moons"});
    let refused = client.post("run", &request).json();
    assert_eq!(refused["reason"], "untrusted", "{refused}");
    assert_eq!(lab.call(&["trust"]).code, 0);
    let refused = client.post("run", &request).json();
    assert_eq!(refused["reason"], "choice", "{refused}");
    assert_eq!(refused["choice"]["prior"]["run"], run);
    assert_eq!(
        refused["choice"]["prior"]["progress"],
        "3 steps run, limit 3"
    );
    let starts = client.get("/api/starts").json();
    let start = starts["starts"][0]["start"].clone();
    let chosen = client.post("choose", &json!({"start": start, "answer": "dismiss"}));
    assert_eq!(chosen.json()["dismissed"], true);
}

#[test]
fn bad_requests_say_what_was_expected() {
    let lab = Lab::new();
    let (_panel, client, run) = held(&lab);
    for (verb, params, status, word) in [
        ("answer", json!({"run": run}), 400, "`answer`: is missing"),
        (
            "tell",
            json!({"run": run, "text": 5}),
            400,
            "`text`: expected a text",
        ),
        ("resume", json!({"run": "nothing"}), 404, "nothing"),
        (
            "run",
            json!({"uri": "http://x"}),
            400,
            "expected a file: address",
        ),
        ("dance", json!({}), 404, "there is no verb `dance`"),
        ("stop", json!([]), 400, "as one object"),
    ] {
        let refused = client.post(verb, &params);
        assert_eq!(refused.status, status, "{verb}");
        let message = refused.json()["message"].to_string();
        assert!(message.contains(word), "{verb}: {message}");
    }
    let form = client.request("POST", "/api/stop", &["Content-Type: text/plain"], b"{}");
    assert_eq!(form.status, 415);
    let large = vec![b' '; 2 << 20];
    let json = ["Content-Type: application/json"];
    assert_eq!(
        client.request("POST", "/api/stop", &json, &large).status,
        413
    );
}

#[test]
fn a_stream_gives_the_log_from_where_the_page_is_and_then_what_happens() {
    let lab = Lab::new();
    let (_panel, client, run) = held(&lab);
    let log = lab.events(&run);
    let last = log.len() as u64;
    let mut stream = client.stream(&format!("run={run}&from={last}"));
    let (event, data) = stream.next_of(&["events"]);
    assert_eq!(event, "events");
    assert_eq!(data["from"], last);
    assert_eq!(data["events"], json!([log[log.len() - 1]]));
    // It is still there when nothing happens.
    stream.next_of(&["ping"]);
    stream.next_of(&["ping"]);
    let answer = json!({"kind": "iteration_limit", "do": "continue", "n": 1});
    client.post(
        "answer",
        &json!({"run": run, "gate": "g1", "answer": answer}),
    );
    let mut seen: Vec<Value> = Vec::new();
    let mut listed = false;
    let held_again = |seen: &[Value]| {
        seen.iter()
            .any(|event| event["type"] == "run_waiting" && event["seq"].as_u64() > Some(last))
    };
    while !held_again(&seen) || !listed {
        let (event, data) = stream.next_of(&["events", "runs"]);
        if event == "runs" {
            listed = true;
            continue;
        }
        // Dense: each batch begins where the one before it ended.
        assert_eq!(data["from"], last + 1 + seen.len() as u64);
        seen.extend(data["events"].as_array().cloned().unwrap_or_default());
    }
    assert_eq!(
        json!(seen),
        json!(lab.events(&run)[log.len()..][..seen.len()])
    );
}

#[test]
fn secrets_are_covered_in_lists_logs_and_streams() {
    let lab = Lab::new();
    lab.write("held.yaml", &held_with(INPUTS));
    let mut run = lab.command(&[
        "run",
        "held.yaml",
        "--detach",
        "--allow-secret-input",
        "-i",
        "topic=about sesame-4711-open",
        "-i",
        "api_key=sesame-4711-open",
    ]);
    assert!(run.status().expect("the binary starts").success());
    let id = lab.until_status("waiting")["run"]
        .as_str()
        .expect("an id")
        .to_owned();
    let panel = Panel::start(&lab, &[]);
    let client = panel.client();
    let mut stream = client.stream(&format!("run={id}&from=1"));
    let (_, streamed) = stream.next_of(&["events"]);
    for (place, text) in [
        (
            "events",
            client.get(&format!("/api/runs/{id}/events")).text(),
        ),
        ("stream", streamed.to_string()),
    ] {
        assert!(text.contains("•••"), "{place}: {text}");
        assert!(!text.contains("sesame-4711-open"), "{place}: {text}");
    }
    for path in ["/api/runs".to_owned(), format!("/api/runs/{id}")] {
        let inputs = client.get(&path).json().to_string();
        assert!(!inputs.contains("\"api_key\":\"sesame"), "{path}: {inputs}");
    }
}

#[test]
fn the_page_opens_with_the_run_that_was_named() {
    let lab = Lab::new();
    lab.write("held.yaml", &held_with(INPUTS));
    assert_eq!(lab.call(&["run", "held.yaml", "--detach", "x"]).code, 0);
    let run = lab.until_status("waiting");
    let panel = Panel::start(&lab, &["@last"]);
    let expected = format!("/?run={}#token=", run["run"].as_str().expect("an id"));
    assert!(panel.address.contains(&expected), "{}", panel.address);
    let missing = lab.call(&["panel", "--no-open", "nothing"]);
    assert_eq!(missing.code, 1, "{missing:?}");
}

#[test]
fn a_worker_that_died_is_noticed_by_the_panel_alone() {
    let lab = Lab::new();
    lab.write(
        "long.yaml",
        "workflow: {name: long, entry_point: s}\nagents:\n  - {name: s, type: script, command: sh, args: [\"-c\", \"sleep 600\"], routes: [{to: $end}]}\noutput: {}\n",
    );
    assert_eq!(lab.call(&["run", "long.yaml", "--detach"]).code, 0);
    let run = lab.until_status("running")["run"]
        .as_str()
        .expect("an id")
        .to_owned();
    let panel = Panel::start(&lab, &[]);
    let client = panel.client();
    lab.kill_worker(&run);
    // Read from the panel only: nobody else looks after the run.
    let cause = wait("the panel says that the run was interrupted", || {
        let shown = client.get(&format!("/api/runs/{run}")).json();
        shown["cause"].as_str().map(str::to_owned)
    });
    assert_eq!(cause, "interrupted");
}
