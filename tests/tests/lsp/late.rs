//! Analyses that end late: what has changed under them, who speaks meanwhile, and about which text. And one file that has
//! two addresses.

use std::sync::{Arc, Barrier};

use fermata_tests::{Lab, wait};
use serde_json::{Value, json};

use crate::server::{TestServer, uri};

const QUIET: [&str; 3] = [
    "window/logMessage",
    "workspace/codeLens/refresh",
    "textDocument/publishDiagnostics",
];
const ALONE: &str = "\
workflow: {name: parent, entry_point: s}
agents:
  - {name: s, type: set, value: x, routes: [{to: $end}]}
";
const PARENT: &str = "\
workflow: {name: parent, entry_point: kid}
agents:
  - {name: kid, type: workflow, workflow: kid.yaml, routes: [{to: $end}]}
";
const BAD: &str = "\
workflow: {name: kid, entry_point: s}
agents:
  - {name: s, type: set, value: x, routes: [{to: nowhere}]}
";

async fn server(lab: &Lab) -> TestServer {
    let mut server = TestServer::greeted(lab, "any", json!({})).await;
    server.ignore(&QUIET);
    server
}

/// Has the next analysis of a file end late; it is done when [`meet`] returns, and goes on at the second meeting.
fn hold(server: &TestServer, end: &'static str) -> Arc<Barrier> {
    let barrier = Arc::new(Barrier::new(2));
    let held = (end.into(), Arc::clone(&barrier));
    *server.probe.holds.lock().expect("nobody panics with it") = Some(held);
    barrier
}

async fn meet(barrier: &Arc<Barrier>) {
    let barrier = Arc::clone(barrier);
    let met = tokio::task::spawn_blocking(move || barrier.wait());
    met.await.expect("a barrier does not panic");
}

async fn replace(server: &mut TestServer, uri: &str, version: i64, text: &str) {
    let change = json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]});
    server.tell("textDocument/didChange", change).await;
}

/// Waits until the newest text of an open document is analysed.
async fn analysed(server: &mut TestServer, uri: &str) {
    let place = json!({"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}});
    server
        .ask("textDocument/hover", place)
        .await
        .expect("an answer");
}

/// Reads what is sent until something that fits is said about a file; all that was said about it.
async fn until(server: &mut TestServer, uri: &str, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut said = Vec::new();
    loop {
        let params = server.said("textDocument/publishDiagnostics").await["params"].take();
        if params["uri"] == uri {
            said.push(params);
            if fits(&said[said.len() - 1]) {
                return said;
            }
        }
    }
}

fn has(count: usize) -> impl Fn(&Value) -> bool {
    move |said| said["diagnostics"].as_array().map(Vec::len) == Some(count)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analysis_under_which_something_has_changed_is_made_again() {
    let lab = Lab::new();
    let (parent, kid) = (lab.write("parent.yaml", ALONE), lab.write("kid.yaml", BAD));
    let mut server = server(&lab).await;
    let parent = server.open(&parent).await;
    let kid = server.open(&kid).await;
    until(&mut server, &kid, has(1)).await;
    analysed(&mut server, &parent).await;
    // It reads the child as it is now, which it has not looked at before.
    let held = hold(&server, "parent.yaml");
    replace(&mut server, &parent, 2, PARENT).await;
    meet(&held).await;
    replace(&mut server, &kid, 2, &BAD.replace("nowhere", "$end")).await;
    analysed(&mut server, &kid).await;
    meet(&held).await;
    let right = |said: &Value| said["version"] == 2 && has(0)(said);
    until(&mut server, &parent, right).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_speak_for_a_file_that_is_edited_before_it_has_spoken_for_itself() {
    let lab = Lab::new();
    let (parent, kid) = (lab.write("parent.yaml", PARENT), lab.write("kid.yaml", BAD));
    let mut server = server(&lab).await;
    let parent = server.open(&parent).await;
    until(&mut server, &uri(&kid), has(1)).await;
    let first = hold(&server, "kid.yaml");
    let kid = server.open(&kid).await;
    meet(&first).await;
    replace(&mut server, &kid, 2, &format!("{BAD}# more\n")).await;
    let second = hold(&server, "kid.yaml");
    meet(&first).await;
    meet(&second).await;
    // The second text is not spoken about yet; whatever its parent says meanwhile, something is wrong in it.
    for version in [2, 3] {
        let text = format!("{PARENT}# {version}\n");
        replace(&mut server, &parent, version, &text).await;
        analysed(&mut server, &parent).await;
    }
    meet(&second).await;
    analysed(&mut server, &kid).await;
    let two = "[{to: nowhere, when: \"{{ a }}\"}, {to: lost}]";
    let worse = BAD.replace("[{to: nowhere}]", two);
    replace(&mut server, &kid, 3, &worse).await;
    let mut said = until(&mut server, &kid, |said| {
        said["diagnostics"].to_string().contains("lost")
    })
    .await;
    said.pop();
    assert!(said.iter().all(has(1)), "{said:#?}");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_about_an_older_text_names_its_version() {
    let lab = Lab::new();
    lab.archon("main", "nodes:\n  - {id: i, include: part}\n");
    let body = "nodes:\n  - {id: x, prompt: x, model: \"@gone\"}\n";
    lab.archon("part", body);
    let file = |name: &str| lab.work().join(".archon/workflows").join(name);
    let mut server = server(&lab).await;
    let main = server.open(&file("main.yaml")).await;
    let part = server.open(&file("part.yaml")).await;
    analysed(&mut server, &main).await;
    analysed(&mut server, &part).await;
    until(&mut server, &part, has(1)).await;
    let held = hold(&server, "part.yaml");
    let text = lab.read(".archon/workflows/part.yaml");
    replace(&mut server, &part, 2, &format!("# first\n{text}")).await;
    meet(&held).await;
    // Its user is checked again, and says so about it.
    analysed(&mut server, &main).await;
    let line = |said: &Value, line: u64| {
        let found = said["diagnostics"].as_array().into_iter().flatten();
        let mut lines = found.map(|d| d["range"]["start"]["line"] == line);
        lines.any(|at| at)
    };
    let said = until(&mut server, &part, |said| line(said, 5)).await;
    assert!(said.iter().all(|said| said["version"] == 1), "{said:#?}");
    meet(&held).await;
    until(&mut server, &part, |said| said["version"] == 2).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_includes_a_file_through_a_closed_one_is_checked_when_it_is_edited() {
    let lab = Lab::new();
    lab.archon("main", "nodes:\n  - {id: i, include: part}\n");
    lab.archon("part", "nodes:\n  - {id: i, include: deep}\n");
    lab.archon("deep", "nodes:\n  - {id: x, prompt: x, model: \"@gone\"}\n");
    let file = |name: &str| lab.work().join(".archon/workflows").join(name);
    let mut server = server(&lab).await;
    let main = server.open(&file("main.yaml")).await;
    let deep = server.open(&file("deep.yaml")).await;
    analysed(&mut server, &main).await;
    analysed(&mut server, &deep).await;
    until(&mut server, &deep, has(1)).await;
    let text = lab.read(".archon/workflows/deep.yaml");
    replace(&mut server, &deep, 2, &format!("# first\n{text}")).await;
    let moved = |said: &Value| {
        has(1)(said)
            && said["version"] == 2
            && said["diagnostics"][0]["range"]["start"]["line"] == 5
    };
    until(&mut server, &deep, moved).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_one_file_however_its_address_is_written() {
    let lab = Lab::new();
    let parent = lab.write(
        "parent.yaml",
        &PARENT.replace("kid.yaml", "\"sub (1)/kid.yaml\""),
    );
    let kid = lab.write("sub (1)/kid.yaml", BAD);
    let mut server = server(&lab).await;
    server.open(&parent).await;
    until(&mut server, &uri(&kid), has(1)).await;
    // This client escapes less than the server.
    let plain = uri(&kid).replace("%28", "(").replace("%29", ")");
    assert_ne!(plain, uri(&kid));
    let document = json!({"uri": plain, "languageId": "yaml", "version": 1, "text": BAD});
    server
        .tell("textDocument/didOpen", json!({ "textDocument": document }))
        .await;
    until(&mut server, &plain, has(1)).await;
    let escaped =
        json!({"textDocument": {"uri": uri(&kid)}, "position": {"line": 0, "character": 0}});
    let symbols = server.ask("textDocument/documentSymbol", escaped).await;
    assert_ne!(symbols.expect("an answer"), Value::Null);
    replace(&mut server, &plain, 2, &BAD.replace("nowhere", "$end")).await;
    until(&mut server, &plain, has(0)).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_known_again_however_the_client_writes_their_addresses() {
    let lab = Lab::new();
    lab.write("sub (1)/kid.yaml", BAD);
    let capabilities = json!({"textDocument": {"diagnostic": {}}});
    let mut server = TestServer::greeted(&lab, "any", capabilities).await;
    server.ignore(&QUIET);
    let none = json!({"previousResultIds": []});
    let first = server.ask("workspace/diagnostic", none).await;
    let report = first.expect("reports")["items"][0].take();
    let plain = report["uri"].as_str().expect("an address");
    let plain = plain.replace("%28", "(").replace("%29", ")");
    let known = json!([{"uri": plain, "value": report["resultId"]}]);
    let known = json!({ "previousResultIds": known });
    let again = server.ask("workspace/diagnostic", known).await;
    let items = again.expect("reports")["items"].take();
    assert_eq!(items.as_array().map(Vec::len), Some(1), "{items:#}");
    assert_eq!(items[0]["kind"], "unchanged");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_pull_hears_of_what_changes_in_an_open_document_only() {
    let lab = Lab::new();
    let asked = uri(&lab.write("ask.md", "Say {{ nobody.output }}\n"));
    let asks = "\
workflow: {name: asks, entry_point: a}
agents:
  - {name: a, prompt: !file ask.md, routes: [{to: $end}]}
";
    let path = lab.write("asks.yaml", asks);
    let capabilities = json!({"textDocument": {"diagnostic": {}}});
    let mut server = TestServer::greeted(&lab, "any", capabilities).await;
    server.ignore(&QUIET);
    server.open(&path).await;
    let mut known = json!([]);
    for _ in 0..2 {
        let held = json!({"previousResultIds": known, "partialResultToken": "t"});
        let id = server.request("workspace/diagnostic", held).await;
        if known == json!([]) {
            let items = server.answer(id).await.expect("the first is answered")["items"].take();
            let ids = items.as_array().expect("a list").iter();
            let ids = ids.map(|report| json!({"uri": report["uri"], "value": report["resultId"]}));
            known = ids.collect();
            continue;
        }
        // It is held once the server has answered something about the workspace that was asked after it.
        let symbols = server.ask("workspace/symbol", json!({"query": ""})).await;
        symbols.expect("an answer");
        lab.write("ask.md", "Say it\n");
        let news = server.answer(id).await.expect("news")["items"].take();
        let of = |report: &&Value| report["uri"] == asked;
        let report = news.as_array().expect("a list").iter().find(of);
        assert_eq!(report.expect("of that file")["kind"], "full", "{news:#}");
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_its_server() {
    let lab = Lab::new();
    let mut server = server(&lab).await;
    let path = lab.write("parent.yaml", ALONE);
    let parent = server.open(&path).await;
    analysed(&mut server, &parent).await;
    let probe = Arc::clone(&server.probe);
    server.end().await;
    let ended = move || (Arc::strong_count(&probe) == 1).then_some(());
    let waited = tokio::task::spawn_blocking(move || wait("nobody holds the probe", ended));
    waited.await.expect("the session is gone");
}
