//! Ways through workflows as a client asks for them: symbols of the workspace, calls across files, selections, linked
//! names, documentation of completions, and how long steps took.

use fermata_tests::Lab;
use serde_json::{Value, json};

use crate::server::{QUIET, TestServer, uri};

const PARENT: &str = "\
workflow: {name: parent, entry_point: plan}
agents:
  - {name: plan, description: 𝄐 first, type: set, value: x, routes: [{to: kid}]}
  - {name: kid, type: workflow, workflow: ./parts/kid.yaml, routes: [{to: plan}]}
";
const KID: &str = "\
workflow: {name: kid-flow, entry_point: s}
agents:
  - {name: s, type: set, value: x, routes: [{to: $end}]}
";

async fn server(lab: &Lab, capabilities: Value) -> TestServer {
    let mut server = TestServer::greeted(lab, "any", capabilities).await;
    server.ignore(&QUIET);
    server
}

fn at(file: &str, line: u32, character: u32) -> Value {
    json!({"textDocument": {"uri": file}, "position": {"line": line, "character": character}})
}

fn family(lab: &Lab) -> (std::path::PathBuf, String) {
    let parent = lab.write("parent.yaml", PARENT);
    std::fs::create_dir_all(lab.work().join("parts")).expect("a folder");
    let kid = lab.write("parts/kid.yaml", KID);
    (parent, uri(&kid))
}

/// Names of the other ends, with the lines that the routes are written on.
fn ends(calls: &Value, end: &str) -> Vec<(String, Vec<u64>)> {
    let line = |range: &Value| range["start"]["line"].as_u64();
    let calls = calls.as_array().expect("a list").iter();
    calls
        .map(|call| {
            let ranges = call["fromRanges"].as_array().expect("ranges");
            let name = call[end]["name"].as_str().unwrap_or_default().to_owned();
            (name, ranges.iter().filter_map(line).collect())
        })
        .collect()
}

fn end(name: &str, lines: &[u64]) -> (String, Vec<u64>) {
    (name.to_owned(), lines.to_vec())
}

async fn prepared(server: &mut TestServer, at: Value) -> Value {
    let found = server.ask("textDocument/prepareCallHierarchy", at).await;
    found.expect("an answer")[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn symbols_of_all_files_are_found_whether_they_are_open_or_not() {
    let lab = Lab::new();
    let (parent, kid) = family(&lab);
    lab.write("compose.yaml", "services: {kid: {image: nginx}}\n");
    let mut server = server(&lab, json!({})).await;
    let mut found = async |query: &str| -> Vec<(String, String)> {
        let found = server
            .ask("workspace/symbol", json!({"query": query}))
            .await;
        let found = found.expect("symbols");
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let symbols = found.as_array().expect("a list").iter();
        symbols
            .map(|s| (word(&s["name"]), word(&s["location"]["uri"])))
            .collect()
    };
    let parent_uri = uri(&parent);
    let both = [
        ("kid".to_owned(), parent_uri.clone()),
        ("kid-flow".to_owned(), kid.clone()),
    ];
    assert_eq!(found("kid").await, both);
    assert_eq!(found("").await.len(), 5);
    assert_eq!(found("nothing like it").await, []);
    // What is open counts as it is in the editor, once.
    server.open(&parent).await;
    let change = json!({"textDocument": {"uri": parent_uri, "version": 2}, "contentChanges": [{"text": PARENT.replace("plan", "sketch")}]});
    server.tell("textDocument/didChange", change).await;
    let found = server
        .ask("workspace/symbol", json!({"query": "sketch"}))
        .await;
    let found = found.expect("symbols");
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["containerName"], "parent");
    assert_eq!(
        found[0]["location"]["range"]["start"],
        json!({"line": 2, "character": 11})
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_along_routes_and_from_file_to_file() {
    let lab = Lab::new();
    let (parent, kid) = family(&lab);
    let mut server = server(&lab, json!({})).await;
    let file = server.open(&parent).await;
    let item = prepared(&mut server, at(&file, 2, 12)).await;
    assert_eq!(
        (item["name"].as_str(), item["detail"].as_str()),
        (Some("plan"), Some("set"))
    );
    let calls = server
        .ask("callHierarchy/incomingCalls", json!({"item": item}))
        .await;
    let calls = calls.expect("calls");
    assert_eq!(
        ends(&calls, "from"),
        [end("parent", &[0]), end("kid", &[3])]
    );
    let calls = server
        .ask("callHierarchy/outgoingCalls", json!({"item": item}))
        .await;
    let calls = calls.expect("calls");
    assert_eq!(ends(&calls, "to"), [end("kid", &[2])]);
    // Into the other file, which nobody has open, and back.
    let item = calls[0]["to"].clone();
    let calls = server
        .ask("callHierarchy/outgoingCalls", json!({"item": item}))
        .await;
    let calls = calls.expect("calls");
    assert_eq!(
        ends(&calls, "to"),
        [end("plan", &[3]), end("kid-flow", &[3])]
    );
    let item = calls[1]["to"].clone();
    assert_eq!(item["uri"], kid);
    let into = server
        .ask("callHierarchy/outgoingCalls", json!({"item": item}))
        .await;
    assert_eq!(ends(&into.expect("calls"), "to"), [end("s", &[0])]);
    let back = server
        .ask("callHierarchy/incomingCalls", json!({"item": item}))
        .await;
    let back = back.expect("calls");
    assert_eq!(ends(&back, "from"), [end("kid", &[3])]);
    assert_eq!(back[0]["from"]["uri"], file);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_called_by_what_they_depend_on_and_workflows_by_nodes_of_other_files() {
    let lab = Lab::new();
    let folder = lab.work().join(".archon/workflows");
    std::fs::create_dir_all(&folder).expect("folders");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).expect("a file");
        folder.join(name)
    };
    let main = write(
        "main.yaml",
        "name: main\ndescription: d\nnodes:\n  - {id: a, bash: x}\n  - {id: b, depends_on: [a], workflow: part}\n",
    );
    write(
        "other.yaml",
        "name: other\ndescription: d\nnodes:\n  - {id: i, include: part}\n",
    );
    write(
        "part.yaml",
        "name: part\ndescription: d\nnodes:\n  - {id: p, bash: x}\n",
    );
    let mut server = server(&lab, json!({})).await;
    let file = server.open(&main).await;
    let item = prepared(&mut server, at(&file, 4, 9)).await;
    let calls = server
        .ask("callHierarchy/incomingCalls", json!({"item": item}))
        .await;
    assert_eq!(ends(&calls.expect("calls"), "from"), [end("a", &[4])]);
    let calls = server
        .ask("callHierarchy/outgoingCalls", json!({"item": item}))
        .await;
    let calls = calls.expect("calls");
    assert_eq!(ends(&calls, "to"), [end("part", &[4])]);
    let item = calls[0]["to"].clone();
    let calls = server
        .ask("callHierarchy/incomingCalls", json!({"item": item}))
        .await;
    assert_eq!(
        ends(&calls.expect("calls"), "from"),
        [end("b", &[4]), end("i", &[3])]
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn selections_and_linked_names_count_as_the_client_counts() {
    // `first` behind the fermata sign: 4 bytes, 2 units of UTF-16, one character.
    for (encoding, start) in [("utf-8", 35), ("utf-16", 33), ("utf-32", 32)] {
        let lab = Lab::new();
        let (parent, _) = family(&lab);
        let general = json!({"general": {"positionEncodings": [encoding]}});
        let mut server = server(&lab, general).await;
        let file = server.open(&parent).await;
        let position = |character: u32| json!({"line": 2, "character": character});
        let params =
            json!({"textDocument": {"uri": file}, "positions": [position(start + 2), position(1)]});
        let found = server.ask("textDocument/selectionRange", params).await;
        let found = found.expect("selections");
        assert_eq!(
            found.as_array().map(Vec::len),
            Some(2),
            "one for each position"
        );
        let word = json!({"start": position(start), "end": position(start + 5)});
        assert_eq!(found[0]["range"], word, "{encoding}");
        let mut outermost = &found[0];
        while outermost["parent"].is_object() {
            outermost = &outermost["parent"];
        }
        assert_eq!(
            outermost["range"]["start"],
            json!({"line": 0, "character": 0})
        );
        let linked = server
            .ask("textDocument/linkedEditingRange", at(&file, 2, 12))
            .await;
        let linked = linked.expect("ranges");
        let lines: Vec<_> = linked["ranges"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|range| range["start"]["line"].as_u64())
            .collect();
        assert_eq!(lines, [0, 2, 3]);
        server.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documentation_comes_when_it_is_asked_for_and_at_once_to_who_cannot_ask() {
    let lazily = json!({"textDocument": {"completion": {"completionItem": {"resolveSupport": {"properties": ["documentation"]}}}}});
    for (capabilities, lazy) in [(lazily, true), (json!({}), false)] {
        let lab = Lab::new();
        let (parent, _) = family(&lab);
        let mut server = server(&lab, capabilities).await;
        let file = server.open(&parent).await;
        // In block style, where values are completed.
        let text = PARENT.replace(
            "  - {name: kid, type: workflow, workflow: ./parts/kid.yaml, routes: [{to: plan}]}",
            "  - name: kid\n    routes:\n      - to: ",
        );
        let change = json!({"textDocument": {"uri": file, "version": 2}, "contentChanges": [{"text": text}]});
        server.tell("textDocument/didChange", change).await;
        let items = server
            .ask("textDocument/completion", at(&file, 5, 12))
            .await;
        let items = items.expect("items");
        let item = items
            .as_array()
            .expect("a list")
            .iter()
            .find(|i| i["label"] == "plan");
        let item = item.expect("the step").clone();
        assert_eq!(item.get("documentation").is_none(), lazy);
        let resolved = server
            .ask("completionItem/resolve", item)
            .await
            .expect("an item");
        let words = resolved["documentation"]["value"]
            .as_str()
            .unwrap_or_default();
        assert!(words.contains("𝄐 first"), "{resolved}");
        server.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_step_took_stands_behind_its_name_once_its_run_is_over() {
    let lab = Lab::new();
    let path = lab.write("one.yaml", KID);
    let refresh = json!({"workspace": {"inlayHint": {"refreshSupport": true}}});
    let mut server = server(&lab, refresh).await;
    let file = server.open(&path).await;
    let run = server.execute("fermata.run", json!({"uri": file})).await;
    run.expect("an outcome");
    server.said("workspace/inlayHint/refresh").await;
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}});
    let hints = server
        .ask(
            "textDocument/inlayHint",
            json!({"textDocument": {"uri": file}, "range": range}),
        )
        .await
        .expect("hints");
    let last = hints.as_array().expect("a list").iter().find(|hint| {
        hint["label"]
            .as_str()
            .is_some_and(|label| label.starts_with("last "))
    });
    let last = last.unwrap_or_else(|| panic!("no duration: {hints}"));
    assert_eq!(last["position"], json!({"line": 2, "character": 12}));
    server.ignore(&["workspace/inlayHint/refresh"]);
    server.end().await;
}
