//! A person at a terminal: prompts at gates and choices, leaving and coming
//! back. What the prompts say in detail is not tested here.

use std::process::{Child, Command};

use fermata_engine::RunId;
use fermata_store::{Home, SqliteStore, Store as _};
use fermata_tests::workflows::HELD;
use fermata_tests::{Lab, Terminal, run_id, wait};

/// A step that waits for a file to appear.
const WAITS: &str = r#"
workflow: {name: waits, entry_point: only}
agents:
  - name: only
    type: script
    command: sh
    args: ["-c", "echo begun >> log; while [ ! -e go ]; do sleep 0.02; done; echo done >> log"]
"#;

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("held.yaml", HELD);
    lab.write("waits.yaml", WAITS);
    lab
}

#[test]
fn a_gate_is_asked_on_the_terminal_until_an_answer_is_understood() {
    let lab = lab();
    let Some(mut terminal) = Terminal::open(&lab, &["run", "held.yaml"]) else {
        return;
    };
    terminal.until("answer> ");
    terminal.types("perhaps\n");
    terminal.until("was not understood");
    terminal.until("answer> ");
    // The first offer, and the number that stands in brackets.
    terminal.types("1\n");
    terminal.until("n [1]> ");
    terminal.types("\n");
    terminal.until("held at 4/4");
    terminal.until("answer> ");
    terminal.types("stop\n");
    let (code, screen) = terminal.end();
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains("failed (iteration_limit)"), "{screen}");
    assert!(screen.contains("answered by ada from terminal: continue 1; the limit is 4 now"));
}

#[test]
fn a_choice_is_asked_on_the_terminal_and_carried_out() {
    let lab = lab();
    assert_eq!(lab.call(&["run", "held.yaml"]).code, 4);
    let Some(mut terminal) = Terminal::open(&lab, &["run", "held.yaml"]) else {
        return;
    };
    terminal.until("choice> ");
    terminal.types("9\n");
    terminal.until("a number from 1 to 4");
    terminal.until("choice> ");
    terminal.types("dismiss\n");
    let (code, screen) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert_eq!(lab.runs().len(), 1, "nothing was started");
    let open = lab.call(&["runs", "--starts", "--json"]).json();
    assert_eq!(open["starts"].as_array().map(Vec::len), Some(0), "{open}");
}

#[test]
fn ctrl_c_at_a_choice_keeps_the_request_and_says_how_to_answer_it() {
    let lab = lab();
    assert_eq!(lab.call(&["run", "held.yaml"]).code, 4);
    let Some(mut terminal) = Terminal::open(&lab, &["run", "held.yaml"]) else {
        return;
    };
    terminal.until("choice> ");
    terminal.types("\x03");
    let (code, screen) = terminal.end();
    assert_eq!(code, 3, "{screen}");
    assert!(screen.contains("fermata choose"), "{screen}");
    let open = lab.call(&["runs", "--starts", "--json"]).json();
    assert_eq!(open["starts"].as_array().map(Vec::len), Some(1), "{open}");
}

#[test]
fn ctrl_c_or_the_end_of_input_at_a_gate_leave_the_run_holding() {
    let lab = lab();
    for keys in ["\x03", "\x04"] {
        let Some(mut terminal) = Terminal::open(&lab, &["run", "held.yaml", "--force"]) else {
            return;
        };
        terminal.until("answer> ");
        terminal.types(keys);
        let (code, screen) = terminal.end();
        assert_eq!(code, 4, "{screen}");
        assert!(screen.contains("answer with: fermata answer"), "{screen}");
        assert_eq!(lab.newest()["status"], "waiting");
    }
}

#[test]
fn a_gate_that_is_answered_elsewhere_vanishes_from_the_terminal() {
    let lab = lab();
    let Some(mut terminal) = Terminal::open(&lab, &["run", "held.yaml"]) else {
        return;
    };
    terminal.until("answer> ");
    assert_eq!(lab.call(&["answer", "@last", "stop"]).code, 0);
    let (code, screen) = terminal.end();
    assert_eq!(code, 1, "{screen}");
    assert!(
        screen.contains("answered by ada from terminal: stop"),
        "{screen}"
    );
}

fn interrupt(viewer: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &viewer.id().to_string()])
        .status()
        .expect("kill");
    assert!(sent.success());
}

#[test]
fn an_interrupted_viewer_detaches_says_how_to_come_back_and_leaves_the_run_alone() {
    let lab = lab();
    let viewer = lab.start(&["run", "waits.yaml"]);
    wait("the step runs", || {
        lab.read("log").contains("begun").then_some(())
    });
    interrupt(&viewer);
    let said = viewer.wait_with_output().expect("the viewer ends");
    let out = String::from_utf8_lossy(&said.stdout);
    assert_eq!(said.status.code(), Some(0), "{out}");
    assert!(out.contains("--follow"), "{out}");
    assert_eq!(lab.newest()["status"], "running");
    lab.write("go", "");
    lab.until_status("completed");
    assert_eq!(lab.read("log"), "begun\ndone\n");
}

#[test]
fn who_leaves_before_a_worker_has_come_is_told_how_to_come_back_as_well() {
    let lab = lab();
    assert_eq!(lab.call(&["run", "waits.yaml", "--detach"]).code, 0);
    let run = run_id(&lab.newest());
    lab.until(&run, "running");
    lab.kill_worker(&run);
    lab.until(&run, "failed");
    // While the lock is held here, no worker begins, and whoever resumes the run waits for one.
    let store = Home::open(&lab.home()).and_then(|home| SqliteStore::open(&home));
    let store = store.expect("the store opens");
    let lock = store.try_lock(&RunId::from(run.as_str()));
    let lock = lock.expect("it can be locked").expect("it is free");
    let viewer = lab.start(&["resume", &run]);
    lab.until(&run, "queued");
    interrupt(&viewer);
    let said = viewer.wait_with_output().expect("the viewer ends");
    let out = String::from_utf8_lossy(&said.stdout);
    assert_eq!(said.status.code(), Some(0), "{said:?}");
    assert!(out.contains("--follow"), "{out}");
    drop(lock);
    lab.write("go", "");
    lab.until(&run, "completed");
}
