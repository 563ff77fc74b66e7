//! What a run leaves behind when somebody ends it: no attempt without an
//! outcome, no process, no open gate.

use fermata_tests::violence::lives;
use fermata_tests::{Lab, wait};
use serde_json::Value;

const ENDLESS: &str = r#"
workflow:
  name: endless
  entry_point: work
agents:
  - name: work
    type: script
    command: sh
    args: ["-c", "echo $$ >> pids; if [ -e go ]; then exit 0; fi; exec sleep 600"]
    routes: [{to: $end}]
"#;

fn begun(lab: &Lab) -> String {
    lab.write("endless.yaml", ENDLESS);
    assert_eq!(lab.call(&["run", "endless.yaml", "--detach"]).code, 0);
    wait("the step runs", || {
        lab.read("pids").contains('\n').then_some(())
    });
    lab.newest()["run"].as_str().expect("an id").to_owned()
}

fn settled(lab: &Lab, run: &str) {
    let shown = lab.show(run);
    for step in shown["steps"].as_array().expect("steps") {
        assert_eq!(step["status"], "failed", "{shown:#}");
        assert!(step["ended"].is_u64(), "{shown:#}");
    }
    let outcomes: Vec<Value> = lab
        .events(run)
        .into_iter()
        .filter(|e| e["type"] == "step_failed")
        .collect();
    assert_eq!(outcomes.len(), 1, "the attempt has one outcome in the log");
    let pid: u64 = lab.read("pids").trim().parse().expect("one process");
    wait("its process is gone", || (!lives(pid)).then_some(()));
}

#[test]
fn a_stop_ends_the_open_attempt_and_logs_its_outcome() {
    let lab = Lab::new();
    let run = begun(&lab);
    assert_eq!(lab.call(&["stop", &run]).code, 0);
    assert_eq!(lab.until_status("failed")["cause"], "stopped");
    settled(&lab, &run);
}

#[test]
fn an_interrupted_run_shows_no_attempt_as_running_and_goes_on_with_the_next_one() {
    let lab = Lab::new();
    let run = begun(&lab);
    lab.kill_worker(&run);
    assert_eq!(lab.until_status("failed")["cause"], "interrupted");
    settled(&lab, &run);
    lab.write("go", "");
    assert_eq!(lab.call(&["resume", &run, "--json"]).code, 0);
    let attempts: Vec<Value> = lab
        .events(&run)
        .into_iter()
        .filter(|e| e["type"] == "step_started")
        .map(|e| e["attempt"].clone())
        .collect();
    assert_eq!(attempts, [1, 2]);
}

#[test]
fn a_run_abandoned_after_its_worker_died_leaves_no_attempt_open() {
    let lab = Lab::new();
    let run = begun(&lab);
    lab.kill_worker(&run);
    assert_eq!(lab.call(&["abandon", &run]).code, 0);
    lab.until_status("cancelled");
    settled(&lab, &run);
}
