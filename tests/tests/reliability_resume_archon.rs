//! Which definition a resumed Archon run goes on with: the texts of commands
//! and scripts are a part of the nodes that use them, other workflows of the
//! project are none. Through the real binary.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use fermata_tests::Lab;
use serde_json::{Value, json};

/// The third node waits for a file that is not there at first.
const FLOW: &str = "name: notes
description: d
mutates_checkout: false
nodes:
  - {id: part, include: block}
  - {id: plan, depends_on: [part], command: plan}
  - {id: hold, depends_on: [plan], bash: test -e go}
  - {id: collect, depends_on: [hold], script: collect, runtime: bun}
";
const BLOCK: &str = "name: block
description: d
nodes:
  - {id: first, bash: echo one}
";
const OTHER: &str = "name: other
description: d
nodes:
  - {id: x, bash: echo x}
";
/// Shows a script and what it imports, wherever it lies.
const BUN: &str = "#!/bin/sh
for script; do :; done
cat \"$script\" \"$(dirname \"$script\")/parts/lib.ts\"
";

fn lay(lab: &Lab) -> PathBuf {
    for folder in ["workflows", "commands", "scripts/parts"] {
        let folder = lab.work().join(".archon").join(folder);
        std::fs::create_dir_all(folder).expect("a folder of the project");
    }
    std::fs::create_dir(lab.work().join("bin")).expect("a folder for programs");
    lab.write(".archon/workflows/notes.yaml", FLOW);
    lab.write(".archon/workflows/block.yaml", BLOCK);
    lab.write(".archon/workflows/other.yaml", OTHER);
    lab.write(".archon/commands/plan.md", "Plan it.\n");
    lab.write(".archon/scripts/collect.ts", "import './parts/lib.ts'\n");
    lab.write(".archon/scripts/parts/lib.ts", "lib as pinned\n");
    lab.write(
        "agent.yaml",
        "rules: [{step: plan, answers: [{say: planned}]}]\n",
    );
    let bun = lab.write("bin/bun", BUN);
    std::fs::set_permissions(&bun, std::fs::Permissions::from_mode(0o700)).expect("its mode");
    bun.parent().expect("a folder").to_path_buf()
}

fn call(lab: &Lab, bin: &std::path::Path, words: &[&str]) -> (Option<i32>, Value) {
    let path = std::env::var("PATH").expect("a path");
    let done = lab
        .command(words)
        .env("PATH", format!("{}:{path}", bin.display()))
        .output()
        .expect("it starts");
    let said = serde_json::from_slice(&done.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}: {}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        )
    });
    (done.status.code(), said)
}

/// A run that has failed before its script was due.
fn failed(lab: &Lab, bin: &std::path::Path) -> String {
    let words = [
        "run",
        ".archon/workflows/notes.yaml",
        "--agent",
        "scripted:agent.yaml",
        "--share-checkout",
        "--json",
    ];
    let (_, said) = call(lab, bin, &words);
    assert_eq!(said["status"], "failed", "{said:#}");
    lab.write("go", "");
    said["run"].as_str().expect("an id").to_owned()
}

fn output(lab: &Lab, run: &str, step: &str) -> String {
    let events = lab.events(run);
    let mut done = events
        .iter()
        .rev()
        .filter(|event| event["type"] == "step_completed" && event["path"].as_str() == Some(step));
    done.next()
        .map_or_else(String::new, |event| event.to_string())
}

#[test]
fn what_a_script_imports_is_pinned_with_it_and_asked_about_when_it_changes() {
    for (answer, shown) in [("pinned", "lib as pinned"), ("edited", "lib as edited")] {
        let lab = Lab::new();
        let bin = lay(&lab);
        let run = failed(&lab, &bin);
        lab.write(".archon/scripts/parts/lib.ts", "lib as edited\n");
        let (code, asked) = call(&lab, &bin, &["resume", &run, "--json"]);
        assert_eq!(code, Some(3), "{asked:#}");
        assert_eq!(asked["reason"], "definition_changed");
        assert_eq!(asked["steps"], json!(["collect"]));
        assert_eq!(asked["edited"], true);
        let words = ["resume", &run, "--definition", answer, "--json"];
        let (_, said) = call(&lab, &bin, &words);
        assert_eq!(said["status"], "completed", "{said:#}");
        let out = output(&lab, &run, "collect");
        assert!(out.contains(shown), "{answer}: {out}");
        assert!(out.contains("import './parts/lib.ts'"), "{out}");
        let events = lab.events(&run);
        let told = events.iter().any(|event| event["code"] == "script-copy");
        assert_eq!(told, answer == "pinned", "a copy that runs is told");
    }
}

#[test]
fn a_command_whose_answer_is_there_can_only_go_on_as_pinned() {
    let lab = Lab::new();
    let bin = lay(&lab);
    let run = failed(&lab, &bin);
    lab.write(".archon/commands/plan.md", "Plan it in another way.\n");
    let words = ["resume", &run, "--definition", "edited", "--json"];
    let (code, refused) = call(&lab, &bin, &words);
    assert_eq!(code, Some(3), "{refused:#}");
    assert_eq!(refused["steps"], json!(["plan"]));
    assert_eq!(refused["edited"], false);
}

#[test]
fn an_included_node_that_has_run_counts_by_the_name_that_it_runs_under() {
    let lab = Lab::new();
    let bin = lay(&lab);
    let run = failed(&lab, &bin);
    let edited = BLOCK.replace("echo one", "echo two");
    lab.write(".archon/workflows/block.yaml", &edited);
    let (code, refused) = call(&lab, &bin, &["resume", &run, "--json"]);
    assert_eq!(code, Some(3), "{refused:#}");
    assert_eq!(refused["steps"], json!(["part__first"]));
    assert_eq!(refused["edited"], false);
}

#[test]
fn another_workflow_of_the_project_and_a_comment_ask_nobody() {
    let lab = Lab::new();
    let bin = lay(&lab);
    let run = failed(&lab, &bin);
    lab.write(
        ".archon/workflows/other.yaml",
        &OTHER.replace("echo x", "echo y"),
    );
    lab.write(
        ".archon/workflows/notes.yaml",
        &format!("# looked through\n{FLOW}"),
    );
    let (_, said) = call(&lab, &bin, &["resume", &run, "--json"]);
    assert_eq!(said["status"], "completed", "{said:#}");
}
