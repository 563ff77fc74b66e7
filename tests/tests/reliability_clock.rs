//! A clock that is put back by a day while a run is under way. A small library
//! in front of the system's says what time it is; it is made here with the C
//! compiler that links these tests.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use fermata_tests::violence::examine;
use fermata_tests::{Lab, Said, wait};
use serde_json::Value;

/// The real-time clock goes back by as many seconds as the file that `PUT_BACK` names has bytes, times 10,000.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
  int said = (int)syscall(SYS_clock_gettime, clock, now);
  const char *file = getenv("PUT_BACK");
  struct stat found;
  if (clock == CLOCK_REALTIME && file && stat(file, &found) == 0)
    now->tv_sec -= (time_t)found.st_size * 10000;
  return said;
}
"#;

const FLOW: &str = r#"
workflow: {name: clocked, entry_point: first}
agents:
  - {name: first, type: script, command: sh, args: ["-c", "echo first >> log"], routes: [{to: second}]}
  - {name: second, type: script, command: sh, args: ["-c", "echo second >> log; while [ ! -e go ]; do sleep 0.02; done"], routes: [{to: pause}]}
  - {name: pause, type: wait, duration: 1s, routes: [{to: third}]}
  - {name: third, type: script, command: sh, args: ["-c", "echo third >> log"]}
"#;

fn library(folder: &Path) -> Option<PathBuf> {
    let source = folder.join("clock.c");
    std::fs::write(&source, CLOCK).expect("a file");
    let library = source.with_extension("so");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    made.is_ok_and(|status| status.success()).then_some(library)
}

fn call(lab: &Lab, library: &Path, words: &[&str]) -> Said {
    let output = lab
        .command(words)
        .env("LD_PRELOAD", library)
        .env("PUT_BACK", lab.work().join("back"))
        .output()
        .expect("the binary starts");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn a_clock_that_goes_back_by_a_day_neither_loses_nor_repeats_anything() {
    let lab = Lab::new();
    // The system's loader splits names at blanks, of which the lab's has one.
    let folder = tempfile::tempdir().expect("a folder");
    let Some(library) = library(folder.path()) else {
        eprintln!("SKIPPED: there is no C compiler to make another clock with");
        return;
    };
    lab.write("clocked.yaml", FLOW);
    let before = call(&lab, &library, &["run", "clocked.yaml", "--detach"]);
    assert_eq!(before.code, 0, "{before:?}");
    wait("the second step runs", || {
        lab.read("log").contains("second").then_some(())
    });
    let run = lab.newest()["run"].as_str().expect("an id").to_owned();
    lab.write("back", "nine byte");
    lab.kill_worker(&run);
    wait("its death is noticed, by a clock that was put back", || {
        let listed = call(&lab, &library, &["runs", "--json"]).json();
        (listed["runs"][0]["status"] == "failed").then_some(())
    });
    let asked = call(&lab, &library, &["run", "clocked.yaml", "--json"]);
    assert_eq!(asked.code, 3, "the earlier run is still known: {asked:?}");
    assert_eq!(asked.json()["choice"]["prior"]["run"], run.as_str());
    lab.write("go", "");
    let resumed = call(&lab, &library, &["resume", &run, "--json"]);
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
    let fresh = call(
        &lab,
        &library,
        &["run", "clocked.yaml", "--force", "--json"],
    );
    assert_eq!(fresh.json()["status"], "completed", "{fresh:?}");
    assert_eq!(lab.newest()["run"], fresh.json()["run"]);
    examine(&lab);
}
