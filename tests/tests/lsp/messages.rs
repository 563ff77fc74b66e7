//! Greeting, edits in order, one analysis for each, bad bytes, panics and the end.

use std::sync::atomic::Ordering;

use fermata_tests::Lab;
use serde_json::{Value, json};

use crate::server::{QUIET, TestServer};

/// A workflow with a character outside of the basic plane before the text that is edited.
const EDITED: &str = "\
workflow:
  name: edited
  entry_point: only
agents:
  - name: only
    description: \"𝄐 round 0\"
    type: set
    value: \"x\"
    routes: [{to: $end}]
";

fn only(uri: &str) -> Value {
    json!({"textDocument": {"uri": uri}, "position": {"line": 4, "character": 12}})
}

fn round(hover: &Value) -> u64 {
    let text = hover["contents"].to_string();
    let (_, rest) = text
        .split_once("round ")
        .unwrap_or_else(|| panic!("a hover shows the description: {text}"));
    rest.chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .expect("a number of a round")
}

/// An edit that replaces the round's number, in UTF-16 units: the fermata sign counts two.
fn edit(uri: &str, version: u64, old: &str) -> Value {
    let start = "    description: \"".len() + 2 + " round ".len();
    json!({
        "textDocument": {"uri": uri, "version": version + 1},
        "contentChanges": [{
            "range": {
                "start": {"line": 5, "character": start},
                "end": {"line": 5, "character": start + old.len()},
            },
            "text": version.to_string(),
        }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_encoding_is_negotiated_and_utf_16_without_an_offer() {
    let cases = [
        (json!({}), "utf-16"),
        (
            json!({"general": {"positionEncodings": ["utf-16", "utf-8"]}}),
            "utf-8",
        ),
        (
            json!({"general": {"positionEncodings": ["utf-32"]}}),
            "utf-32",
        ),
        (
            json!({"general": {"positionEncodings": ["utf-32", "utf-16"]}}),
            "utf-16",
        ),
    ];
    for (capabilities, expected) in cases {
        let lab = Lab::new();
        let mut server = TestServer::start(&lab);
        server.ignore(&QUIET);
        let greeting = server
            .ask("initialize", json!({"capabilities": capabilities}))
            .await
            .expect("a greeting");
        assert_eq!(greeting["capabilities"]["positionEncoding"], expected);
        server.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_before_the_greeting_and_nobody_is_greeted_twice() {
    let lab = Lab::new();
    let mut server = TestServer::start(&lab);
    let early = server.ask("fermata/runs", json!({})).await;
    assert_eq!(early.expect_err("too early")["code"], -32002);
    server
        .ask("initialize", json!({"capabilities": {}}))
        .await
        .expect("a greeting");
    let again = server.ask("initialize", json!({"capabilities": {}})).await;
    assert!(again.is_err(), "{again:?}");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_edit_is_analysed_once_however_much_is_asked_about_it() {
    let lab = Lab::new();
    let path = lab.write("edited.yaml", EDITED);
    let mut server = TestServer::greeted(&lab, "test", json!({})).await;
    server.ignore(&QUIET);
    let uri = server.open(&path).await;
    let document = json!({"textDocument": {"uri": uri}});
    let mut before = 0;
    for version in 1..=10_u64 {
        let old = (version - 1).to_string();
        server
            .tell("textDocument/didChange", edit(&uri, version, &old))
            .await;
        let hover = server.ask("textDocument/hover", only(&uri)).await;
        assert_eq!(round(&hover.expect("a hover")), version);
        for method in [
            "textDocument/codeLens",
            "textDocument/documentSymbol",
            "textDocument/foldingRange",
        ] {
            server.ask(method, document.clone()).await.expect("a list");
        }
        server
            .ask("textDocument/completion", only(&uri))
            .await
            .expect("completions");
        let now = server.probe.lowerings.load(Ordering::Relaxed);
        if version > 1 {
            assert_eq!(now - before, 1, "analyses for edit {version}");
        }
        before = now;
    }
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_mixed_edits_and_hovers_are_taken_in_order() {
    let lab = Lab::new();
    let path = lab.write("edited.yaml", EDITED);
    let mut server = TestServer::greeted(&lab, "test", json!({})).await;
    server.ignore(&QUIET);
    let uri = server.open(&path).await;
    let mut hovers = Vec::new();
    let mut seen = 0;
    for version in 1..=1000_u64 {
        let old = (version - 1).to_string();
        server
            .tell("textDocument/didChange", edit(&uri, version, &old))
            .await;
        hovers.push((
            version,
            server.request("textDocument/hover", only(&uri)).await,
        ));
        // Neither side waits for the other without a bound: streams are full at some point.
        if hovers.len() == 50 {
            for (asked, id) in hovers.drain(..) {
                let shown = round(&server.answer(id).await.expect("a hover"));
                assert!(
                    shown >= asked,
                    "a question is answered about its text or a newer one"
                );
                assert!(shown >= seen, "answers never go back");
                seen = shown;
            }
        }
    }
    assert_eq!(seen, 1000);
    assert!(server.probe.lowerings.load(Ordering::Relaxed) <= 1001);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_halves_of_messages_cost_nothing_but_themselves() {
    let lab = Lab::new();
    let path = lab.write("edited.yaml", EDITED);
    let mut server = TestServer::greeted(&lab, "test", json!({})).await;
    server.ignore(&QUIET);
    let uri = server.open(&path).await;
    server.raw(b"Content-Length: 9\r\n\r\n{\"bad\": ]").await;
    let error = server.answer_without_id().await;
    assert_eq!(error["error"]["code"], -32700);
    let body = json!({"jsonrpc": "2.0", "id": "half", "method": "textDocument/hover", "params": only(&uri)})
        .to_string();
    for byte in format!("Content-Length: {}\r\n\r\n{body}", body.len()).bytes() {
        server.raw(&[byte]).await;
        tokio::task::yield_now().await;
    }
    let answer = server.answer_to("half").await;
    assert_eq!(round(&answer["result"]), 0);
    server.tell("textDocument/nonsense", json!({})).await;
    let unknown = server.ask("textDocument/nonsense", json!({})).await;
    assert_eq!(unknown.expect_err("no such method")["code"], -32601);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_error_response_and_the_server_goes_on() {
    let lab = Lab::new();
    let path = lab.write("edited.yaml", EDITED);
    let mut server = TestServer::greeted(&lab, "test", json!({})).await;
    server.ignore(&QUIET);
    let uri = server.open(&path).await;
    server
        .ask("textDocument/hover", only(&uri))
        .await
        .expect("a hover");
    server.probe.panics.store(true, Ordering::Relaxed);
    let error = server.ask("textDocument/hover", only(&uri)).await;
    assert_eq!(error.expect_err("an internal error")["code"], -32603);
    let again = server.ask("textDocument/hover", only(&uri)).await;
    assert_eq!(round(&again.expect("the server goes on")), 0);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_an_analysis_costs_that_text_and_keeps_nobody_waiting() {
    let lab = Lab::new();
    let path = lab.write("edited.yaml", EDITED);
    let mut server = TestServer::greeted(&lab, "test", json!({})).await;
    server.ignore(&QUIET);
    let uri = server.open(&path).await;
    server
        .ask("textDocument/hover", only(&uri))
        .await
        .expect("a hover");
    server.probe.breaks.store(true, Ordering::Relaxed);
    server
        .tell("textDocument/didChange", edit(&uri, 1, "0"))
        .await;
    // Asked while it is under way, and when it is over.
    for _ in 0..2 {
        let error = server.ask("textDocument/hover", only(&uri)).await;
        assert_eq!(error.expect_err("an internal error")["code"], -32603);
    }
    let said = server.said("window/showMessage").await;
    let words = said["params"]["message"].as_str().unwrap_or_default();
    assert!(words.contains("goes on"), "{words}");
    let symbols = server.ask("workspace/symbol", json!({"query": ""})).await;
    assert!(symbols.expect("symbols").is_array());
    server
        .tell("textDocument/didChange", edit(&uri, 2, "1"))
        .await;
    let again = server.ask("textDocument/hover", only(&uri)).await;
    assert_eq!(round(&again.expect("the next text is read")), 2);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_ends_the_server_without_the_end_of_the_stream() {
    let lab = Lab::new();
    let mut server = TestServer::greeted(&lab, "test", json!({})).await;
    server.ignore(&QUIET);
    server.ask("shutdown", Value::Null).await.expect("a result");
    server.tell("exit", Value::Null).await;
    server.ended().await;
}

#[test]
fn the_binary_ends_when_its_input_ends() {
    let lab = Lab::new();
    let greeting =
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}})
            .to_string();
    let mut child = lab
        .command(&["lsp"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut input = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(
        &mut input,
        format!("Content-Length: {}\r\n\r\n{greeting}", greeting.len()).as_bytes(),
    )
    .expect("the server reads");
    drop(input);
    let said = fermata_tests::wait("the server has ended", || child.try_wait().ok().flatten());
    assert!(said.success(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_parameter_is_an_error_that_names_its_field() {
    let lab = Lab::new();
    let path = lab.write("edited.yaml", EDITED);
    let mut server = TestServer::greeted(&lab, "test", json!({})).await;
    server.ignore(&QUIET);
    let uri = crate::server::uri(&path);
    let cases = [
        ("fermata.run", json!({}), "uri"),
        ("fermata.run", json!({"uri": 3}), "uri"),
        ("fermata.run", json!({"uri": "http://elsewhere/x"}), "uri"),
        ("fermata.run", json!({"uri": uri, "inputs": []}), "inputs"),
        ("fermata.run", json!({"uri": uri, "force": "yes"}), "force"),
        ("fermata.dryRun", json!({"uri": uri, "agent": 1}), "agent"),
        (
            "fermata.choose",
            json!({"start": "x", "answer": "maybe"}),
            "answer",
        ),
        ("fermata.choose", json!({"answer": "resume"}), "start"),
        ("fermata.answer", json!({"answer": {}}), "run"),
        ("fermata.resume", json!({"definition": "newest"}), "run"),
        ("fermata.stop", json!({}), "run"),
        ("fermata.tell", json!({"run": 1, "text": "x"}), "run"),
        ("fermata.openPanel", json!({"run": 1}), "run"),
    ];
    for (command, argument, field) in cases {
        let error = server
            .execute(command, argument.clone())
            .await
            .expect_err("a bad parameter");
        assert_eq!(error["code"], -32602, "{command} {argument}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(
            message.contains(&format!("`{field}`")),
            "{command} {argument}: {message}"
        );
    }
    let unknown = server.execute("fermata.dance", json!({})).await;
    let message = unknown.expect_err("no such command")["message"].to_string();
    assert!(message.contains("fermata.dance"), "{message}");
    assert!(message.contains("fermata.run"), "{message}");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_is_answered() {
    let lab = Lab::new();
    let mut server = TestServer::greeted(&lab, "test", json!({})).await;
    assert_eq!(server.ask("fermata/ping", json!({})).await, Ok(json!({})));
}
