//! Which definition a resumed run goes on with, and from where: through the
//! real binary, effects counted outside.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;

use fermata_tests::Lab;
use fermata_tests::workflows::HELD;
use serde_json::{Value, json};

/// The third step is a program that is not there at first.
const FLOW: &str = r#"
workflow: {name: edited, entry_point: first}
agents:
  - {name: first, type: script, command: sh, args: ["-c", "echo first >> log; echo 1"], routes: [{to: second}]}
  - {name: second, type: script, command: sh, args: ["-c", "echo second >> log; echo 2"], routes: [{to: third}]}
  - {name: third, type: script, command: ./third, args: ["as pinned"]}
output: {sum: "{{ first.output.stdout | trim }}{{ second.output.stdout | trim }}"}
"#;

/// Goes round until it has gone round five times; the file allows three steps.
fn rounds() -> String {
    HELD.replace("100", "6")
}

fn failed(lab: &Lab) -> String {
    lab.write("edited.yaml", FLOW);
    let said = lab.call(&["run", "edited.yaml", "--json"]).json();
    assert_eq!(said["status"], "failed", "{said:#}");
    let third = lab.write("third", "#!/bin/sh\necho \"third $1\" >> log\n");
    std::fs::set_permissions(&third, std::fs::Permissions::from_mode(0o700)).expect("its mode");
    said["run"].as_str().expect("an id").to_owned()
}

#[test]
fn a_changed_file_is_a_question_and_pinned_or_edited_is_its_answer() {
    for (answer, did) in [("pinned", "third as pinned"), ("edited", "third as edited")] {
        let lab = Lab::new();
        let run = failed(&lab);
        lab.write("edited.yaml", &FLOW.replace("as pinned", "as edited"));
        let asked = lab.call(&["resume", &run, "--json"]);
        assert_eq!(asked.code, 3, "{asked:?}");
        let asked = asked.json();
        assert_eq!(asked["reason"], "definition_changed");
        assert_eq!(asked["steps"], json!(["third"]));
        assert_eq!(asked["edited"], true);
        assert_eq!(lab.read("log"), "first\nsecond\n", "nothing has run");
        let said = lab.call(&["resume", &run, "--definition", answer, "--json"]);
        assert_eq!(said.json()["status"], "completed", "{said:?}");
        assert_eq!(lab.read("log"), format!("first\nsecond\n{did}\n"));
    }
}

#[test]
fn an_edited_step_that_has_a_result_can_only_go_on_as_pinned() {
    let lab = Lab::new();
    let run = failed(&lab);
    lab.write("edited.yaml", &FLOW.replace("echo 2", "echo 20"));
    let refused = lab.call(&["resume", &run, "--definition", "edited", "--json"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(refused.json()["edited"], false);
    assert_eq!(refused.json()["steps"], json!(["second"]));
    let said = lab.call(&["resume", &run, "--definition", "pinned", "--json"]);
    assert_eq!(said.json()["output"]["sum"], 12, "{said:?}");
}

#[test]
fn a_comment_asks_nobody() {
    let lab = Lab::new();
    let run = failed(&lab);
    lab.write("edited.yaml", &format!("# looked through by ada\n{FLOW}"));
    let said = lab.call(&["resume", &run, "--json"]);
    assert_eq!(said.json()["status"], "completed", "{said:?}");
}

#[test]
fn a_workflow_that_a_step_runs_counts_as_much_as_its_own_file() {
    const MAIN: &str = r#"
workflow: {name: main, entry_point: kid}
agents:
  - {name: kid, type: workflow, workflow: kid.yaml, routes: [{to: third}]}
  - {name: third, type: script, command: ./third, args: ["it"]}
"#;
    const KID: &str = r#"
workflow: {name: kid, entry_point: inner}
agents: [{name: inner, type: script, command: sh, args: ["-c", "echo inner >> log"]}]
output: {}
"#;
    let lab = Lab::new();
    lab.write("kid.yaml", KID);
    lab.write("main.yaml", MAIN);
    let said = lab.call(&["run", "main.yaml", "--json"]).json();
    assert_eq!(said["status"], "failed", "{said:#}");
    let run = said["run"].as_str().expect("an id");
    lab.write("kid.yaml", &KID.replace("echo inner", "echo other"));
    let asked = lab.call(&["resume", run, "--definition", "edited", "--json"]);
    assert_eq!(asked.code, 3, "{asked:?}");
    assert_eq!(asked.json()["steps"], json!(["kid.yaml: inner"]));
    assert_eq!(asked.json()["edited"], false, "it has run");
    lab.write("kid.yaml", &format!("# a comment\n{KID}"));
    let third = lab.write("third", "#!/bin/sh\n");
    std::fs::set_permissions(&third, std::fs::Permissions::from_mode(0o700)).expect("its mode");
    let resumed = lab.call(&["resume", run, "--json"]);
    assert_eq!(resumed.json()["status"], "completed", "{resumed:?}");
    assert_eq!(lab.read("log"), "inner\n");
}

#[test]
fn a_resume_from_a_finished_step_runs_it_and_what_came_after_again() {
    let lab = Lab::new();
    let run = failed(&lab);
    let unknown = lab.call(&["resume", &run, "--from", "nowhere", "--json"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(
        unknown.err.contains("finished: first, second"),
        "{}",
        unknown.err
    );
    let before = lab.events(&run);
    let said = lab.call(&["resume", &run, "--from", "second", "--json"]);
    assert_eq!(said.json()["status"], "completed", "{said:?}");
    assert_eq!(lab.read("log"), "first\nsecond\nsecond\nthird as pinned\n");
    let after = lab.events(&run);
    assert_eq!(after[..before.len()], before, "invalidated, not erased");
    let invalidated = after
        .iter()
        .find(|event| event["type"] == "steps_invalidated")
        .expect("an event says so");
    assert_eq!(invalidated["from"], "second");
}

#[test]
fn the_limit_is_the_larger_of_what_the_file_says_now_and_what_the_run_was_granted() {
    let lab = Lab::new();
    lab.write("loop.yaml", &rounds());
    let run = |words: &[&str]| -> Value {
        let mut call = vec!["run", "loop.yaml", "--force", "--json"];
        call.extend(words);
        lab.call(&call).json()
    };
    let id = |said: &Value| said["run"].as_str().expect("an id").to_owned();
    // Raised in the file.
    let stopped = id(&run(&["--gates", "stop"]));
    lab.write(
        "loop.yaml",
        &rounds().replace("max_iterations: 3", "max_iterations: 6"),
    );
    let resumed = lab.call(&["resume", &stopped, "--json"]);
    assert_eq!(resumed.json()["status"], "completed", "{resumed:?}");

    // Granted to the run, and then lowered in the file.
    lab.write("loop.yaml", &rounds());
    let held = id(&run(&[]));
    assert_eq!(lab.call(&["answer", &held, "continue", "2"]).code, 0);
    let held_again = fermata_tests::wait("it holds again", || {
        let shown = lab.show(&held);
        (shown["gates"][0]["max_iterations"] == 5).then_some(shown)
    });
    assert_eq!(held_again["status"], "waiting");
    assert_eq!(lab.call(&["stop", &held]).code, 0);
    lab.until_status("failed");
    lab.write(
        "loop.yaml",
        &rounds().replace("max_iterations: 3", "max_iterations: 2"),
    );
    let resumed = lab.call(&["resume", &held, "--json"]);
    assert_eq!(
        resumed.json()["gates"][0]["max_iterations"],
        5,
        "what was granted stays: {resumed:?}"
    );
}
