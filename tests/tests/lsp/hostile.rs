//! Clients that ask about what is not there, count wrongly, or send back what they were never given: every request has its
//! answer, and the next honest one is answered rightly.

use fermata_tests::Lab;
use serde_json::{Value, json};

use crate::server::{QUIET, TestServer, uri};

const FLOW: &str = "\
workflow: {name: flow, entry_point: s}
agents:
  - {name: s, type: set, value: \"𝄐\", routes: [{to: $end}]}
";
const NODES: &str = "\
# fermata: archon
name: nodes
description: d
nodes:
  - {id: a, bash: ls}
  - {id: b, depends_on: [a], prompt: By $a.output}
";

/// Every request about a place of a document.
const ABOUT_A_PLACE: &[&str] = &[
    "textDocument/hover",
    "textDocument/completion",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentHighlight",
    "textDocument/prepareRename",
    "textDocument/rename",
    "textDocument/linkedEditingRange",
    "textDocument/prepareCallHierarchy",
];

/// Every request about a document.
const ABOUT_A_DOCUMENT: &[&str] = &[
    "textDocument/documentSymbol",
    "textDocument/foldingRange",
    "textDocument/documentLink",
    "textDocument/inlayHint",
    "textDocument/semanticTokens/full",
    "textDocument/codeLens",
    "textDocument/codeAction",
    "textDocument/selectionRange",
    "textDocument/diagnostic",
];

fn params(file: &str, position: &Value) -> Value {
    json!({
        "textDocument": {"uri": file},
        "position": position,
        "positions": [position, {"line": 0, "character": 0}],
        "range": {"start": position, "end": {"line": 0, "character": 0}},
        "context": {"includeDeclaration": true, "diagnostics": [], "triggerKind": 1},
        "newName": "another",
    })
}

async fn server(lab: &Lab) -> TestServer {
    let mut server = TestServer::greeted(lab, "any", json!({})).await;
    server.ignore(&QUIET);
    server
}

/// Asks everything about a place of a document; every request has an answer.
async fn ask_all(server: &mut TestServer, file: &str, position: &Value) -> Vec<(String, Value)> {
    let mut answers = Vec::new();
    for method in ABOUT_A_PLACE.iter().chain(ABOUT_A_DOCUMENT) {
        let answer = server.ask(method, params(file, position)).await;
        let answer = answer.unwrap_or_else(|error| panic!("{method} on {file}: {error}"));
        answers.push(((*method).to_owned(), answer));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_were_never_opened_have_answers_that_say_nothing() {
    let lab = Lab::new();
    let there = uri(&lab.write("flow.yaml", FLOW));
    let gone = uri(&lab.work().join("gone.yaml"));
    let folder = uri(&lab.work());
    let mut server = server(&lab).await;
    let place = json!({"line": 2, "character": 12});
    for file in [
        there.as_str(),
        &gone,
        &folder,
        "untitled:Untitled-1",
        "http://elsewhere/flow.yaml",
        "git:/flow.yaml?%7B%22ref%22%3A%22HEAD%22%7D",
        "file://server/share/flow.yaml",
    ] {
        for (method, answer) in ask_all(&mut server, file, &place).await {
            let empty = answer.is_null() || answer["items"] == json!([]);
            assert!(empty, "{method} on {file}: {answer}");
        }
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_without_a_file_may_be_opened_changed_and_closed() {
    let lab = Lab::new();
    let mut server = server(&lab).await;
    for file in ["untitled:Untitled-1", "http://elsewhere/flow.yaml"] {
        let open = json!({"textDocument": {"uri": file, "languageId": "yaml", "version": 1, "text": FLOW}});
        server.tell("textDocument/didOpen", open).await;
        let change =
            json!({"textDocument": {"uri": file, "version": 2}, "contentChanges": [{"text": ""}]});
        server.tell("textDocument/didChange", change).await;
        ask_all(&mut server, file, &json!({"line": 0, "character": 0})).await;
        let close = json!({"textDocument": {"uri": file}});
        server.tell("textDocument/didClose", close).await;
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_behind_lines_and_files_are_their_ends() {
    let lab = Lab::new();
    let flow = lab.write("flow.yaml", FLOW);
    let nodes = lab.write("nodes.yaml", NODES);
    let empty = lab.write("empty.yaml", "# fermata: archon");
    let mut server = server(&lab).await;
    for path in [flow, nodes, empty] {
        let file = server.open(&path).await;
        for (line, character) in [
            (0, u32::MAX),
            (2, 38),
            (5, 1_000_000),
            (u32::MAX, 0),
            (u32::MAX, u32::MAX),
        ] {
            let place = json!({"line": line, "character": character});
            let answers = ask_all(&mut server, &file, &place).await;
            let (_, selected) = answers
                .iter()
                .find(|(method, _)| method == "textDocument/selectionRange")
                .expect("it was asked");
            assert_eq!(selected.as_array().map(Vec::len), Some(2), "{place}");
        }
    }
    server.end().await;
}

fn name(symbols: &Value) -> Vec<&str> {
    let symbols = symbols.as_array().into_iter().flatten();
    symbols
        .filter_map(|symbol| symbol["name"].as_str())
        .collect()
}

async fn symbols(server: &mut TestServer, file: &str) -> Value {
    let document = json!({"textDocument": {"uri": file}});
    let found = server.ask("textDocument/documentSymbol", document).await;
    found.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_go_back_and_edits_of_what_is_closed_leave_the_text_right() {
    let lab = Lab::new();
    let path = lab.write("flow.yaml", FLOW);
    let file = uri(&path);
    let mut server = server(&lab).await;
    let change = |version: Value, changes: Value| json!({"textDocument": {"uri": file, "version": version}, "contentChanges": changes});
    // Before it is open, and behind its end.
    let whole = json!([{"text": "nothing"}]);
    server
        .tell("textDocument/didChange", change(json!(5), whole))
        .await;
    server
        .tell(
            "textDocument/didClose",
            json!({"textDocument": {"uri": file}}),
        )
        .await;
    server.open(&path).await;
    // The order of the stream is the truth, whatever number an edit has.
    let typed = |text: &str| json!([{"range": {"start": {"line": 2, "character": 11}, "end": {"line": 2, "character": 12}}, "text": text}]);
    for (version, text) in [(0, "t"), (-7, "u"), (3, "v"), (3, "w")] {
        server
            .tell(
                "textDocument/didChange",
                change(json!(version), typed(text)),
            )
            .await;
    }
    assert_eq!(name(&symbols(&mut server, &file).await), ["w"]);
    // A turned range, one behind the file, no change at all.
    let turned = json!([{"range": {"start": {"line": 2, "character": 12}, "end": {"line": 2, "character": 11}}, "text": "x"}]);
    let behind = json!([{"range": {"start": {"line": 99, "character": 9}, "end": {"line": 99, "character": 99}}, "text": "# end\n"}]);
    for changes in [turned, behind, json!([])] {
        server
            .tell("textDocument/didChange", change(json!(4), changes))
            .await;
    }
    assert_eq!(name(&symbols(&mut server, &file).await), ["x"]);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_opened_again_is_what_it_was_opened_with() {
    let lab = Lab::new();
    let path = lab.write("flow.yaml", FLOW);
    let file = uri(&path);
    let mut server = server(&lab).await;
    for round in 0..40 {
        let named = format!("s{round}");
        let text = FLOW
            .replace("s,", &format!("{named},"))
            .replace("entry_point: s", &format!("entry_point: {named}"));
        let open = json!({"textDocument": {"uri": file, "languageId": "yaml", "version": 1, "text": text}});
        server.tell("textDocument/didOpen", open).await;
        if round % 3 > 0 {
            // Closed before its analysis can be over; every third is opened over the last.
            server
                .tell(
                    "textDocument/didClose",
                    json!({"textDocument": {"uri": file}}),
                )
                .await;
            let open = json!({"textDocument": {"uri": file, "languageId": "yaml", "version": 1, "text": text.replace(&named, "again")}});
            server.tell("textDocument/didOpen", open).await;
            assert_eq!(name(&symbols(&mut server, &file).await), ["again"]);
        } else {
            assert_eq!(name(&symbols(&mut server, &file).await), [named]);
        }
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn items_that_were_never_given_are_errors_that_say_so_and_stale_ones_too() {
    let lab = Lab::new();
    let path = lab.write("flow.yaml", FLOW);
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}});
    let item = |uri: &str, data: Value| json!({"item": {"name": "x", "kind": 5, "uri": uri, "range": range, "selectionRange": range, "data": data}});
    for method in ["callHierarchy/incomingCalls", "callHierarchy/outgoingCalls"] {
        for data in [Value::Null, json!(3), json!({"id": 7})] {
            let error = server
                .ask(method, item(&file, data))
                .await
                .expect_err("no item of ours");
            assert_eq!(error["code"], -32602, "{error}");
        }
        // Its step was renamed since: the content has been modified.
        let error = server.ask(method, item(&file, json!({"id": "gone"}))).await;
        assert_eq!(error.expect_err("it is gone")["code"], -32801);
        let nowhere = item("untitled:x", json!({"id": "s"}));
        assert_eq!(server.ask(method, nowhere).await, Ok(Value::Null));
    }
    for data in [
        Value::Null,
        json!({}),
        json!({"uri": 1}),
        json!({"uri": file, "kind": "x", "name": "y"}),
        json!({"uri": "no uri", "kind": "step", "name": "s"}),
    ] {
        let given = json!({"label": "s", "data": data});
        let back = server.ask("completionItem/resolve", given).await;
        assert_eq!(back.expect("the item")["label"], "s");
    }
    let forged = json!({"previousResultIds": [{"uri": "untitled:x", "value": "no id of ours"}, {"uri": file, "value": ""}]});
    let reports = server
        .ask("workspace/diagnostic", forged)
        .await
        .expect("reports");
    assert_eq!(
        reports["items"].as_array().map(Vec::len),
        Some(2),
        "{reports}"
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_cancelled_while_they_wait_are_over_and_the_others_go_on() {
    let lab = Lab::new();
    let path = lab.write("flow.yaml", FLOW);
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    let mut asked = Vec::new();
    for round in 0..30_u32 {
        let change = json!({"textDocument": {"uri": file, "version": round + 2}, "contentChanges": [{"text": FLOW}]});
        server.tell("textDocument/didChange", change).await;
        for method in [
            "textDocument/diagnostic",
            "workspace/diagnostic",
            "workspace/symbol",
        ] {
            let params =
                json!({"textDocument": {"uri": file}, "previousResultIds": [], "query": "s"});
            let id = server.request(method, params).await;
            if round % 2 == 0 {
                server.tell("$/cancelRequest", json!({"id": id})).await;
            }
            asked.push((id, round % 2 == 0));
        }
    }
    for (id, cancelled) in asked {
        match server.answer(id).await {
            // It was faster than the cancelling, or nobody cancelled it.
            Ok(answer) => assert!(answer.is_object() || answer.is_array(), "{answer}"),
            Err(error) => assert!(cancelled && error["code"] == -32800, "{error}"),
        }
    }
    server.end().await;
}
