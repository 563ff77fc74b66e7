//! Secrets that are planted in the environment and in inputs, and searched for
//! wherever somebody looks: what surfaces print, what is for looking only, the
//! logs of workers and of a crash.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fermata_tests::{Lab, Said, wait};
use serde_json::Value;

/// In the environment of whoever starts the run.
const TOKEN: &str = "planted-token-7c1f";
/// Behind a reference in an input.
const KEY: &str = "planted-key-93ab";

const LOOSE: &str = r#"
workflow:
  name: loose
  entry_point: talk
  input:
    api_key: {type: string}
agents:
  - name: talk
    type: script
    command: sh
    args: ["-c", "echo \"token $PLANTED_TOKEN key $0\"; echo \"again $PLANTED_TOKEN\" >&2; touch begun; while [ ! -e go ]; do sleep 0.02; done", "{{ workflow.input.api_key }}"]
    routes: [{to: fall}]
  - name: fall
    type: script
    command: sh
    args: ["-c", "echo \"cannot log in with $PLANTED_TOKEN\" >&2; exit 3"]
    routes:
      - {to: $end, when: "{{ output.exit_code == 0 }}"}
"#;

fn call(lab: &Lab, words: &[&str]) -> Said {
    let output = lab
        .command(words)
        .env("PLANTED_TOKEN", TOKEN)
        .env("PLANTED_KEY", KEY)
        .output()
        .expect("the binary starts");
    Said::from(output)
}

fn clean(place: &str, text: &str) {
    for secret in [TOKEN, KEY] {
        let found = text.lines().find(|line| line.contains(secret));
        assert!(found.is_none(), "{place} holds a secret: {found:?}");
    }
}

fn clean_logs(folder: &Path) {
    for entry in fs::read_dir(folder).expect("logs") {
        let path = entry.expect("a log").path();
        clean(
            &path.display().to_string(),
            &fs::read_to_string(&path).unwrap_or_default(),
        );
    }
}

#[test]
fn planted_secrets_are_found_nowhere_that_somebody_looks() {
    let lab = Lab::new();
    lab.write("loose.yaml", LOOSE);
    let started = call(
        &lab,
        &[
            "run",
            "loose.yaml",
            "--detach",
            "--json",
            "-i",
            "api_key=env:PLANTED_KEY",
        ],
    );
    assert_eq!(started.code, 0, "{started:?}");
    clean("run --json", &format!("{}{}", started.out, started.err));
    wait("the step has spoken", || {
        lab.work().join("begun").exists().then_some(())
    });
    let run = lab.newest()["run"].as_str().expect("an id").to_owned();
    lab.kill_worker(&run);
    lab.until_status("failed");
    lab.write("go", "");
    let resumed = call(&lab, &["resume", &run]);
    clean("resume", &format!("{}{}", resumed.out, resumed.err));
    // The script did get what it was given.
    let talked: Vec<Value> = lab
        .events(&run)
        .into_iter()
        .filter(|e| e["type"] == "script_output")
        .collect();
    assert!(!talked.is_empty(), "the step was heard");
    for event in &talked {
        clean("a looking-only event", &event.to_string());
    }
    for words in [
        vec!["runs", "--json", "--all"],
        vec!["runs", "--all"],
        vec!["show", &run, "--json"],
        vec!["show", &run],
        vec!["events", &run, "--json"],
        vec!["events", &run],
    ] {
        let said = call(&lab, &words);
        clean(&words.join(" "), &format!("{}{}", said.out, said.err));
    }
    clean_logs(&lab.home().join("logs"));
}

#[test]
fn a_literal_secret_is_refused_with_the_way_to_give_it() {
    let lab = Lab::new();
    lab.write("loose.yaml", LOOSE);
    let refused = call(
        &lab,
        &[
            "run",
            "loose.yaml",
            "--json",
            "-i",
            &format!("api_key={KEY}"),
        ],
    );
    assert_ne!(refused.code, 0);
    let said = format!("{}{}", refused.out, refused.err);
    assert!(said.contains("env:"), "{said}");
    clean("the refusal", &said);
    assert!(lab.runs().is_empty(), "nothing was started");
}

#[test]
fn what_a_run_keeps_is_readable_by_its_user_only() {
    let lab = Lab::new();
    lab.write("loose.yaml", LOOSE);
    lab.write("go", "");
    let _ = call(
        &lab,
        &[
            "run",
            "loose.yaml",
            "--json",
            "-i",
            "api_key=env:PLANTED_KEY",
        ],
    );
    let mut folders = vec![lab.home()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            // Of the worker, which may be about to leave: what it takes along is nobody's to read.
            let Ok(found) = fs::metadata(&path) else {
                continue;
            };
            let mode = found.permissions().mode() & 0o777;
            assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}
