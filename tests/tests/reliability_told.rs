//! The user's own commands for gates, failures and completions, as the real
//! worker and the real surfaces run them.

use std::fs;

use fermata_tests::{Lab, run_id, wait};
use serde_json::Value;

const ASKS: &str = r#"
workflow:
  name: asks
  entry_point: ask
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
    args: ["-c", "touch begun; while [ ! -e go ]; do sleep 0.02; done"]
    routes: [{to: $end}]
"#;

/// Each command appends its input, as one line, to a file named like the event.
fn tell(lab: &Lab) {
    let told = lab.work().join("told");
    fs::create_dir(&told).expect("a folder for what was told");
    let told = told.to_str().expect("UTF-8");
    let mut text = "on:\n".to_owned();
    for event in ["gate", "failed", "completed"] {
        text.push_str(&format!(
            "  {event}: [sh, -c, 'line=$(cat); echo \"$line\" >> \"$0/{event}\"; echo heard of {event}', \"{told}\"]\n"
        ));
    }
    lab.configure(&text);
}

fn told(lab: &Lab, event: &str) -> Vec<Value> {
    lab.read(&format!("told/{event}"))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

#[test]
fn the_users_commands_hear_once_of_each_gate_and_of_the_end() {
    let lab = Lab::new();
    tell(&lab);
    lab.write("asks.yaml", ASKS);
    lab.write("go", "");
    assert_eq!(lab.call(&["run", "asks.yaml", "--detach"]).code, 0);
    let run = run_id(&lab.until_status("waiting"));
    let gate = wait("the gate is told", || told(&lab, "gate").into_iter().next());
    assert_eq!(gate["event"], "gate");
    assert_eq!(gate["run"], run.as_str());
    assert_eq!(gate["workflow"], "asks");
    assert_eq!(gate["gate"]["prompt"], "Go on?");
    assert_eq!(lab.call(&["answer", &run, "yes"]).code, 0);
    lab.until_status("completed");
    let completed = wait("the end is told", || {
        told(&lab, "completed").into_iter().next()
    });
    assert_eq!(completed["status"], "completed");
    assert_eq!(told(&lab, "gate").len(), 1);
    assert_eq!(told(&lab, "completed").len(), 1);
    assert!(told(&lab, "failed").is_empty());
    wait("what the commands say is kept with the run", || {
        let logs = fs::read_dir(lab.home().join("logs")).expect("logs");
        let said: String = logs
            .map(|entry| fs::read_to_string(entry.expect("a log").path()).unwrap_or_default())
            .collect();
        said.contains("heard of gate").then_some(())
    });
}

#[test]
fn whoever_finds_a_run_without_its_worker_tells_that_it_failed_once() {
    let lab = Lab::new();
    tell(&lab);
    lab.write(
        "asks.yaml",
        &ASKS.replace("entry_point: ask", "entry_point: after"),
    );
    assert_eq!(lab.call(&["run", "asks.yaml", "--detach"]).code, 0);
    wait("the step runs", || {
        lab.work().join("begun").exists().then_some(())
    });
    let run = run_id(&lab.newest());
    lab.kill_worker(&run);
    lab.until_status("failed");
    let failed = wait("the failure is told", || {
        told(&lab, "failed").into_iter().next()
    });
    assert_eq!(failed["cause"], "interrupted");
    // Everybody who looks later finds that it has been told.
    for _ in 0..3 {
        assert_eq!(lab.newest()["status"], "failed");
    }
    lab.write("go", "");
    assert_eq!(lab.call(&["resume", &run]).code, 0);
    wait("the end is told", || {
        told(&lab, "completed").into_iter().next()
    });
    assert_eq!(told(&lab, "failed").len(), 1);
}

#[test]
fn a_command_that_is_missing_or_never_ends_holds_nothing_up() {
    let lab = Lab::new();
    lab.configure(
        &"on:\n  gate: [there-is-no-such-program]\n  completed: [sh, -c, 'echo $$ > \"$0\"; exec sleep 600', there]\n"
            .replace("there]", &format!("\"{}\"]", lab.work().join("pid").display())),
    );
    lab.write("asks.yaml", ASKS);
    lab.write("go", "");
    assert_eq!(lab.call(&["run", "asks.yaml", "--detach"]).code, 0);
    let run = run_id(&lab.until_status("waiting"));
    assert_eq!(lab.call(&["answer", &run, "yes"]).code, 0);
    lab.until_status("completed");
    let pid = wait("the command runs", || {
        lab.read("pid").trim().parse::<u64>().ok()
    });
    wait("the worker is gone all the same", || {
        lab.show(&run)["worker"].is_null().then_some(())
    });
    assert!(
        fermata_tests::violence::signal(pid, "KILL"),
        "it was still there"
    );
}
