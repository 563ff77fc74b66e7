//! How deep runs may start each other: a workflow that would start itself, and
//! a chain that is too long, end with a clear error and leave nothing behind.

use fermata_tests::Lab;
use fermata_tests::violence::examine;
use serde_json::Value;

/// Runs a workflow to its end; all runs that there are then, none of which may be live.
fn ended(lab: &Lab, file: &str, words: &[&str]) -> (Value, Vec<Value>) {
    let run = ["run", file, "--share-checkout", "--json"];
    let said = lab.call(&[&run, words].concat());
    assert_eq!(said.code, 1, "{said:?}");
    let all = lab.call(&["runs", "--all", "--json"]).json();
    let all = all["runs"].as_array().expect("runs").clone();
    for run in &all {
        assert_eq!(run["status"], "failed", "{run}");
        lab.until_workers_ended(run["run"].as_str().expect("an id"));
    }
    examine(lab);
    (said.json(), all)
}

/// The failure of a step of the newest run of a workflow.
fn failure(lab: &Lab, all: &[Value], workflow: &str, step: &str) -> Value {
    let run = all.iter().find(|run| run["workflow"] == workflow);
    let shown = lab.show(run.expect("a run")["run"].as_str().expect("an id"));
    let steps = shown["steps"].as_array().expect("steps").clone();
    let found = steps.iter().find(|one| one["step"] == step);
    found.expect("the step")["error"].clone()
}

#[test]
fn a_workflow_that_starts_itself_fails_at_that_step_and_starts_nothing() {
    let lab = Lab::new();
    let file = lab.archon(
        "me",
        "inputs: {n: {type: string, default: again}}\nnodes:\n  - {id: first, bash: echo first}\n  - {id: sub, depends_on: [first], when: \"$INPUTS.n == 'again'\", workflow: me, with: {n: done}}\n",
    );
    let (_, all) = ended(&lab, &file, &[]);
    assert_eq!(all.len(), 1, "{all:?}");
    let error = failure(&lab, &all, "me", "sub");
    assert_eq!(error["kind"], "cycle", "{error}");
    let why = error["message"].as_str().expect("a message");
    assert!(why.contains("would start itself: me"), "{why}");
}

#[test]
fn two_workflows_that_start_each_other_fail_where_the_circle_closes() {
    let lab = Lab::new();
    let a = lab.archon("a", "nodes:\n  - {id: to-b, workflow: b, input: q}\n");
    lab.archon("b", "nodes:\n  - {id: to-a, workflow: a, input: q}\n");
    let (_, all) = ended(&lab, &a, &[]);
    assert_eq!(all.len(), 2, "{all:?}");
    let error = failure(&lab, &all, "b", "to-a");
    assert_eq!(error["kind"], "cycle", "{error}");
    let why = error["message"].as_str().expect("a message");
    assert!(why.contains("a → b"), "{why}");
    assert_eq!(failure(&lab, &all, "a", "to-b")["kind"], "child-failed");
}

#[test]
fn five_runs_may_start_each_other_and_a_sixth_is_refused() {
    let lab = Lab::new();
    for depth in 1..=5 {
        let next = depth + 1;
        lab.archon(
            &format!("w{depth}"),
            &format!("nodes:\n  - {{id: down, workflow: w{next}, input: q}}\n"),
        );
    }
    lab.archon(
        "w6",
        "nodes:\n  - {id: bottom, bash: echo reached >> log}\n",
    );
    let second = lab.work().join(".archon/workflows/w2.yaml");
    let said = lab.call(&[
        "run",
        second.to_str().expect("UTF-8"),
        "--share-checkout",
        "--json",
    ]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(lab.read("log"), "reached\n");

    let lab2 = Lab::new();
    for depth in 1..=6 {
        let name = format!(".archon/workflows/w{depth}.yaml");
        lab2.write(&name, &lab.read(&name));
    }
    let first = lab2.work().join(".archon/workflows/w1.yaml");
    let (_, all) = ended(&lab2, first.to_str().expect("UTF-8"), &[]);
    assert_eq!(all.len(), 5, "{all:?}");
    let error = failure(&lab2, &all, "w5", "down");
    assert_eq!(error["kind"], "depth", "{error}");
    assert_eq!(lab2.read("log"), "");
}
