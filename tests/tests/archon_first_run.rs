//! What somebody with an Archon project meets first: inputs that are mistyped,
//! scripts that are not there, worktrees, gates that take a text, and what the
//! terminal says of all that.

use std::process::Command;

use fermata_tests::{Lab, run_id, wait};

const ONE: &str = "worktree: {enabled: true}\ninputs: {package: {description: Which one}}\nnodes:\n  - {id: look, bash: echo looked >> ../log}\n";
const GATE: &str = "\
interactive: true
worktree: {enabled: false}
nodes:
  - id: ask
    approval:
      message: Ship it?
      decisions: [{id: approve}, {id: ask-change, label: Ask for a change}]
  - {id: use, depends_on: [ask], bash: \"printf '%s' $ask.output.text > said\"}
";

fn git(lab: &Lab, words: &[&str]) {
    let said = Command::new("git")
        .current_dir(lab.work())
        .args(["-c", "user.name=ada", "-c", "user.email=ada@example.test"])
        .args(words)
        .output()
        .expect("git starts");
    assert!(said.status.success(), "{said:?}");
}

#[test]
fn an_input_that_is_not_declared_is_refused_and_no_run_is_made() {
    let lab = Lab::new();
    let file = lab.archon("one", ONE);
    let said = lab.call(&["run", &file, "-i", "pakage=x"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.err.contains("`one` has no such input; it has package"),
        "{said:?}"
    );
    assert!(lab.runs().is_empty());
}

#[test]
fn a_worktree_that_cannot_be_made_is_refused_before_there_is_a_run() {
    let lab = Lab::new();
    let file = lab.archon("one", ONE);
    let said = lab.call(&["run", &file, "--worktree"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("git init"), "{said:?}");
    git(&lab, &["init", "--quiet", "."]);
    let said = lab.call(&["run", &file]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("has no commit yet"), "{said:?}");
    assert!(said.err.contains("--no-worktree"), "{said:?}");
    assert!(lab.runs().is_empty());
}

#[test]
fn a_run_in_a_worktree_says_where_it_works_and_how_its_changes_come_here() {
    let lab = Lab::new();
    let file = lab.archon("one", ONE);
    git(&lab, &["init", "--quiet", "."]);
    git(&lab, &["add", "."]);
    git(&lab, &["commit", "--quiet", "-m", "begin"]);
    let said = lab.call(&["run", &file]);
    assert_eq!(said.code, 0, "{said:?}");
    let run = lab.show(&run_id(&lab.newest()));
    let worktree = run["worktree"].as_str().expect("a worktree");
    assert!(said.out.contains(worktree), "{said:?}");
    assert!(said.out.contains("--apply"), "{said:?}");
}

#[test]
fn a_child_without_a_script_of_its_own_answers_from_its_parents() {
    let lab = Lab::new();
    lab.archon("one", "nodes:\n  - {id: look, prompt: Look}\n");
    let file = lab.archon("all", "nodes:\n  - {id: sub, workflow: one}\n");
    lab.write(
        ".archon/all.script.yaml",
        "rules: [{step: look, answer: seen}]\n",
    );
    let said = lab.call(&["run", &file, "--agent", "scripted"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("seen"), "{said:?}");
}

#[test]
fn a_missing_script_is_named_with_the_place_where_it_belongs() {
    let lab = Lab::new();
    let file = lab.archon("one", "nodes:\n  - {id: look, prompt: Look}\n");
    let said = lab.call(&["run", &file, "--agent", "scripted"]);
    assert_eq!(said.code, 1, "{said:?}");
    let place = lab.work().join(".archon/one.script.yaml");
    let place = place.canonicalize().unwrap_or(place);
    assert!(said.err.contains(&place.display().to_string()), "{said:?}");
}

#[test]
fn the_text_of_an_approval_goes_behind_a_colon_and_show_says_so() {
    let lab = Lab::new();
    let file = lab.archon("gate", GATE);
    let held = lab.call(&["run", &file]);
    assert_eq!(held.code, 4, "{held:?}");
    assert!(held.out.contains("`approve: TEXT`"), "{held:?}");
    let run = run_id(&lab.newest());
    let shown = lab.call(&["show", &run]);
    assert!(shown.out.contains("--gate g1"), "{shown:?}");
    let said = lab.call(&["answer", &run, "ask-change:", "shorter,", "it's", "long"]);
    assert_eq!(said.code, 0, "{said:?}");
    lab.until(&run, "completed");
    assert_eq!(lab.read("said"), "shorter, it's long");
}

#[test]
fn a_failed_run_says_how_to_go_on_and_shows_why_and_a_resume_tells_only_what_is_new() {
    let lab = Lab::new();
    let file = lab.archon(
        "two",
        "worktree: {enabled: false}\nnodes:\n  - {id: a, bash: echo a}\n  - {id: b, depends_on: [a], bash: test -e go}\n",
    );
    let failed = lab.call(&["run", &file]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.out.contains("`fermata resume "), "{failed:?}");
    let run = run_id(&lab.newest());
    let shown = lab.call(&["show", &run]);
    let why = lab.show(&run)["error"]["message"].clone();
    assert!(
        shown.out.contains(why.as_str().expect("a reason")),
        "{shown:?}"
    );
    lab.write("go", "");
    let resumed = lab.call(&["resume", &run]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert!(resumed.out.contains("b started (attempt 2)"), "{resumed:?}");
    assert!(!resumed.out.contains("a started"), "{resumed:?}");
}

#[test]
fn a_step_whose_folder_is_gone_says_so() {
    let lab = Lab::new();
    let file = lab.archon("gate", GATE);
    let folder = lab.work().join("below");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut run = lab.command(&["run", &file]);
    let held = run.current_dir(&folder).output().expect("it runs");
    assert_eq!(held.status.code(), Some(4), "{held:?}");
    let run = run_id(&lab.newest());
    std::fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(lab.call(&["answer", &run, "approve"]).code, 0);
    let failed = wait("the run is over", || {
        let shown = lab.show(&run);
        (shown["status"] == "failed").then_some(shown)
    });
    let why = failed["error"]["message"].as_str().unwrap_or_default();
    assert!(why.contains("is gone"), "{why}");
}

#[test]
fn a_new_workflow_is_one_of_archon_where_there_is_an_archon_folder() {
    let lab = Lab::new();
    lab.write(".archon/config.yaml", "");
    let said = lab.call(&["new", "fresh"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(lab.work().join(".archon/workflows/fresh.yaml").is_file());
    let checked = lab.call(&["check"]);
    assert_eq!(checked.code, 0, "{checked:?}");
}

#[test]
fn a_dry_run_passes_approvals_and_the_gates_of_interactive_loops() {
    let lab = Lab::new();
    let file = lab.archon(
        "talk",
        "interactive: true\nnodes:\n  - id: talk\n    loop: {prompt: Talk, until: ALL_CLEAR, max_iterations: 4, interactive: true, gate_message: More?}\n  - {id: ask, depends_on: [talk], approval: {message: Ship it?}}\n",
    );
    lab.write(
        "stubs.yaml",
        "rules: [{step: talk, answers: [which?, \"<promise>ALL_CLEAR</promise>\"]}]\n",
    );
    let said = lab.call(&["run", &file, "--dry-run", "--stubs", "stubs.yaml"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("talk[2] done"), "{said:?}");
    assert!(!said.out.contains("talk[3]"), "{said:?}");
    assert_eq!(
        said.out.matches("answered by dry-run from policy").count(),
        2,
        "{said:?}"
    );
}
