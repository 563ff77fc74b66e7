//! Runs in worktrees of their own, with real git: what somebody has not yet
//! committed is asked about, what a run has changed can be looked at and taken
//! over, and cleaning up loses nothing.

use std::path::Path;
use std::process::Command;

use fermata_tests::violence::{Lsp, uri};
use fermata_tests::{Lab, run_id, wait};
use serde_json::{Value, json};

/// Reads a tracked file, adds another one, and changes and deletes some.
const CHANGER: &str = r#"
workflow: {name: Change it, entry_point: change}
agents:
  - name: change
    type: script
    command: sh
    args: ["-c", "cat tracked; echo new > made; echo more >> grown; rm gone"]
output: {seen: "{{ change.output.stdout }}"}
"#;

/// Holds until a file named `go` appears in the folder of the test.
const HOLDER: &str = r#"
workflow: {name: hold, entry_point: hold, input: {until: {type: string}}}
agents:
  - name: hold
    type: script
    command: sh
    args: ["-c", "echo x > begun; while [ ! -e \"{{ workflow.input.until }}\" ]; do sleep 0.02; done"]
output: {}
"#;

fn git(folder: &Path, args: &[&str]) -> String {
    let done = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=ada", "-c", "user.email=ada@example.org"])
        .args(args)
        .output()
        .expect("git");
    assert!(done.status.success(), "{args:?}: {done:?}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// A lab whose folder is a repository with three tracked files, all of them committed.
fn repository() -> Lab {
    let lab = Lab::new();
    lab.write("flow.yaml", CHANGER);
    lab.write("hold.yaml", HOLDER);
    for name in ["tracked", "grown", "gone"] {
        lab.write(name, "as committed\n");
    }
    git(&lab.work(), &["init", "--quiet", "--initial-branch=main"]);
    git(&lab.work(), &["add", "."]);
    git(&lab.work(), &["commit", "--quiet", "--message=one"]);
    lab
}

fn run(lab: &Lab, words: &[&str]) -> Value {
    let mut call = vec!["run", "flow.yaml", "--worktree", "--json"];
    call.extend(words);
    lab.call(&call).json()
}

fn wish(lab: &Lab, run: &str, wish: &str) -> (i32, Value) {
    let said = lab.call(&["worktree", run, wish, "--json"]);
    (said.code, said.json())
}

fn dirty(lab: &Lab) {
    lab.write("tracked", "not committed\n");
}

/// The workflow fails behind its first step.
fn break_it(lab: &Lab) {
    let broken = CHANGER.replace(
        "output:",
        "    routes: [{to: missing}]\n  - {name: missing, type: script, command: no-such-program}\noutput:",
    );
    lab.write("flow.yaml", &broken);
    git(
        &lab.work(),
        &["commit", "--all", "--quiet", "--message=two"],
    );
}

#[test]
fn a_run_in_a_worktree_leaves_the_checkout_alone_until_its_changes_are_applied() {
    let lab = repository();
    let run = run_id(&run(&lab, &[]));
    assert_eq!(git(&lab.work(), &["status", "--porcelain"]), "");
    let (code, at) = wish(&lab, &run, "--path");
    assert_eq!(code, 0, "{at:#}");
    let tree = Path::new(at["worktree"].as_str().expect("a folder"));
    assert!(tree.join("made").exists());
    let branch = at["branch"].as_str().expect("a branch");
    assert_eq!(
        branch,
        format!("fermata/change-it-{}", &run[run.len() - 8..])
    );
    let printed = lab.call(&["worktree", &run]);
    assert_eq!(printed.out.trim_end(), tree.display().to_string());

    let patch = lab.call(&["worktree", &run, "--diff"]).out;
    for changed in ["+new", "+more", "-as committed", "deleted file", "b/made"] {
        assert!(patch.contains(changed), "{changed}: {patch}");
    }
    assert_eq!(
        wish(&lab, &run, "--apply"),
        (0, json!({"version": 1, "ok": true, "applied": "now"}))
    );
    assert_eq!(lab.read("made"), "new\n");
    assert_eq!(lab.read("grown"), "as committed\nmore\n");
    assert!(!lab.work().join("gone").exists());
    assert_eq!(wish(&lab, &run, "--apply").1["applied"], "before");
    assert_eq!(lab.read("grown"), "as committed\nmore\n", "not twice");

    // What stands in the checkout is not lost with the worktree.
    let (code, removed) = wish(&lab, &run, "--remove");
    assert_eq!((code, &removed["branch"]), (0, &Value::Null), "{removed:#}");
    assert!(!tree.exists());
    assert_eq!(git(&lab.work(), &["branch", "--list", "fermata/*"]), "");
    assert_eq!(git(&lab.work(), &["for-each-ref", "refs/fermata"]), "");
    assert_eq!(wish(&lab, &run, "--path").1["reason"], "gone");
}

#[test]
fn a_dirty_checkout_is_asked_about_once_and_nothing_starts_before_the_answer() {
    let lab = repository();
    dirty(&lab);
    lab.write("untracked", "is nobody's question");
    let asked = lab.call(&["run", "flow.yaml", "--worktree", "--json"]);
    assert_eq!(asked.code, 3, "{asked:?}");
    let choice = &asked.json()["choice"];
    assert_eq!(choice["prior"], Value::Null);
    assert_eq!(choice["changes"], json!(["tracked"]));
    assert_eq!(
        choice["answers"],
        json!(["with_changes", "from_head", "dismiss"])
    );
    assert!(lab.runs().is_empty(), "nothing was started");
    let start = choice["start"].as_str().expect("an id").to_owned();
    let listed = lab.call(&["runs", "--starts", "--json"]).json();
    assert_eq!(listed["starts"][0]["start"], start.as_str());
    assert_eq!(listed["starts"][0]["changes"], json!(["tracked"]));

    let unfit = lab.call(&["choose", &start, "run_fresh", "--json"]);
    assert_eq!(unfit.code, 2, "it is not about an earlier run: {unfit:?}");
    let chosen = lab.call(&["choose", &start, "with_changes", "--json"]);
    assert_eq!(
        chosen.json()["output"]["seen"],
        "not committed\n",
        "{chosen:?}"
    );
    assert_eq!(lab.read("tracked"), "not committed\n");
    // What was there before is not what the run has done.
    let patch = lab.call(&["worktree", "@last", "--diff"]).out;
    assert!(!patch.contains("not committed"), "{patch}");
    assert!(patch.contains("+new"), "{patch}");

    let again = run(&lab, &[]);
    assert_eq!(
        again["output"]["seen"], "not committed\n",
        "asked once only"
    );
}

#[test]
fn from_head_begins_without_the_changes_and_dismiss_starts_nothing() {
    let lab = repository();
    dirty(&lab);
    let first = run(&lab, &[]);
    let start = first["choice"]["start"].as_str().expect("an id").to_owned();
    assert_eq!(lab.call(&["choose", &start, "dismiss"]).code, 0);
    assert!(lab.runs().is_empty());
    let second = run(&lab, &[]);
    let start = second["choice"]["start"].as_str().expect("asked again");
    let chosen = lab.call(&["choose", start, "from_head", "--json"]);
    assert_eq!(chosen.json()["output"]["seen"], "as committed\n");
}

#[test]
fn the_earlier_run_is_asked_about_first_and_the_changes_in_the_same_request() {
    let lab = repository();
    break_it(&lab);
    let prior = run_id(&run(&lab, &[]));
    dirty(&lab);
    let first = run(&lab, &[]);
    assert_eq!(first["choice"]["prior"]["run"], prior.as_str());
    let start = first["choice"]["start"].as_str().expect("an id").to_owned();
    let second = lab.call(&["choose", &start, "abandon_and_run", "--json"]);
    assert_eq!(second.code, 3, "{second:?}");
    assert_eq!(second.json()["choice"]["start"], start.as_str());
    assert_eq!(second.json()["choice"]["changes"], json!(["tracked"]));
    assert_eq!(lab.show(&prior)["status"], "cancelled");
    assert_eq!(lab.runs().len(), 1);
    let chosen = lab.call(&["choose", &start, "from_head", "--json"]);
    assert_eq!(chosen.json()["status"], "failed", "{chosen:?}");
    assert_eq!(lab.runs().len(), 2);
}

#[test]
fn the_users_configuration_decides_about_changes_without_a_question() {
    let lab = repository();
    dirty(&lab);
    lab.configure("isolation: {with_changes: false}\n");
    assert_eq!(run(&lab, &[])["output"]["seen"], "as committed\n");
}

#[test]
fn a_worktree_with_work_that_is_nowhere_else_is_never_removed() {
    let lab = repository();
    let run = run_id(&run(&lab, &[]));
    let (code, refused) = wish(&lab, &run, "--remove");
    assert_eq!((code, &refused["reason"]), (1, &json!("dirty")));
    let at = wish(&lab, &run, "--path").1;
    let tree = Path::new(at["worktree"].as_str().expect("a folder")).to_owned();
    assert!(tree.join("made").exists());

    // Committed, it is kept by the branch.
    git(&tree, &["add", "--all"]);
    git(&tree, &["commit", "--quiet", "--message=kept"]);
    let (code, removed) = wish(&lab, &run, "--remove");
    assert_eq!(
        (code, &removed["branch"]),
        (0, &at["branch"]),
        "{removed:#}"
    );
    let branch = at["branch"].as_str().expect("a branch");
    assert_eq!(
        git(&lab.work(), &["show", &format!("{branch}:made")]),
        "new\n"
    );
}

#[test]
fn a_resumable_run_keeps_its_worktree_and_one_that_lost_it_is_not_resumed() {
    let lab = repository();
    break_it(&lab);
    let run = run_id(&run(&lab, &[]));
    let (code, refused) = wish(&lab, &run, "--remove");
    assert_eq!((code, &refused["reason"]), (1, &json!("resumable")));
    let at = wish(&lab, &run, "--path").1;
    std::fs::remove_dir_all(at["worktree"].as_str().expect("a folder")).expect("removed by hand");
    let resumed = lab.call(&["resume", &run, "--json"]);
    assert_eq!(resumed.code, 1, "{resumed:?}");
    let why = resumed.json()["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(why.contains("worktree") && why.contains("gone"), "{why}");
}

#[test]
fn changes_that_do_not_fit_the_checkout_change_nothing_there() {
    let lab = repository();
    let run = run_id(&run(&lab, &[]));
    lab.write("grown", "something else\n");
    let (code, refused) = wish(&lab, &run, "--apply");
    assert_eq!((code, &refused["reason"]), (1, &json!("conflict")));
    assert!(!lab.work().join("made").exists(), "whole or not at all");
    assert_eq!(lab.read("grown"), "something else\n");
}

#[test]
fn one_run_works_in_a_worktree_at_a_time() {
    let lab = repository();
    let go = lab.work().join("go");
    let until = format!("until={}", go.display());
    let held = lab.call(&[
        "run",
        "hold.yaml",
        "--worktree",
        "--detach",
        "--json",
        "-i",
        &until,
    ]);
    let run = run_id(&held.json());
    let tree = wait("the worktree is there", || {
        let at = wish(&lab, &run, "--path").1;
        let tree = Path::new(at["worktree"].as_str()?).to_owned();
        tree.join("begun").exists().then_some(tree)
    });
    let (code, refused) = wish(&lab, &run, "--apply");
    assert_eq!((code, &refused["reason"]), (1, &json!("live")));
    let inside = |words: &[&str]| {
        let mut call = vec!["run", "flow.yaml", "--json"];
        call.extend(words);
        let output = lab
            .command(&call)
            .current_dir(&tree)
            .output()
            .expect("the binary starts");
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    let busy = inside(&[]);
    assert_eq!(busy["reason"], "checkout_busy", "{busy:#}");
    assert_eq!(busy["run"], run.as_str());
    let message = busy["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("--worktree") && message.contains("--share-checkout"),
        "{message}"
    );
    assert_eq!(inside(&["--share-checkout"])["status"], "completed");
    std::fs::write(&go, "").expect("a file");
    wait("the holder is over", || {
        (lab.show(&run)["status"] == "completed").then_some(())
    });
    assert_eq!(inside(&["--force"])["reason"], Value::Null, "free again");
}

#[test]
fn pruning_removes_worktrees_that_hold_nothing_and_no_others() {
    let lab = repository();
    lab.configure("retention: {runs: 0}\n");
    lab.write(
        "idle.yaml",
        &CHANGER.replace("echo new > made; echo more >> grown; rm gone", "true"),
    );
    git(&lab.work(), &["add", "."]);
    git(&lab.work(), &["commit", "--quiet", "--message=two"]);
    let worked = run_id(&run(&lab, &[]));
    let idle = run_id(
        &lab.call(&["run", "idle.yaml", "--worktree", "--json"])
            .json(),
    );
    assert_eq!(lab.call(&["runs", "--prune"]).code, 0);
    let left: Vec<String> = lab.runs().iter().map(run_id).collect();
    assert_eq!(left, [worked], "not {idle}");
}

#[test]
fn the_question_about_changes_is_answered_from_an_editor_by_code_action() {
    let lab = repository();
    dirty(&lab);
    let start = run(&lab, &[])["choice"]["start"]
        .as_str()
        .expect("an id")
        .to_owned();
    let mut editor = Lsp::start(&lab);
    let file = uri(&lab.work().join("flow.yaml"));
    editor.notify(
        "textDocument/didOpen",
        &json!({"textDocument": {"uri": file, "languageId": "yaml", "version": 1, "text": CHANGER}}),
    );
    let action = wait("the choice is a code action", || {
        let found = editor.ask(
            "textDocument/codeAction",
            &json!({
                "textDocument": {"uri": file},
                "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}},
                "context": {"diagnostics": []},
            }),
        )?;
        let found = found["result"].as_array()?.clone();
        found
            .into_iter()
            .find(|action| action["title"] == "Run with your uncommitted changes")
    });
    let command = &action["command"];
    assert_eq!(command["arguments"][0]["start"], start.as_str());
    let result = editor
        .ask(
            "workspace/executeCommand",
            &json!({"command": command["command"], "arguments": command["arguments"]}),
        )
        .expect("an answer");
    let run = run_id(&result["result"]);
    wait("it has run", || {
        (lab.show(&run)["status"] == "completed").then_some(())
    });
    let patch = lab.call(&["worktree", &run, "--diff"]).out;
    assert!(!patch.contains("not committed"), "{patch}");
}
