//! Archon projects in the language server: files beside a workflow are kept in mind, changes of them check it again, and
//! what is wrong in an included workflow is said in its own file.

use std::path::PathBuf;

use fermata_tests::Lab;
use serde_json::{Value, json};

use crate::server::{QUIET, TestServer, assert_no_reads, uri};

const MAIN: &str = "name: main\ndescription: d\nnodes:\n  - {id: a, command: plan}\n  - {id: b, depends_on: [a], prompt: By $a.output}\n";

/// A lab with an `.archon` folder; the path of a workflow in it.
fn project(lab: &Lab, files: &[(&str, &str)]) -> PathBuf {
    for (name, text) in files {
        lab.write(&format!(".archon/{name}"), text);
    }
    lab.work().join(".archon/workflows/main.yaml")
}

/// Codes of the next diagnostics that are published for a file.
async fn codes(server: &mut TestServer, file: &str) -> Vec<String> {
    loop {
        let said = server.said("textDocument/publishDiagnostics").await;
        if said["params"]["uri"] == file {
            return said["params"]["diagnostics"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(|d| d["code"].as_str().map(str::to_owned))
                .collect();
        }
    }
}

/// Waits until a file's diagnostics are these.
async fn until(server: &mut TestServer, file: &str, wanted: &[&str]) {
    while codes(server, file).await != wanted {}
}

async fn server(lab: &Lab) -> TestServer {
    let mut server = TestServer::greeted(lab, "test", json!({})).await;
    server.ignore(&QUIET);
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_file_that_comes_and_goes_checks_the_open_workflow_again() {
    let lab = Lab::new();
    let path = project(&lab, &[("workflows/main.yaml", MAIN)]);
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    until(&mut server, &file, &["command-not-found"]).await;
    project(&lab, &[("commands/plan.md", "Plan it.")]);
    until(&mut server, &file, &[]).await;
    project(&lab, &[("commands/plan.md", " \n")]);
    until(&mut server, &file, &["command-file-empty"]).await;
    std::fs::remove_file(lab.work().join(".archon/commands/plan.md")).expect("it was there");
    until(&mut server, &file, &["command-not-found"]).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_configuration_or_of_another_workflow_checks_the_open_one_again() {
    let lab = Lab::new();
    let main = "name: main\ndescription: d\nnodes:\n  - {id: a, prompt: x, model: \"@fast\"}\n  - {id: b, include: part}\n";
    let part = "name: part\ndescription: d\nnodes:\n  - {id: x, bash: make}\n";
    let path = project(
        &lab,
        &[("workflows/main.yaml", main), ("workflows/part.yaml", part)],
    );
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    until(&mut server, &file, &["unknown-model-alias"]).await;
    project(
        &lab,
        &[(
            "config.yaml",
            "aliases: {fast: {provider: claude, model: haiku}}\n",
        )],
    );
    until(&mut server, &file, &[]).await;
    project(
        &lab,
        &[(
            "workflows/part.yaml",
            &part.replace("name: part", "name: other"),
        )],
    );
    until(&mut server, &file, &["include-target-unknown"]).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_tells_of_changed_files_is_believed() {
    let lab = Lab::new();
    let path = project(&lab, &[("workflows/main.yaml", MAIN)]);
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    until(&mut server, &file, &["command-not-found"]).await;
    project(&lab, &[("commands/plan.md", "Plan it.")]);
    let changed = uri(&lab.work().join(".archon/commands/plan.md"));
    server
        .tell(
            "workspace/didChangeWatchedFiles",
            json!({"changes": [{"uri": changed, "type": 1}]}),
        )
        .await;
    until(&mut server, &file, &[]).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keystroke_reads_and_parses_nothing_of_the_project_again() {
    let lab = Lab::new();
    let path = project(
        &lab,
        &[
            ("workflows/main.yaml", MAIN),
            ("commands/plan.md", "Plan it."),
        ],
    );
    for n in 0..20 {
        let text = format!("name: w{n}\ndescription: d\nnodes:\n  - {{id: x, bash: make}}\n");
        project(&lab, &[(&format!("workflows/w{n}.yaml"), &text)]);
    }
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    until(&mut server, &file, &[]).await;
    let disk = server.probe.disk().expect("the session has begun").clone();
    let (reads, parses) = (disk.reads(), disk.parses());
    assert!(parses >= 20, "{parses}");
    for version in 2..12 {
        let change = json!({
            "textDocument": {"uri": file, "version": version},
            "contentChanges": [{"range": {"start": {"line": 1, "character": 13}, "end": {"line": 1, "character": 13}}, "text": "x"}],
        });
        server.tell("textDocument/didChange", change).await;
        let hover = json!({"textDocument": {"uri": file}, "position": {"line": 3, "character": 9}});
        server
            .ask("textDocument/hover", hover)
            .await
            .expect("an answer");
    }
    assert_no_reads(&disk, reads);
    // Each text of the document itself is parsed as a member of its project, and nothing else.
    assert!(
        disk.parses() - parses <= 10,
        "{} files were parsed again",
        disk.parses() - parses
    );
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_an_included_workflow_is_said_in_its_file_also_while_both_are_open() {
    let lab = Lab::new();
    let main = "name: main\ndescription: d\nnodes:\n  - {id: i, include: part}\n";
    let part = "name: part\ndescription: d\nnodes:\n  - {id: x, prompt: x, model: \"@gone\"}\n  - {id: y, bash: make, modle: z}\n";
    let path = project(
        &lab,
        &[("workflows/main.yaml", main), ("workflows/part.yaml", part)],
    );
    let other = lab.work().join(".archon/workflows/part.yaml");
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    let part_uri = uri(&other);
    until(&mut server, &part_uri, &["unknown-model-alias"]).await;
    let opened = server.open(&other).await;
    assert_eq!(opened, part_uri);
    until(
        &mut server,
        &part_uri,
        &["unknown-model-alias", "unknown-node-key"],
    )
    .await;
    let close = json!({"textDocument": {"uri": part_uri}});
    server.tell("textDocument/didClose", close).await;
    until(&mut server, &part_uri, &["unknown-model-alias"]).await;
    let close = json!({"textDocument": {"uri": file}});
    server.tell("textDocument/didClose", close).await;
    until(&mut server, &part_uri, &[]).await;
    server.end().await;
}

fn at(file: &str, line: u32, character: u32) -> Value {
    json!({"textDocument": {"uri": file}, "position": {"line": line, "character": character}})
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_of_commands_and_references_renames_inlays_and_tokens_arrive() {
    let lab = Lab::new();
    let path = project(
        &lab,
        &[
            ("workflows/main.yaml", MAIN),
            ("commands/plan.md", "Plan it."),
        ],
    );
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    let found = server
        .ask("textDocument/definition", at(&file, 3, 22))
        .await
        .expect("a place");
    assert_eq!(
        found["uri"],
        uri(&lab.work().join(".archon/commands/plan.md"))
    );
    let found = server
        .ask("textDocument/definition", at(&file, 4, 41))
        .await
        .expect("a place");
    assert_eq!(found["range"]["start"], json!({"line": 3, "character": 9}));
    let mut rename = at(&file, 3, 9);
    rename["newName"] = json!("start");
    let edit = server
        .ask("textDocument/rename", rename)
        .await
        .expect("edits");
    let lines: Vec<u64> = edit["changes"][&file]
        .as_array()
        .expect("edits of the file")
        .iter()
        .filter_map(|e| e["range"]["start"]["line"].as_u64())
        .collect();
    assert_eq!(lines, [3, 4, 4]);
    let mut taken = at(&file, 3, 9);
    taken["newName"] = json!("b");
    assert!(server.ask("textDocument/rename", taken).await.is_err());
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}});
    let inlays = server
        .ask(
            "textDocument/inlayHint",
            json!({"textDocument": {"uri": file}, "range": range}),
        )
        .await
        .expect("hints");
    assert_eq!(inlays[0]["label"], "3 attempts");
    let tokens = server
        .ask(
            "textDocument/semanticTokens/full",
            json!({"textDocument": {"uri": file}}),
        )
        .await
        .expect("tokens");
    let data: Vec<u64> = tokens["data"]
        .as_array()
        .expect("numbers")
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    assert_eq!(&data[..4], [4, 40, 2, 0], "`$a` on line 4");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_written_over_checks_the_open_workflow_again() {
    let lab = Lab::new();
    let main = "name: main\ndescription: d\nnodes:\n  - {id: a, prompt: x, model: \"@fast\"}\n";
    let path = project(
        &lab,
        &[
            ("workflows/main.yaml", main),
            (
                "config.yaml",
                "aliases: {fast: {provider: claude, model: haiku}}\n",
            ),
        ],
    );
    let mut server = server(&lab).await;
    let file = server.open(&path).await;
    until(&mut server, &file, &[]).await;
    project(&lab, &[("config.yaml", "assistant: claude\n")]);
    until(&mut server, &file, &["unknown-model-alias"]).await;
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_free_again_when_the_other_workflow_of_that_name_no_longer_loads() {
    let lab = Lab::new();
    let text = "name: same\ndescription: d\nnodes:\n  - {id: x, bash: make}\n";
    let files = [("workflows/one.yaml", text), ("workflows/two.yaml", text)];
    project(&lab, &files);
    let mut server = server(&lab).await;
    let folder = lab.work().join(".archon/workflows");
    let one = server.open(&folder.join("one.yaml")).await;
    let two = server.open(&folder.join("two.yaml")).await;
    until(&mut server, &two, &["duplicate-workflow-name"]).await;
    let change = json!({
        "textDocument": {"uri": one, "version": 2},
        "contentChanges": [{"text": text.replace("bash: make", "bash: ' '")}],
    });
    server.tell("textDocument/didChange", change).await;
    until(&mut server, &two, &[]).await;
    server.end().await;
}
