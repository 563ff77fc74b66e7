//! Diagnostics for clients that ask for them: by document with ids, for the whole workspace, and never sent as well.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use fermata_tests::Lab;
use serde_json::{Value, json};

use crate::server::{TestServer, assert_no_reads, uri};

const QUIET: [&str; 2] = ["window/logMessage", "workspace/codeLens/refresh"];

/// A step that routes to a step that is not there.
const BAD: &str = "\
workflow: {name: bad, entry_point: s}
agents:
  - {name: s, type: set, value: \"𝄐\", routes: [{to: nowhere}]}
";
const GOOD: &str = "\
workflow: {name: good, entry_point: s}
agents:
  - {name: s, type: set, value: x, routes: [{to: $end}]}
";

fn asking() -> Value {
    json!({
        "textDocument": {"diagnostic": {"relatedDocumentSupport": true}},
        "workspace": {"diagnostics": {"refreshSupport": true}},
    })
}

/// A server whose client asks. Nothing but what is named here may be said to it.
async fn server(lab: &Lab) -> TestServer {
    let mut server = TestServer::greeted(lab, "any", asking()).await;
    server.ignore(&QUIET);
    server
}

async fn pull(server: &mut TestServer, uri: &str, previous: Option<&str>) -> Value {
    let params = json!({"textDocument": {"uri": uri}, "previousResultId": previous});
    let report = server.ask("textDocument/diagnostic", params).await;
    report.expect("a report")
}

fn codes(report: &Value) -> Vec<&str> {
    let items = report["items"].as_array().into_iter().flatten();
    items.filter_map(|d| d["code"].as_str()).collect()
}

async fn pull_all(server: &mut TestServer, previous: &Value) -> Vec<Value> {
    let params = json!({"previousResultIds": previous});
    let report = server.ask("workspace/diagnostic", params).await;
    report.expect("reports")["items"]
        .as_array()
        .expect("a list")
        .clone()
}

/// What a client would send back with the next pull.
fn ids(reports: &[Value]) -> Value {
    reports
        .iter()
        .filter(|report| report["resultId"].is_string())
        .map(|report| json!({"uri": report["uri"], "value": report["resultId"]}))
        .collect()
}

/// Last part of the name, kind and codes of each report.
fn brief(reports: &[Value]) -> Vec<(String, String, Vec<&str>)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    reports
        .iter()
        .map(|r| {
            let uri = word(&r["uri"]);
            let name = uri.rsplit('/').next().unwrap_or_default().to_owned();
            (name, word(&r["kind"]), codes(r))
        })
        .collect()
}

fn one<'c>(name: &str, kind: &str, codes: &[&'c str]) -> (String, String, Vec<&'c str>) {
    (name.to_owned(), kind.to_owned(), codes.to_vec())
}

async fn replace(server: &mut TestServer, uri: &str, version: i64, text: &str) {
    let change = json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]});
    server.tell("textDocument/didChange", change).await;
}

fn lowerings(server: &TestServer) -> u64 {
    server.probe.lowerings.load(Ordering::Relaxed)
}

/// Workflows of an Archon project of the lab.
fn project(lab: &Lab, files: &[(&str, &str)]) -> PathBuf {
    for (name, text) in files {
        lab.write(&format!(".archon/workflows/{name}"), text);
    }
    lab.work().join(".archon/workflows")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_can_ask_again_is_offered_reports_and_everybody_else_is_told() {
    let plain = json!({"textDocument": {"publishDiagnostics": {}}});
    let once = json!({"textDocument": {"diagnostic": {}}});
    let cases = [
        ("any", asking(), Some(true)),
        ("any", once.clone(), Some(true)),
        // Neovim before 0.12 would not hear of a change of another file.
        ("Neovim", once, None),
        ("Neovim", asking(), Some(false)),
        ("helix", plain, None),
        ("any", json!({}), None),
    ];
    for (name, capabilities, offered) in cases {
        let lab = Lab::new();
        let path = lab.write("bad.yaml", BAD);
        let mut server = TestServer::start(&lab);
        server.ignore(&QUIET);
        server.ignore(&["workspace/diagnostic/refresh"]);
        let params = json!({"clientInfo": {"name": name}, "capabilities": capabilities});
        let greeting = server.ask("initialize", params).await.expect("a greeting");
        let provider = &greeting["capabilities"]["diagnosticProvider"];
        assert_eq!(
            provider["workspaceDiagnostics"].as_bool(),
            offered,
            "{name}"
        );
        server.tell("initialized", json!({})).await;
        let uri = server.open(&path).await;
        if offered.is_none() {
            let said = server.said("textDocument/publishDiagnostics").await;
            assert_eq!(
                said["params"]["diagnostics"][0]["code"],
                "unknown-route-target"
            );
        }
        // Who asks all the same is answered. That nothing was sent to who is offered reports, the end of the test sees.
        assert_eq!(
            codes(&pull(&mut server, &uri, None).await),
            ["unknown-route-target"]
        );
        server.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_has_an_id_and_is_unchanged_as_long_as_it_says_the_same() {
    let lab = Lab::new();
    let path = lab.write("bad.yaml", BAD);
    let mut server = server(&lab).await;
    let uri = server.open(&path).await;
    let first = pull(&mut server, &uri, None).await;
    assert_eq!(first["kind"], "full");
    assert_eq!(
        first["items"][0]["range"]["start"],
        json!({"line": 2, "character": 52})
    );
    let id = first["resultId"].as_str().expect("an id");
    let again = pull(&mut server, &uri, Some(id)).await;
    assert_eq!(again, json!({"kind": "unchanged", "resultId": id}));
    let counted = lowerings(&server);
    replace(&mut server, &uri, 2, GOOD).await;
    let fine = pull(&mut server, &uri, Some(id)).await;
    assert_eq!(
        (fine["kind"].as_str(), codes(&fine).len()),
        (Some("full"), 0)
    );
    replace(&mut server, &uri, 3, BAD).await;
    // The same words are the same report, whatever came between.
    let back = pull(&mut server, &uri, fine["resultId"].as_str()).await;
    assert_eq!(back["resultId"], id);
    assert_eq!(
        lowerings(&server) - counted,
        2,
        "one analysis for each edit"
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_counts_as_the_client_counts() {
    // The fermata sign is 4 bytes, 2 units of UTF-16, one character.
    for (encoding, character) in [("utf-8", 54), ("utf-16", 52), ("utf-32", 51)] {
        let lab = Lab::new();
        lab.write("bad.yaml", BAD);
        let mut capabilities = asking();
        capabilities["general"] = json!({"positionEncodings": [encoding]});
        let mut server = TestServer::greeted(&lab, "any", capabilities).await;
        server.ignore(&QUIET);
        let reports = pull_all(&mut server, &json!([])).await;
        let start = &reports[0]["items"][0]["range"]["start"];
        assert_eq!(
            start,
            &json!({"line": 2, "character": character}),
            "{encoding}"
        );
        server.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_nobody_has_open_are_reported_with_the_document_that_runs_them() {
    let lab = Lab::new();
    let parent = "workflow: {name: parent, entry_point: kid}\nagents:\n  - {name: kid, type: workflow, workflow: kid.yaml, routes: [{to: $end}]}\n";
    let parent = lab.write("parent.yaml", parent);
    let kid = lab.write("kid.yaml", BAD);
    let mut server = server(&lab).await;
    let (file, kid_uri) = (server.open(&parent).await, uri(&kid));
    let report = pull(&mut server, &file, None).await;
    assert_eq!(
        codes(&report["relatedDocuments"][&kid_uri]),
        ["unknown-route-target"]
    );
    // Mended on disk: the client is asked to ask again, and told that the other file is fine.
    lab.write("kid.yaml", GOOD);
    server.said("workspace/diagnostic/refresh").await;
    let id = report["resultId"].as_str();
    let mended = pull(&mut server, &file, id).await;
    assert_eq!(mended["relatedDocuments"][&kid_uri]["items"], json!([]));
    // Open, it is asked about itself.
    server.open(&kid).await;
    let report = pull(&mut server, &file, None).await;
    assert_eq!(report.get("relatedDocuments"), None);
    server.ignore(&["workspace/diagnostic/refresh"]);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_another_file_has_the_client_ask_again_and_its_own_edit_does_not() {
    let lab = Lab::new();
    let main = "name: main\ndescription: d\nnodes:\n  - {id: a, command: plan}\n";
    let path = project(&lab, &[("main.yaml", main)]).join("main.yaml");
    // There already, so that the file is all that comes.
    std::fs::create_dir_all(lab.work().join(".archon/commands")).expect("a folder");
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    assert_eq!(
        codes(&pull(&mut server, &file, None).await),
        ["command-not-found"]
    );
    replace(&mut server, &file, 2, &main.replace("plan", "plot")).await;
    assert_eq!(
        codes(&pull(&mut server, &file, None).await),
        ["command-not-found"]
    );
    lab.write(".archon/commands/plot.md", "Plot it.");
    // One request for the one change: a second would be left over at the end.
    server.said("workspace/diagnostic/refresh").await;
    assert_eq!(codes(&pull(&mut server, &file, None).await), [""; 0]);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_reported_whole_once_and_then_only_where_it_changed() {
    let lab = Lab::new();
    lab.write("bad.yaml", BAD);
    let good = lab.write("good.yaml", GOOD);
    lab.write("compose.yaml", "services: {web: {image: nginx}}\n");
    lab.write("broken.yaml", "nodes: [}\n");
    let mut server = server(&lab).await;
    let first = pull_all(&mut server, &json!([])).await;
    assert_eq!(
        brief(&first),
        [
            one("bad.yaml", "full", &["unknown-route-target"]),
            one("good.yaml", "full", &[]),
        ]
    );
    let counted = lowerings(&server);
    let second = pull_all(&mut server, &ids(&first)).await;
    assert_eq!(
        brief(&second),
        [
            one("bad.yaml", "unchanged", &[]),
            one("good.yaml", "unchanged", &[])
        ]
    );
    assert_eq!(lowerings(&server), counted, "nothing was analysed again");
    // On disk, without a word to anybody; and one that was not there before.
    lab.write("good.yaml", &BAD.replace("nowhere", "nobody"));
    lab.write("more.yaml", GOOD);
    let third = pull_all(&mut server, &ids(&second)).await;
    assert_eq!(
        brief(&third),
        [
            one("bad.yaml", "unchanged", &[]),
            one("good.yaml", "full", &["unknown-route-target"]),
            one("more.yaml", "full", &[]),
        ]
    );
    assert_eq!(lowerings(&server) - counted, 2, "the two that changed");
    std::fs::remove_file(&good).expect("it was there");
    let fourth = pull_all(&mut server, &ids(&third)).await;
    assert_eq!(
        brief(&fourth),
        [
            one("bad.yaml", "unchanged", &[]),
            one("more.yaml", "unchanged", &[]),
            one("good.yaml", "full", &[]),
        ]
    );
    assert_eq!(
        fourth[2].get("resultId"),
        None,
        "what is gone is known no more"
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_edit_a_workspace_pull_checks_that_file_and_those_that_use_it() {
    let lab = Lab::new();
    let part = "name: part\ndescription: d\nnodes:\n  - {id: x, bash: make}\n";
    let using = |name: &str, what: &str| {
        format!("name: {name}\ndescription: d\nnodes:\n  - {{id: i, include: {what}}}\n")
    };
    let (near, far) = (using("near", "part"), using("far", "near"));
    let folder = project(
        &lab,
        &[
            ("part.yaml", part),
            ("near.yaml", &near),
            ("far.yaml", &far),
        ],
    );
    for n in 0..20 {
        let name = format!("w{n}");
        let text = part.replace("part", &name);
        project(&lab, &[(&format!("{name}.yaml"), &text)]);
    }
    lab.write("bad.yaml", BAD);
    let mut server = server(&lab).await;
    server.ignore(&["workspace/diagnostic/refresh"]);
    let file = server.open(&folder.join("part.yaml")).await;
    let all = pull_all(&mut server, &json!([])).await;
    assert_eq!(all.len(), 24);
    let disk = server.probe.disk().expect("the session has begun").clone();
    let (counted, parses, reads) = (lowerings(&server), disk.parses(), disk.reads());
    // Inside of the one: it, and the two that include it, one of them through the other.
    let wrong = part.replace("bash: make", "prompt: x, model: \"@gone\"");
    replace(&mut server, &file, 2, &wrong).await;
    let edited = pull_all(&mut server, &ids(&all)).await;
    let mut news = brief(&edited);
    news.retain(|(_, kind, _)| kind == "full");
    news.sort();
    let broken = &["include-broken"];
    assert_eq!(
        news,
        [
            one("far.yaml", "full", broken),
            one("near.yaml", "full", broken),
            one("part.yaml", "full", &["unknown-model-alias"]),
        ]
    );
    assert_eq!(lowerings(&server) - counted, 3, "it and its two users");
    assert_eq!(disk.parses() - parses, 1, "the others are parsed already");
    assert_no_reads(&disk, reads);
    // Another name is something to everybody in the project.
    let counted = lowerings(&server);
    replace(
        &mut server,
        &file,
        3,
        &part.replace("name: part", "name: piece"),
    )
    .await;
    let renamed = pull_all(&mut server, &ids(&edited)).await;
    let mut news = brief(&renamed);
    news.retain(|(_, kind, _)| kind == "full");
    news.sort();
    assert_eq!(
        news.iter()
            .map(|(name, _, codes)| (name.as_str(), codes.len()))
            .collect::<Vec<_>>(),
        [("far.yaml", 1), ("near.yaml", 1), ("part.yaml", 0)]
    );
    assert_eq!(lowerings(&server) - counted, 23, "all of the project");
    // Of no project, and used by nobody: itself.
    let counted = lowerings(&server);
    let bad = server.open(&lab.work().join("bad.yaml")).await;
    replace(&mut server, &bad, 2, GOOD).await;
    let _ = pull_all(&mut server, &ids(&renamed)).await;
    assert!(lowerings(&server) - counted <= 2, "opened and edited");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_is_reported_as_it_is_in_the_editor_with_its_version() {
    let lab = Lab::new();
    let path = lab.write("good.yaml", GOOD);
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    replace(&mut server, &file, 7, BAD).await;
    let reports = pull_all(&mut server, &json!([])).await;
    assert_eq!(
        brief(&reports),
        [one("good.yaml", "full", &["unknown-route-target"])]
    );
    assert_eq!(reports[0]["version"], 7);
    let close = json!({"textDocument": {"uri": file}});
    server.tell("textDocument/didClose", close).await;
    let closed = pull_all(&mut server, &ids(&reports)).await;
    assert_eq!(brief(&closed), [one("good.yaml", "full", &[])]);
    assert_eq!(closed[0]["version"], Value::Null);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_takes_its_answer_in_parts_is_held_until_there_is_something_new() {
    let lab = Lab::new();
    let path = lab.write("good.yaml", GOOD);
    let mut server = server(&lab).await;
    let held = |previous: &Value| json!({"previousResultIds": previous, "partialResultToken": "t"});
    let first = server.ask("workspace/diagnostic", held(&json!([]))).await;
    let first = first.expect("the first is answered at once")["items"].clone();
    let known = ids(first.as_array().expect("a list"));
    let waiting = server.request("workspace/diagnostic", held(&known)).await;
    // It waits, and everything else goes on.
    let file = server.open(&path).await;
    pull(&mut server, &file, None).await;
    replace(&mut server, &file, 2, BAD).await;
    let news = server.answer(waiting).await.expect("the edit is news");
    assert_eq!(codes(&news["items"][0]), ["unknown-route-target"]);
    // Cancelled, it is over; at the end of the session, it is answered.
    let known = ids(news["items"].as_array().expect("a list"));
    let cancelled = server.request("workspace/diagnostic", held(&known)).await;
    server
        .tell("$/cancelRequest", json!({"id": cancelled}))
        .await;
    let error = server
        .answer(cancelled)
        .await
        .expect_err("it was cancelled");
    assert_eq!(error["code"], -32800);
    let last = server.request("workspace/diagnostic", held(&known)).await;
    server.ask("shutdown", Value::Null).await.expect("a result");
    let end = server.answer(last).await.expect("an answer at the end");
    // Whether it was held already or not: there is no news.
    let items = end["items"].as_array().expect("a list");
    assert!(
        items.iter().all(|item| item["kind"] == "unchanged"),
        "{end}"
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_not_open_is_read_and_one_that_is_nowhere_is_fine() {
    let lab = Lab::new();
    let bad = uri(&lab.write("bad.yaml", BAD));
    let other = uri(&lab.write("compose.yaml", "services: {}\n"));
    let gone = uri(&lab.work().join("gone.yaml"));
    let archon = uri(&lab.work().join(".archon/workflows/gone.yaml"));
    let mut server = server(&lab).await;
    assert_eq!(
        codes(&pull(&mut server, &bad, None).await),
        ["unknown-route-target"]
    );
    for nothing in [
        &other,
        &gone,
        &archon,
        "untitled:Untitled-1",
        "git:/x.yaml?HEAD",
    ] {
        let report = pull(&mut server, nothing, None).await;
        assert_eq!(
            (report["kind"].as_str(), codes(&report).len()),
            (Some("full"), 0),
            "{nothing}"
        );
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_joins_the_workspace_is_reported_and_one_that_leaves_it_is_cleared() {
    let (lab, other) = (Lab::new(), Lab::new());
    lab.write("good.yaml", GOOD);
    other.write("bad.yaml", BAD);
    let mut server = server(&lab).await;
    let first = pull_all(&mut server, &json!([])).await;
    assert_eq!(brief(&first), [one("good.yaml", "full", &[])]);
    let folder = |lab: &Lab| json!([{"uri": uri(&lab.work()), "name": "work"}]);
    let event = json!({"event": {"added": folder(&other), "removed": folder(&lab)}});
    server
        .tell("workspace/didChangeWorkspaceFolders", event)
        .await;
    let moved = pull_all(&mut server, &ids(&first)).await;
    assert_eq!(
        brief(&moved),
        [
            one("bad.yaml", "full", &["unknown-route-target"]),
            one("good.yaml", "full", &[]),
        ]
    );
    assert_eq!(moved[1].get("resultId"), None, "it is known no more");
    server.end().await;
}
