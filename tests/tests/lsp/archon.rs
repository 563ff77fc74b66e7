//! Runs of Archon workflows as an editor has them: what a run is about is asked
//! for where it is read, approvals are answered by code action, and a plugin is
//! told where the steps stand.

use std::path::PathBuf;

use fermata_tests::Lab;
use serde_json::{Value, json};

use crate::server::{TestServer, until};

/// Two approvals after one another: the second answers a rejection with rework.
const ASKS: &str = "\
name: asks
description: d
interactive: true
mutates_checkout: false
nodes:
  - id: say
    bash: echo $ARGUMENTS
  - id: plain
    depends_on: [say]
    approval: {message: \"$say.output?\"}
  - id: reworked
    depends_on: [plain]
    approval: {message: m, on_reject: {prompt: p}}
";

/// The workflow in a lab.
fn asks(lab: &Lab) -> PathBuf {
    lab.write(".archon/workflows/asks.yaml", ASKS)
}

async fn editor(lab: &Lab, experimental: Value) -> TestServer {
    let capabilities = json!({"experimental": {"fermata": experimental}});
    let mut server = TestServer::greeted(lab, "Neovim", capabilities).await;
    server.ignore(&[
        "textDocument/publishDiagnostics",
        "workspace/codeLens/refresh",
        "fermata/serverStatus",
        "fermata/runChanged",
        "fermata/startsChanged",
        "window/showMessageRequest",
        "window/logMessage",
    ]);
    server
}

/// Titles of the actions on a line that answer a gate, once there are some.
async fn answers(server: &mut TestServer, uri: &str, line: u32) -> Vec<(String, Value)> {
    let at = json!({"line": line, "character": 6});
    until(&format!("an answer is offered on line {line}"), async || {
        let params = json!({"textDocument": {"uri": uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}});
        let offered = server.ask("textDocument/codeAction", params).await;
        let offered = offered.expect("actions");
        let found: Vec<(String, Value)> = offered
            .as_array()
            .into_iter()
            .flatten()
            .filter(|action| action["command"]["command"] == "fermata.answer")
            .map(|action| {
                let title = action["title"].as_str().unwrap_or_default();
                let label = title.split(" · ").next().unwrap_or_default();
                (label.to_owned(), action["command"]["arguments"][0].clone())
            })
            .collect();
        (!found.is_empty()).then_some(found)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_asked_what_a_run_is_about_and_an_empty_answer_is_one() {
    let lab = Lab::new();
    let path = asks(&lab);
    let mut server = editor(&lab, json!(true)).await;
    let uri = server.open(&path).await;
    server
        .ask(
            "textDocument/codeLens",
            json!({"textDocument": {"uri": uri}}),
        )
        .await
        .expect("lenses, and so an analysis");
    let refused = server.execute("fermata.run", json!({"uri": uri})).await;
    let refused = refused.expect("a result");
    assert_eq!(refused["ok"], false);
    assert_eq!(refused["reason"], "message_needed");
    assert!(lab.runs().is_empty());
    let about = json!({"uri": uri, "message": ""});
    let started = server
        .execute("fermata.run", about)
        .await
        .expect("a result");
    assert_eq!(started["ok"], true, "{started}");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_answered_by_action_unless_its_answer_needs_words() {
    let lab = Lab::new();
    let path = asks(&lab);
    let mut server = editor(&lab, json!({"says": true})).await;
    let uri = server.open(&path).await;
    let about = json!({"uri": uri, "message": "It is done"});
    let started = server
        .execute("fermata.run", about)
        .await
        .expect("a result");
    let run = started["run"].as_str().expect("a run").to_owned();

    let plain = answers(&mut server, &uri, 7).await;
    let labels: Vec<&str> = plain.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["Approve", "Reject"]);
    let done = server.execute("fermata.answer", plain[0].1.clone()).await;
    assert_eq!(done.expect("a result")["ok"], true);

    // A rejection is worked from its words.
    let reworked = answers(&mut server, &uri, 10).await;
    let labels: Vec<&str> = reworked.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["Approve"]);

    let shown = server.ask("fermata/show", json!({"run": run})).await;
    let shown = shown.expect("a run");
    let mut marks: Vec<(u64, &str)> = shown["marks"]
        .as_array()
        .expect("marks")
        .iter()
        .filter_map(|mark| Some((mark["line"].as_u64()?, mark["status"].as_str()?)))
        .collect();
    marks.sort_unstable();
    assert_eq!(marks, [(5, "completed"), (7, "completed"), (10, "waiting")]);

    let listed = server.ask("fermata/runs", json!({})).await.expect("runs");
    assert_eq!(
        listed["runs"][0]["gates"][0]["title"],
        "asks holds at reworked: m"
    );
    server
        .ask("fermata/subscribe", json!({"run": run, "from": 1}))
        .await
        .expect("a subscription");
    let batch = server.said("fermata/events").await;
    let said: Vec<&str> = batch["params"]["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|event| event["says"].as_str())
        .collect();
    assert!(said.contains(&"say stdout: It is done\n"), "{said:?}");
    assert!(said.contains(&"held at plain: It is done?"), "{said:?}");
    server.end().await;
}
