//! Gates and choices as an editor without a plugin has them: by prompt, lens
//! and code action, once each, with a word for whoever is late.

use fermata_control::{AnswerInput, AnswerOutcome};
use fermata_engine::{GateId, RunId, Surface};
use fermata_tests::{Lab, wait};
use serde_json::{Value, json};

use crate::server::{TestServer, control, until};

/// A loop of one set step that reaches its limit of three.
const HELD: &str = "\
workflow:
  name: held
  entry_point: again
  input:
    topic: {type: string}
  limits: {max_iterations: 3}
agents:
  - name: again
    type: set
    value: \"{{ again.output + 1 if again is defined else 1 }}\"
    output_type: integer
    routes:
      - {to: $end, when: \"{{ output >= 100 }}\"}
      - {to: again}
output: {rounds: \"{{ again.output }}\"}
";

const QUIET: [&str; 2] = [
    "textDocument/publishDiagnostics",
    "workspace/codeLens/refresh",
];

/// An editor without a plugin that shows requests.
async fn editor(lab: &Lab) -> TestServer {
    let mut server = TestServer::greeted(lab, "helix", json!({})).await;
    server.ignore(&QUIET);
    // The first look at the runs is over: what opens from now on is asked about.
    server.ask("fermata/runs", json!({})).await.expect("runs");
    server
}

async fn lenses(server: &mut TestServer, uri: &str) -> Vec<String> {
    let params = json!({"textDocument": {"uri": uri}});
    let lenses = server.ask("textDocument/codeLens", params).await;
    lenses
        .expect("lenses")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|lens| lens["command"]["title"].as_str().map(str::to_owned))
        .collect()
}

async fn until_lens(server: &mut TestServer, uri: &str, part: &str, there: bool) {
    let what = format!("the lens {part} became {there}");
    until(&what, async || {
        let shown = lenses(server, uri).await;
        (shown.iter().any(|title| title.contains(part)) == there).then_some(())
    })
    .await;
}

async fn start(server: &mut TestServer, uri: &str, topic: &str) -> Value {
    server
        .execute("fermata.run", json!({"uri": uri, "message": topic}))
        .await
        .expect("an outcome")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_is_asked_answered_by_action_and_whoever_is_late_is_told() {
    let lab = Lab::new();
    let path = lab.write("held.yaml", HELD);
    let mut server = editor(&lab).await;
    let uri = server.open(&path).await;
    let outcome = start(&mut server, &uri, "tides").await;
    assert_eq!(outcome["ok"], true, "{outcome}");

    let (question, text, buttons) = server.asked().await;
    assert!(text.starts_with("held held at 3/3 before again"), "{text}");
    assert_eq!(buttons, ["1 more", "5 more", "10 more", "Stop", "Abort"]);
    server.press(&question, Some("1 more")).await;
    let (late, text, _) = server.asked().await;
    assert!(text.contains("4/4"), "{text}");

    // The same gate by code action on its step; the question stays on the screen.
    until_lens(&mut server, &uri, "held at 4/4", true).await;
    let actions = server
        .ask(
            "textDocument/codeAction",
            json!({
                "textDocument": {"uri": uri},
                "range": {"start": {"line": 7, "character": 4}, "end": {"line": 7, "character": 4}},
                "context": {"diagnostics": []},
            }),
        )
        .await
        .expect("actions");
    let act = actions
        .as_array()
        .into_iter()
        .flatten()
        .find(|action| {
            let title = action["title"].as_str().unwrap_or_default();
            title.starts_with("Continue with 5 more")
        })
        .unwrap_or_else(|| panic!("an action that answers: {actions:#}"))["command"]
        .clone();
    let done = server.execute(
        act["command"].as_str().expect("a command"),
        act["arguments"][0].clone(),
    );
    assert_eq!(done.await.expect("an outcome")["ok"], true);
    until_lens(&mut server, &uri, "held at 4/4", false).await;

    let (third, text, _) = server.asked().await;
    assert!(text.contains("9/9"), "{text}");
    server.press(&late, Some("10 more")).await;
    let told = server.said("window/showMessage").await;
    let told = told["params"]["message"].as_str().unwrap_or_default();
    assert!(
        told.starts_with("Answered already by ada from lsp"),
        "{told}"
    );
    assert_eq!(lab.newest()["gates"][0]["max_iterations"], 9);

    // Answered elsewhere: the action that the editor still shows is refused in words.
    let run = RunId::from(lab.newest()["run"].as_str().expect("an id"));
    let elsewhere = control(&lab, Surface::Terminal);
    let stop = AnswerInput::Json(json!({"kind": "iteration_limit", "do": "stop"}));
    let outcome = elsewhere.answer(&run, Some(&GateId::from("g3")), stop);
    assert!(matches!(outcome, Ok(AnswerOutcome::Accepted { .. })));
    let late = json!({"run": run, "gate": "g3", "answer": {"kind": "iteration_limit", "do": "continue", "n": 1}});
    let refused = server
        .execute("fermata.answer", late)
        .await
        .expect("a result");
    assert_eq!(refused["ok"], false);
    assert_eq!(refused["answered"]["surface"], "terminal");
    let told = server.said("window/showMessage").await;
    assert!(
        told["params"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("terminal")),
        "{told}"
    );
    server.press(&third, None).await;
    until_lens(&mut server, &uri, "failed (iteration_limit)", true).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_request_never_continues_a_failed_run_but_asks() {
    let lab = Lab::new();
    let path = lab.write("held.yaml", HELD);
    let mut server = editor(&lab).await;
    let uri = server.open(&path).await;
    start(&mut server, &uri, "tides").await;
    let (question, _, _) = server.asked().await;
    server.press(&question, Some("Stop")).await;
    wait("the run has failed", || {
        (lab.newest()["status"] == "failed").then_some(())
    });

    let outcome = start(&mut server, &uri, "currents").await;
    assert_eq!(outcome["reason"], "choice");
    assert_eq!(outcome["choice"]["prior"]["message"], "tides");
    assert_eq!(lab.runs().len(), 1);
    let (question, text, buttons) = server.asked().await;
    assert!(text.contains("failed (iteration_limit)"), "{text}");
    assert!(text.contains("it was about: tides"), "{text}");
    assert_eq!(buttons, ["Resume", "Abandon", "Run fresh", "Dismiss"]);
    until_lens(&mut server, &uri, "choose", true).await;

    server.press(&question, Some("Run fresh")).await;
    let (question, text, _) = server.asked().await;
    assert!(text.contains("held at 3/3"), "{text}");
    let runs = lab.runs();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0]["inputs"]["topic"], "currents");
    assert_eq!(runs[1]["inputs"]["topic"], "tides");
    assert_eq!(runs[1]["status"], "failed");
    until_lens(&mut server, &uri, "choose", false).await;
    server.press(&question, Some("Abort")).await;
    until_lens(&mut server, &uri, "cancelled", true).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_knows_no_requests_gets_a_message_without_buttons() {
    let lab = Lab::new();
    let path = lab.write("held.yaml", HELD);
    let mut server = TestServer::greeted(&lab, "some editor", json!({})).await;
    server.ignore(&QUIET);
    server.ask("fermata/runs", json!({})).await.expect("runs");
    let uri = server.open(&path).await;
    start(&mut server, &uri, "tides").await;
    let told = server.said("window/showMessage").await;
    let text = told["params"]["message"].as_str().unwrap_or_default();
    assert!(text.contains("held at 3/3"), "{text}");
    assert!(text.contains("fermata answer"), "{text}");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_told_of_changes_and_follows_a_log_without_holes() {
    let lab = Lab::new();
    let path = lab.write("held.yaml", HELD);
    let mut server = TestServer::greeted(
        &lab,
        "Neovim",
        json!({"experimental": {"fermata": true}, "workspace": {"codeLens": {"refreshSupport": false}}}),
    )
    .await;
    server.ignore(&QUIET);
    server.ignore(&[
        "fermata/runChanged",
        "fermata/startsChanged",
        "fermata/events",
        "window/showMessageRequest",
    ]);
    let status = server.said("fermata/serverStatus").await;
    assert_eq!(status["params"]["health"], "ok");
    let uri = server.open(&path).await;
    let outcome = start(&mut server, &uri, "tides").await;
    let run = outcome["run"].as_str().expect("a run").to_owned();
    server
        .ask("fermata/subscribe", json!({"run": run, "from": 1}))
        .await
        .expect("a subscription");
    let mut next = 1;
    let mut held = false;
    while !held {
        let batch = server.said("fermata/events").await;
        assert_eq!(batch["params"]["run"], run.as_str());
        assert_eq!(batch["params"]["from"], next);
        for event in batch["params"]["events"].as_array().expect("events") {
            assert_eq!(event["seq"], next);
            next += 1;
            held |= event["type"] == "run_waiting";
        }
    }
    let changed = server.said("fermata/runChanged").await;
    assert_eq!(changed["params"]["run"], run.as_str());
    server
        .execute("fermata.openPanel", json!({"run": run}))
        .await
        .expect("ok");
    let wish = server.said("fermata/openPanel").await;
    assert_eq!(wish["params"]["run"], run.as_str());
    server
        .ask("fermata/unsubscribe", json!({"run": run}))
        .await
        .expect("ok");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_shown_while_a_run_goes_and_ends_when_it_waits() {
    let lab = Lab::new();
    let path = lab.write("held.yaml", HELD);
    let shows = json!({"window": {"workDoneProgress": true}});
    let mut server = TestServer::greeted(&lab, "helix", shows).await;
    server.ignore(&QUIET);
    server.ignore(&["window/showMessageRequest"]);
    server.ask("fermata/runs", json!({})).await.expect("runs");
    let uri = server.open(&path).await;
    let outcome = start(&mut server, &uri, "tides").await;
    let create = server.said("window/workDoneProgress/create").await;
    server.press(&create["id"], None).await;
    let token = create["params"]["token"].clone();
    let mut kinds = Vec::new();
    while kinds.last().map(String::as_str) != Some("end") {
        let progress = server.said("$/progress").await;
        assert_eq!(progress["params"]["token"], token);
        let value = &progress["params"]["value"];
        if kinds.is_empty() {
            assert_eq!(value["title"], "held");
            assert_ne!(value["cancellable"], true);
        }
        kinds.push(value["kind"].as_str().unwrap_or_default().to_owned());
        if kinds.last().map(String::as_str) == Some("end") {
            assert_eq!(value["message"], "holds before again");
        }
    }
    assert_eq!(kinds.first().map(String::as_str), Some("begin"));

    // A token that the client cancels, as it does when it reloads, stops no run.
    server
        .tell("window/workDoneProgress/cancel", json!({"token": token}))
        .await;
    let shown = server
        .ask("fermata/show", json!({"run": outcome["run"]}))
        .await
        .expect("the run");
    assert_eq!(shown["status"], "waiting");

    // Whoever answers it: the client that started it sees it go on.
    let stop = json!({"run": outcome["run"], "answer": {"kind": "iteration_limit", "do": "continue", "n": 97}});
    server
        .execute("fermata.answer", stop)
        .await
        .expect("an outcome");
    let create = server.said("window/workDoneProgress/create").await;
    server.press(&create["id"], None).await;
    loop {
        let progress = server.said("$/progress").await;
        let value = &progress["params"]["value"];
        if value["kind"] == "end" {
            assert_eq!(value["message"], "completed");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_shown_at_its_file_and_not_at_what_the_file_is_called_later() {
    let lab = Lab::new();
    let path = lab.write("held.yaml", HELD);
    let moved = lab.work().join("moved.yaml");
    let mut server = editor(&lab).await;
    let uri = server.open(&path).await;
    start(&mut server, &uri, "tides").await;
    let (question, _, _) = server.asked().await;
    until_lens(&mut server, &uri, "held at 3/3", true).await;
    let run = json!({"run": lab.newest()["run"]});
    let shown = server.ask("fermata/show", run.clone()).await;
    assert_eq!(shown.expect("a run")["marks"][0]["status"], "waiting");
    // As editors rename: the file, then the document.
    std::fs::rename(&path, &moved).expect("it is there");
    let closed = json!({"textDocument": {"uri": uri}});
    server.tell("textDocument/didClose", closed).await;
    let elsewhere = server.open(&moved).await;
    let titles = lenses(&mut server, &elsewhere).await;
    assert!(
        titles.iter().any(|title| title == "Run") && titles.iter().all(|t| !t.contains("held at")),
        "{titles:?}"
    );
    assert_eq!(lenses(&mut server, &uri).await, Vec::<String>::new());
    let shown = server.ask("fermata/show", run).await;
    assert_eq!(shown.expect("a run")["marks"], Value::Null);
    // The question is of the run, wherever its file is.
    server.press(&question, Some("Stop")).await;
    wait("the run to end", || {
        (lab.newest()["status"] == "failed").then_some(())
    });
    std::fs::rename(&moved, &path).expect("it is there");
    let closed = json!({"textDocument": {"uri": elsewhere}});
    server.tell("textDocument/didClose", closed).await;
    server.open(&path).await;
    until_lens(&mut server, &uri, "failed (iteration_limit)", true).await;
    until_lens(&mut server, &uri, "held at", false).await;
    server.end().await;
}
