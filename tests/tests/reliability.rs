//! Runs under violence, through the real binary: killed workers, two people at
//! once, answers that come late. Every effect is counted outside of the run.

use fermata_tests::workflows::HELD;
use fermata_tests::{Lab, run_id, samples, wait};
use serde_json::Value;

/// Three steps that each append a line to a file; the second waits for a file to appear.
const COUNTED: &str = r#"
workflow:
  name: counted
  entry_point: first
agents:
  - name: first
    type: script
    command: sh
    args: ["-c", "echo first >> log"]
    routes: [{to: second}]
  - name: second
    type: script
    command: sh
    args: ["-c", "echo second-$FERMATA_STEP_ATTEMPT >> log; while [ ! -e go ]; do sleep 0.02; done"]
    routes: [{to: third}]
  - name: third
    type: script
    command: sh
    args: ["-c", "echo third >> log"]
    routes: [{to: $end}]
output:
  code: "{{ third.output.exit_code }}"
"#;

fn dense(events: &[Value]) {
    let seqs: Vec<u64> = events
        .iter()
        .map(|e| e["seq"].as_u64().expect("a seq"))
        .collect();
    assert_eq!(
        seqs,
        (1..=seqs.len() as u64).collect::<Vec<_>>(),
        "the log has no holes"
    );
}

#[test]
fn a_killed_worker_leaves_an_interrupted_run_that_resumes_without_repeating_finished_steps() {
    let lab = Lab::new();
    lab.write("counted.yaml", COUNTED);
    assert_eq!(lab.call(&["run", "counted.yaml", "--detach"]).code, 0);
    wait("the second step runs", || {
        lab.read("log").contains("second-1").then_some(())
    });
    let run = run_id(&lab.newest());
    lab.kill_worker(&run);
    // Whoever looks next finds out at once.
    let found = lab.until_status("failed");
    assert_eq!(found["cause"], "interrupted");

    lab.write("go", "");
    let resumed = lab.call(&["resume", &run, "--json"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(resumed.json()["status"], "completed");
    assert_eq!(lab.read("log"), "first\nsecond-1\nsecond-2\nthird\n");
    dense(&lab.events(&run));
}

#[test]
fn a_new_request_after_an_interrupted_run_asks_and_keeps_its_words() {
    let lab = Lab::new();
    let text = COUNTED.replace(
        "  entry_point: first",
        "  entry_point: first\n  input: {task: {type: string}}",
    );
    lab.write("counted.yaml", &text);
    assert_eq!(
        lab.call(&["run", "counted.yaml", "--detach", "the old words"])
            .code,
        0
    );
    wait("the second step runs", || {
        lab.read("log").contains("second-1").then_some(())
    });
    let old = run_id(&lab.newest());
    lab.kill_worker(&old);
    lab.until_status("failed");

    let asked = lab.call(&["run", "counted.yaml", "--json", "the new words"]);
    assert_eq!(asked.code, 3, "{asked:?}");
    let asked = asked.json();
    assert_eq!(asked["reason"], "choice");
    assert_eq!(asked["choice"]["prior"]["run"], old.as_str());
    assert_eq!(asked["choice"]["prior"]["message"], "the old words");
    assert_eq!(lab.runs().len(), 1, "nothing was started");
    assert_eq!(lab.read("log"), "first\nsecond-1\n", "nothing was executed");

    lab.write("go", "");
    let start = asked["choice"]["start"].as_str().expect("a start request");
    let chosen = lab.call(&["choose", start, "run_fresh", "--json"]);
    assert_eq!(chosen.code, 0, "{chosen:?}");
    let fresh = lab.newest();
    assert_eq!(fresh["message"], "the new words");
    let kept = lab
        .runs()
        .into_iter()
        .find(|run| run["run"] == old.as_str())
        .expect("the old run");
    assert_eq!(kept["status"], "failed", "the earlier run is as it was");
    // Kept once, it is not asked about again.
    assert_eq!(lab.call(&["run", "counted.yaml", "once more"]).code, 0);
}

#[test]
fn of_two_answers_at_once_exactly_one_wins_and_the_other_is_told_who() {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    for round in 0..5 {
        let started = lab.call(&["run", "held.yaml", "--force", "--json"]);
        assert_eq!(started.code, 4, "{started:?}");
        let run = run_id(&started.json());
        let answers: Vec<_> = (0..2)
            .map(|_| lab.start(&["answer", &run, "--gate", "g1", "--json", "stop"]))
            .collect();
        let said: Vec<Value> = answers
            .into_iter()
            .map(|child| {
                let output = child.wait_with_output().expect("the answer ends");
                serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
            })
            .collect();
        let won = said.iter().filter(|answer| answer["ok"] == true).count();
        assert_eq!(won, 1, "round {round}: {said:?}");
        let lost = said
            .iter()
            .find(|answer| answer["ok"] == false)
            .expect("one lost");
        assert_eq!(lost["answered"]["by"], "ada");
        assert_eq!(lost["answered"]["surface"], "terminal");
        let closings = lab
            .events(&run)
            .iter()
            .filter(|e| e["type"] == "iteration_limit_resolved")
            .count();
        assert_eq!(closings, 1);
    }
}

#[test]
fn an_answer_to_a_withdrawn_gate_is_refused_with_the_reason() {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    let run = run_id(&lab.call(&["run", "held.yaml", "--json"]).json());
    assert_eq!(lab.call(&["stop", &run]).code, 0);
    lab.until_status("failed");
    let late = lab.call(&["answer", &run, "--gate", "g1", "--json", "continue", "5"]);
    assert_eq!(late.code, 1);
    let reason = late.json()["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("stopped"), "{reason}");
}

#[test]
fn too_few_more_iterations_are_refused_with_the_number_that_would_do() {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    let run = run_id(&lab.call(&["run", "held.yaml", "--json"]).json());
    let refused = lab.call(&["answer", &run, "--json", "continue", "0"]);
    assert_eq!(refused.code, 1);
    assert_eq!(refused.json()["needed"], 1);
    assert_eq!(lab.newest()["status"], "waiting", "the gate is still open");
}

#[test]
fn two_resumes_at_once_start_one_worker() {
    let lab = Lab::new();
    lab.write("counted.yaml", COUNTED);
    assert_eq!(lab.call(&["run", "counted.yaml", "--detach"]).code, 0);
    wait("the second step runs", || {
        lab.read("log").contains("second-1").then_some(())
    });
    let run = run_id(&lab.newest());
    lab.kill_worker(&run);
    lab.until_status("failed");
    let resumes: Vec<_> = (0..2)
        .map(|_| lab.start(&["resume", &run, "--detach", "--json"]))
        .collect();
    let codes: Vec<i32> = resumes
        .into_iter()
        .map(|child| {
            child
                .wait_with_output()
                .expect("it ends")
                .status
                .code()
                .unwrap_or(-1)
        })
        .collect();
    assert!(codes.contains(&0), "one of them goes on: {codes:?}");
    lab.write("go", "");
    lab.until_status("completed");
    assert_eq!(lab.read("log"), "first\nsecond-1\nsecond-2\nthird\n");
    let starts = lab
        .events(&run)
        .iter()
        .filter(|e| e["type"] == "run_started")
        .count();
    assert_eq!(starts, 2, "the first worker and one more");
    assert_eq!(lab.runs().len(), 1, "never a fresh run");
}

#[test]
fn a_viewer_that_is_killed_leaves_the_run_alone() {
    let lab = Lab::new();
    lab.write("counted.yaml", COUNTED);
    let mut viewer = lab.start(&["run", "counted.yaml"]);
    wait("the second step runs", || {
        lab.read("log").contains("second-1").then_some(())
    });
    viewer.kill().expect("the viewer dies");
    viewer.wait().expect("and is gone");
    lab.write("go", "");
    lab.until_status("completed");
    assert_eq!(lab.read("log"), "first\nsecond-1\nthird\n");
}

#[test]
fn the_same_request_twice_is_one_run() {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    let first = lab.call(&["run", "held.yaml", "--request-id", "r1", "--json"]);
    let second = lab.call(&["run", "held.yaml", "--request-id", "r1", "--json"]);
    assert_eq!(first.json()["run"], second.json()["run"]);
    assert_eq!(lab.runs().len(), 1);
}

#[test]
fn every_sample_runs_with_the_scripted_agent() {
    for (sample, words, code) in [
        ("hello", vec!["Ada"], 0),
        ("script-and-route", vec![], 0),
        ("human-gate", vec!["The 2.0 release"], 4),
        ("review-loop", vec!["A rate limiter"], 4),
        ("plan-children", vec![], 4),
    ] {
        let lab = Lab::new();
        let file = samples().join(format!("{sample}.yaml"));
        let mut call = vec![
            "run",
            file.to_str().expect("UTF-8"),
            "--agent",
            "scripted",
            "--json",
        ];
        call.extend(words);
        let said = lab.call(&call);
        assert_eq!(said.code, code, "{sample}: {said:?}");
    }
}

#[test]
fn what_check_rejects_never_runs_and_what_it_accepts_loads() {
    let lab = Lab::new();
    lab.write("good.yaml", HELD);
    lab.write(
        "bad.yaml",
        &HELD.replace("- {to: again}", "- {to: nowhere}"),
    );
    let checked = lab.call(&["check", "good.yaml", "bad.yaml", "--json"]);
    let verdicts: Vec<Value> = checked.json()["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|f| f["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["accepted", "rejected"]);
    let refused = lab.call(&["run", "bad.yaml", "--json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(refused.json()["reason"], "rejected");
    assert!(lab.runs().is_empty(), "nothing was started");
    assert_eq!(
        lab.call(&["run", "good.yaml", "--json"]).json()["status"],
        "waiting"
    );
}

#[test]
fn two_children_that_hold_at_their_limits_are_answered_newest_first() {
    let lab = Lab::new();
    let file = samples().join("plan-children.yaml");
    let held = lab.call(&[
        "run",
        file.to_str().expect("UTF-8"),
        "--agent",
        "scripted",
        "--json",
    ]);
    assert_eq!(held.code, 4, "{held:?}");
    let held = held.json();
    let run = run_id(&held);
    let gates: Vec<&str> = held["gates"]
        .as_array()
        .expect("gates")
        .iter()
        .filter_map(|g| g["gate"].as_str())
        .collect();
    assert_eq!(gates, ["g1", "g2"], "two children hold at the same time");
    for gate in ["g2", "g1"] {
        let answered = lab.call(&["answer", &run, "--gate", gate, "--json", "stop"]);
        assert_eq!(answered.code, 0, "{answered:?}");
    }
    // One child has agreed and two have failed, which the group's failure mode takes.
    lab.until_status("completed");
    let shown = lab.call(&["resume", &run, "--json"]);
    assert_eq!(shown.code, 1, "a completed run is over: {shown:?}");
}
