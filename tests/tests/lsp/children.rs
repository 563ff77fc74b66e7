//! What is wrong in a sub-workflow: at the step that runs it, and in its own file.

use fermata_tests::Lab;
use serde_json::{Value, json};

use crate::server::TestServer;

const PARENT: &str = "\
workflow: {name: parent, entry_point: kid}
agents:
  - name: kid
    type: workflow
    workflow: kid.yaml
    routes: [{to: $end}]
";
const KID: &str = "\
workflow: {name: kid, entry_point: s}
agents:
  - {name: s, type: set, value: x, routes: [{to: nowhere}]}
";

/// The diagnostics that are said next about a file, by the client's own name of the file.
async fn about(server: &mut TestServer, name: &str) -> Value {
    loop {
        let said = server.said("textDocument/publishDiagnostics").await["params"].take();
        let uri = said["uri"].as_str().expect("a uri").to_owned();
        if uri.ends_with(name) {
            return said["diagnostics"].clone();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_childs_problem_is_shown_at_the_step_and_in_the_childs_file() {
    let lab = Lab::new();
    let parent = lab.write("parent.yaml", PARENT);
    let kid = lab.write("kid.yaml", KID);
    let mut server = TestServer::greeted(&lab, "any", json!({})).await;
    server.ignore(&["workspace/codeLens/refresh", "window/logMessage"]);
    server.open(&parent).await;
    let (mut at_step, mut in_child) = (Value::Null, Value::Null);
    while at_step.is_null() || in_child.is_null() {
        let said = server.said("textDocument/publishDiagnostics").await["params"].take();
        let uri = said["uri"].as_str().expect("a uri");
        if uri.ends_with("parent.yaml") {
            at_step = said["diagnostics"][0].clone();
        } else {
            in_child = said["diagnostics"][0].clone();
        }
    }
    assert_eq!(
        at_step["range"]["start"],
        json!({"line": 4, "character": 14}),
        "{at_step}"
    );
    assert!(
        at_step["message"]
            .as_str()
            .expect("a text")
            .contains("nowhere"),
        "{at_step}"
    );
    assert_eq!(
        in_child["range"]["start"],
        json!({"line": 2, "character": 49}),
        "{in_child}"
    );
    // Once it is open, the child speaks for itself; closed again, the parent does.
    let uri = server.open(&kid).await;
    let own = about(&mut server, "kid.yaml").await;
    assert_eq!(own.as_array().map(Vec::len), Some(1), "{own}");
    server
        .tell(
            "textDocument/didClose",
            json!({"textDocument": {"uri": uri}}),
        )
        .await;
    let after = about(&mut server, "kid.yaml").await;
    assert_eq!(after.as_array().map(Vec::len), Some(1), "{after}");
    server.ignore(&["textDocument/publishDiagnostics"]);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_child_that_looks_like_no_workflow_is_still_told_what_its_parent_sees_in_it() {
    let lab = Lab::new();
    let parent = lab.write("parent.yaml", PARENT);
    let kid = lab.write("kid.yaml", "nothing: of a workflow\n");
    let mut server = TestServer::greeted(&lab, "any", json!({})).await;
    server.ignore(&["workspace/codeLens/refresh", "window/logMessage"]);
    server.open(&parent).await;
    let closed = about(&mut server, "kid.yaml").await;
    assert_ne!(closed, json!([]));
    server.open(&kid).await;
    let open = about(&mut server, "kid.yaml").await;
    assert_eq!(open, closed);
    server.ignore(&["textDocument/publishDiagnostics"]);
    server.end().await;
}
