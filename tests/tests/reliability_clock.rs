//! A clock that is put back by a day while a run is under way.

#![cfg(target_os = "linux")]

use fermata_tests::clock::Clock;
use fermata_tests::violence::examine;
use fermata_tests::{Lab, wait};
use serde_json::Value;

const FLOW: &str = r#"
workflow: {name: clocked, entry_point: first}
agents:
  - {name: first, type: script, command: sh, args: ["-c", "echo first >> log"], routes: [{to: second}]}
  - {name: second, type: script, command: sh, args: ["-c", "echo second >> log; while [ ! -e go ]; do sleep 0.02; done"], routes: [{to: pause}]}
  - {name: pause, type: wait, duration: 1s, routes: [{to: third}]}
  - {name: third, type: script, command: sh, args: ["-c", "echo third >> log"]}
"#;

#[test]
fn a_clock_that_goes_back_by_a_day_neither_loses_nor_repeats_anything() {
    let lab = Lab::new();
    let Some(clock) = Clock::made() else { return };
    lab.write("clocked.yaml", FLOW);
    let before = clock.call(&lab, &["run", "clocked.yaml", "--detach"]);
    assert_eq!(before.code, 0, "{before:?}");
    wait("the second step runs", || {
        lab.read("log").contains("second").then_some(())
    });
    let run = lab.newest()["run"].as_str().expect("an id").to_owned();
    clock.back(9);
    lab.kill_worker(&run);
    wait("its death is noticed, by a clock that was put back", || {
        let listed = clock.call(&lab, &["runs", "--json"]).json();
        (listed["runs"][0]["status"] == "failed").then_some(())
    });
    let asked = clock.call(&lab, &["run", "clocked.yaml", "--json"]);
    assert_eq!(asked.code, 3, "the earlier run is still known: {asked:?}");
    assert_eq!(asked.json()["choice"]["prior"]["run"], run.as_str());
    lab.write("go", "");
    let resumed = clock.call(&lab, &["resume", &run, "--json"]);
    assert_eq!(resumed.json()["status"], "completed", "{resumed:?}");
    assert_eq!(lab.read("log"), "first\nsecond\nsecond\nthird\n");

    let events = lab.events(&run);
    let time = |event: &Value| event["at"].as_u64().expect("a time");
    assert!(
        events.windows(2).any(|two| time(&two[0]) > time(&two[1])),
        "the clock did go back"
    );
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], at as u64 + 1, "the log has no holes");
    }
    // The newest run is the one that was asked for last, not the one with the latest time.
    let fresh = clock.call(&lab, &["run", "clocked.yaml", "--force", "--json"]);
    assert_eq!(fresh.json()["status"], "completed", "{fresh:?}");
    assert_eq!(lab.newest()["run"], fresh.json()["run"]);
    examine(&lab);
}
