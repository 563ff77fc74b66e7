//! Two processes want to resume the same run at the same moment: one goes on
//! with it, the other is told who does; there is never a second worker and
//! never a fresh run. `FERMATA_ROUNDS` sets how often (50; `cargo xtask test
//! --slow` sets 500).

use fermata_tests::violence::{examine, rounds};
use fermata_tests::{Lab, wait};
use serde_json::Value;

/// Its second step is a program that is not there at first; once there, it says that it began and waits to be let go.
const FLOW: &str = r#"
workflow: {name: raced, entry_point: first}
agents:
  - {name: first, type: script, command: sh, args: ["-c", "echo first >> log"], routes: [{to: second}]}
  - {name: second, type: script, command: ./second}
"#;

const SECOND: &str = "#!/bin/sh\necho second >> log\nwhile [ ! -e go ]; do sleep 0.02; done\n";

#[cfg(unix)]
#[test]
fn of_two_processes_that_resume_a_run_one_wins_and_the_other_is_told_who() {
    use std::os::unix::fs::PermissionsExt as _;

    let lab = Lab::new();
    lab.write("raced.yaml", FLOW);
    let rounds = rounds(50);
    for round in 0..rounds {
        for left in ["second", "go", "log"] {
            let _ = std::fs::remove_file(lab.work().join(left));
        }
        let failed = lab.call(&["run", "raced.yaml", "--force", "--json"]).json();
        assert_eq!(failed["status"], "failed", "{failed:#}");
        let run = failed["run"].as_str().expect("an id").to_owned();
        let program = lab.write("second", SECOND);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700))
            .expect("its mode");

        let racers: Vec<_> = (0..2)
            .map(|_| lab.start(&["resume", &run, "--detach", "--json"]))
            .collect();
        let said: Vec<(i32, Value)> = racers
            .into_iter()
            .map(|racer| {
                let output = racer.wait_with_output().expect("it ends");
                let said = serde_json::from_slice(&output.stdout)
                    .unwrap_or_else(|_| panic!("round {round}: {output:?}"));
                (output.status.code().unwrap_or(-1), said)
            })
            .collect();
        let winners = said.iter().filter(|(code, _)| *code == 0).count();
        assert_eq!(winners, 1, "round {round}: {said:#?}");
        let (code, told) = said.iter().find(|(code, _)| *code != 0).expect("a loser");
        assert_eq!((*code, &told["reason"]), (1, &Value::from("not_resumable")));
        let message = told["message"].as_str().unwrap_or_default();
        assert!(
            message.contains("by ada from terminal"),
            "round {round}: {message}"
        );

        wait("the step runs again", || {
            lab.read("log").contains("second").then_some(())
        });
        lab.write("go", "");
        wait("the run is completed", || {
            (lab.show(&run)["status"] == "completed").then_some(())
        });
        assert_eq!(lab.read("log"), "first\nsecond\n", "round {round}");
        let count = |kind: &str| {
            let events = lab.events(&run);
            events.iter().filter(|event| event["type"] == kind).count()
        };
        assert_eq!(count("run_started"), 2, "round {round}: one worker more");
        assert_eq!(count("run_resumed"), 1, "round {round}");
    }
    assert_eq!(lab.runs().len() as u64, rounds, "never a fresh run");
    examine(&lab);
}
