//! Processes that are stopped and go on later: a worker that somebody else
//! replaces, and a closed laptop lid. What counts is what the steps write
//! themselves and what the log says.

use fermata_tests::violence::{examine, lives, signal, worker_of};
use fermata_tests::{Lab, run_id, wait};

/// A step that ends when a file appears, and one after it.
const HELD_UP: &str = r#"
workflow:
  name: held-up
  entry_point: first
agents:
  - name: first
    type: script
    command: sh
    args: ["-c", "echo first-$FERMATA_STEP_ATTEMPT >> log; while [ ! -e go ]; do sleep 0.02; done; echo first-$FERMATA_STEP_ATTEMPT-end >> log"]
    routes: [{to: second}]
  - name: second
    type: script
    command: sh
    args: ["-c", "echo second-$FERMATA_STEP_ATTEMPT >> log"]
    routes: [{to: $end}]
"#;

/// Asks at once, and may work for a few minutes in all.
const ASKS: &str = r#"
workflow:
  name: asks
  entry_point: ask
  limits: {timeout_seconds: 600}
agents:
  - name: ask
    type: human_gate
    prompt: Go on?
    options:
      - {label: Yes, value: "yes", route: after}
      - {label: No, value: "no", route: $end}
  - name: after
    type: script
    command: sh
    args: ["-c", "echo after >> log"]
    routes: [{to: $end}]
"#;

/// Stops a worker, and its log with it.
struct Stopped(u64);

impl Stopped {
    fn worker(lab: &Lab, run: &str) -> Self {
        let pid = worker_of(&lab.show(run)).expect("a worker");
        assert!(signal(pid, "STOP"), "worker {pid} is there to be stopped");
        Self(pid)
    }

    fn go_on(&self) -> bool {
        signal(self.0, "CONT")
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.go_on();
    }
}

/// UTC milliseconds, as the log counts them.
fn now() -> u64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    u64::try_from(since.as_millis()).expect("before the end of time")
}

#[test]
fn a_worker_that_does_not_respond_is_ended_before_its_run_goes_on_and_writes_nothing_later() {
    let lab = Lab::new();
    lab.write("held-up.yaml", HELD_UP);
    assert_eq!(lab.call(&["run", "held-up.yaml", "--detach"]).code, 0);
    wait("the first step runs", || {
        lab.read("log").contains("first-1").then_some(())
    });
    let run = run_id(&lab.newest());
    let worker = Stopped::worker(&lab, &run);
    let before = lab.events(&run).len();
    assert_eq!(
        lab.newest()["status"],
        "running",
        "a stopped worker holds its run"
    );
    // While it might be about to say something, nobody takes its run away.
    let refused = lab.call(&["resume", &run, "--detach", "--json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(lab.events(&run).len(), before);

    let resumed = wait("it counts as not responding", || {
        let said = lab.call(&["resume", &run, "--detach", "--json"]);
        (said.code == 0).then_some(said)
    });
    assert_eq!(resumed.json()["run"], run.as_str());
    let _ = worker.go_on();
    assert!(
        !lives(worker.0),
        "the old worker is gone, not merely stopped"
    );
    lab.write("go", "");
    lab.until_status("completed");
    assert_eq!(lab.read("log"), "first-1\nfirst-2\nfirst-2-end\nsecond-1\n");
    let events = lab.events(&run);
    let mut fence = 0;
    for event in events.iter().filter(|e| e["type"] == "run_started") {
        let next = event["fence"].as_u64().expect("a fence");
        assert!(next > fence, "every claim has a fence of its own");
        fence = next;
    }
    examine(&lab);
}

#[test]
fn a_closed_lid_stops_everybody_and_nobody_fails_the_run() {
    let lab = Lab::new();
    lab.write("held-up.yaml", HELD_UP);
    let mut viewer = lab.start(&["run", "held-up.yaml"]);
    wait("the first step runs", || {
        lab.read("log").contains("first-1").then_some(())
    });
    let run = run_id(&lab.newest());
    let worker = Stopped::worker(&lab, &run);
    let viewing = Stopped(u64::from(viewer.id()));
    assert!(signal(viewing.0, "STOP"));
    // Longer than a worker may take to claim, to stop or to be waited for.
    let slept = now();
    lab.write("go", "");
    wait("the night is over", || {
        (now() > slept + 12_000).then_some(())
    });
    // A surface that wakes first finds a run that is held, and leaves it alone.
    assert_eq!(lab.newest()["status"], "running");
    assert!(viewing.go_on());
    assert!(worker.go_on());
    let ended = viewer.wait().expect("the viewer ends with the run");
    assert!(ended.success(), "{ended:?}");
    assert_eq!(lab.newest()["status"], "completed");
    assert_eq!(lab.read("log"), "first-1\nfirst-1-end\nsecond-1\n");
    let kinds: Vec<String> = lab
        .events(&run)
        .iter()
        .map(|e| e["type"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(!kinds.contains(&"run_failed".to_owned()), "{kinds:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_night_at_an_open_gate_does_not_count_against_the_time_of_a_run() {
    use fermata_tests::clock::{Clock, STEP};

    let lab = Lab::new();
    let Some(clock) = Clock::made() else { return };
    lab.write("asks.yaml", ASKS);
    let started = clock.call(&lab, &["run", "asks.yaml", "--detach"]);
    assert_eq!(started.code, 0, "{started:?}");
    let run = run_id(&lab.until_status("waiting"));
    let worker = Stopped::worker(&lab, &run);
    clock.forward(1);
    assert!(worker.go_on());
    let answered = clock.call(&lab, &["answer", &run, "yes", "--json"]);
    assert_eq!(answered.code, 0, "{answered:?}");
    lab.until_status("completed");
    let waited = |event: &serde_json::Value| event["waited"].as_u64();
    let waited = lab.events(&run).iter().find_map(waited);
    assert!(
        waited > Some(STEP * 1000),
        "the night was slept: {waited:?}"
    );
    assert_eq!(lab.read("log"), "after\n");
}
