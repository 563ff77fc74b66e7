//! Sessions of agents over the death of a worker and from run to run, through
//! the real binary and the scripted agent: what the log says of them.

#![cfg(unix)]

use fermata_tests::violence::{lives, signal, worker_of};
use fermata_tests::{Lab, wait};
use serde_json::Value;

/// Between the two prompts the run stands until a file is there.
const SHARED: &str = "name: shared
description: Two steps that share a session.
nodes:
  - {id: a, prompt: begin}
  - {id: hold, depends_on: [a], bash: 'touch held; while [ ! -e go ]; do sleep 0.02; done'}
  - {id: b, depends_on: [hold], prompt: go on, context: {resume: a}}
  - {id: c, depends_on: [b], prompt: and on}
";

const KEPT: &str = "name: kept
description: A node that remembers earlier runs.
nodes:
  - {id: a, prompt: remember, persist_session: true}
";

fn lab(sessions: &str) -> Lab {
    let lab = Lab::new();
    std::fs::create_dir_all(lab.work().join(".archon/workflows")).expect("a folder");
    lab.write(".archon/workflows/shared.yaml", SHARED);
    lab.write(".archon/workflows/kept.yaml", KEPT);
    lab.write(
        "s.script.yaml",
        &format!("sessions: {sessions}\nrules: [{{answer: said}}]\n"),
    );
    lab
}

/// The event of that type of a step that came last.
fn last(lab: &Lab, run: &str, kind: &str, step: &str) -> Value {
    let fits = |event: &Value| event["type"] == kind && event["step"] == step;
    lab.events(run).into_iter().rfind(fits).unwrap_or_default()
}

/// The session that a step was in.
fn session(lab: &Lab, run: &str, step: &str) -> Value {
    last(lab, run, "step_completed", step)["detail"]["session"].clone()
}

/// A run whose worker was killed between its two prompts, resumed.
fn killed_between(lab: &Lab) -> String {
    let words = ["run", "shared", "--agent", "scripted:s.script.yaml"];
    let said = lab.call(&[&words[..], &["--detach", "--json"]].concat());
    let run = said.json()["run"].as_str().expect("an id").to_owned();
    wait("the run stands between the prompts", || {
        lab.work().join("held").exists().then_some(())
    });
    let worker = worker_of(&lab.show(&run)).expect("a worker");
    assert!(signal(worker, "KILL"));
    wait("the worker is gone", || (!lives(worker)).then_some(()));
    lab.write("go", "");
    let said = lab.call(&["resume", &run, "--json"]);
    let over = said.json()["status"].clone();
    assert!(over == "completed" || over == "failed", "{said:?}");
    run
}

#[test]
fn a_step_goes_on_with_the_session_of_a_worker_that_was_killed() {
    let lab = lab("copied");
    let run = killed_between(&lab);
    assert_eq!(lab.show(&run)["status"], "completed");
    let a = session(&lab, &run, "a");
    let intent = last(&lab, &run, "step_started", "b");
    assert_eq!(intent["rendered"]["session"]["fork"]["session"], a["id"]);
    let b = session(&lab, &run, "b");
    assert_eq!(b["from"], a["id"]);
    assert_ne!(b["id"], a["id"], "it is a copy");
    assert_eq!(session(&lab, &run, "c")["from"], b["id"]);
    let lost = last(&lab, &run, "warning", "b");
    assert_eq!(lost, Value::Null, "nothing was lost");
    let log = lab.events(&run);
    let asked = log
        .iter()
        .filter(|event| event["type"] == "step_started" && event["step"] == "a");
    assert_eq!(asked.count(), 1, "what has a result is not asked again");
}

#[test]
fn a_step_whose_session_went_with_a_killed_worker_fails_and_says_what_to_do() {
    for sessions in ["forgotten", "fleeting"] {
        let lab = lab(sessions);
        let run = killed_between(&lab);
        assert_eq!(lab.show(&run)["status"], "failed");
        let error = last(&lab, &run, "step_failed", "b")["error"].clone();
        assert_eq!(error["kind"], "session");
        let message = error["message"].as_str().expect("words");
        let id = session(&lab, &run, "a")["id"].clone();
        let id = id.as_str().expect("an id");
        assert!(
            message.contains(id) && message.contains("--from"),
            "{message}"
        );
        // The advice holds: the step that it came from runs again.
        let said = lab.call(&["resume", &run, "--from", "a", "--json"]);
        assert_eq!(said.json()["status"], "completed", "{said:?}");
        assert_ne!(session(&lab, &run, "a")["id"], id);
    }
}

#[test]
fn a_persistent_session_goes_from_run_to_run_of_one_scope_until_it_is_forgotten() {
    let lab = lab("copied");
    let run = |more: &[&str]| {
        let words = ["run", "kept", "--agent", "scripted:s.script.yaml", "--json"];
        let said = lab.call(&[&words[..], more].concat()).json();
        assert_eq!(said["status"], "completed", "{said:#}");
        session(&lab, said["run"].as_str().expect("an id"), "a")
    };
    let first = run(&[]);
    assert_eq!(first["from"], Value::Null);
    let second = run(&[]);
    assert_eq!(second["from"], first["id"]);
    assert_eq!(run(&["--scope", "other"])["from"], Value::Null);
    let third = run(&[]);
    assert_eq!(third["from"], second["id"]);
    let forgotten = lab.call(&["runs", "--forget-sessions"]);
    assert!(forgotten.out.contains("forgot 2 sessions"), "{forgotten:?}");
    assert_eq!(run(&[])["from"], Value::Null);
}

#[test]
fn a_workflow_started_by_a_workflow_remembers_within_the_same_conversation() {
    let lab = lab("copied");
    lab.write(
        ".archon/workflows/parent.yaml",
        "name: parent\ndescription: It starts another.\nnodes:\n  - {id: kid, workflow: kept, input: x}\n",
    );
    let run = |scope: &str| {
        let words = ["run", "parent", "--agent", "scripted:s.script.yaml"];
        let said = lab.call(&[&words[..], &["--scope", scope, "--json"]].concat());
        assert_eq!(said.json()["status"], "completed", "{said:?}");
        let all = lab.call(&["runs", "--all", "--json"]).json();
        let runs = all["runs"].as_array().expect("a list").clone();
        let kid = runs
            .iter()
            .find(|row| row["parent"] == said.json()["run"])
            .expect("a child");
        session(&lab, kid["run"].as_str().expect("an id"), "a")
    };
    let first = run("one");
    assert_eq!(run("two")["from"], Value::Null);
    assert_eq!(run("one")["from"], first["id"]);
}

#[test]
fn a_persistent_session_that_its_agent_has_lost_is_begun_anew_with_a_warning() {
    let lab = lab("forgotten");
    let words = ["run", "kept", "--agent", "scripted:s.script.yaml", "--json"];
    let run = || {
        let said = lab.call(&words).json();
        assert_eq!(said["status"], "completed", "{said:#}");
        said["run"].as_str().expect("an id").to_owned()
    };
    let first = run();
    let second = run();
    let warned = last(&lab, &second, "warning", "a")["message"].clone();
    let warned = warned.as_str().expect("words");
    let id = session(&lab, &first, "a")["id"].clone();
    assert!(warned.contains(id.as_str().expect("an id")), "{warned}");
    let kept = session(&lab, &second, "a")["id"].clone();
    assert_ne!(kept, id);
    let third = run();
    let from = session(&lab, &third, "a")["from"].clone();
    assert_eq!(from, kept, "the new one was kept in its place");
}
