//! Workers, language servers and terminal viewers are killed with SIGKILL at
//! random moments, round after round on one store. Effects are counted outside
//! of the runs, in files that the steps write themselves.

use std::process::Child;
use std::time::Duration;

use fermata_tests::violence::{Dice, Lsp, examine, rounds, signal, uri, worker_of};
use fermata_tests::{Lab, run_id, wait};
use serde_json::{Value, json};

/// Four steps that each write down which attempt begins and which one ends.
const STEPS: [&str; 4] = ["first", "second", "third", "fourth"];

fn workflow() -> String {
    let mut text = "workflow:\n  name: killed\n  entry_point: first\n  input: {round: {type: string}}\nagents:\n"
        .to_owned();
    for (at, step) in STEPS.iter().enumerate() {
        let next = STEPS.get(at + 1).unwrap_or(&"$end");
        text.push_str(&format!(
            r#"  - name: {step}
    type: script
    command: sh
    args:
      - "-c"
      - 'echo "{step} $FERMATA_STEP_ATTEMPT begin" >> "$0"; sleep 0.04; echo "{step} $FERMATA_STEP_ATTEMPT end" >> "$0"; echo "attempt $FERMATA_STEP_ATTEMPT"'
      - "effects-{{{{ workflow.input.round }}}}"
    routes: [{{to: "{next}"}}]
"#
        ));
    }
    text.push_str("output: {last: \"{{ fourth.output.stdout }}\"}\n");
    text
}

/// The run of a round; none when nobody got as far as asking for it.
fn run_of(lab: &Lab, round: &str) -> Option<Value> {
    lab.runs()
        .into_iter()
        .find(|run| run["inputs"]["round"] == round || run["message"] == round)
}

fn reap(viewer: &mut Option<Child>) {
    if let Some(mut viewer) = viewer.take() {
        let _ = viewer.kill();
        let _ = viewer.wait();
    }
}

fn view(lab: &Lab, words: &[&str]) -> Option<Child> {
    lab.command(words)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .ok()
}

/// One round: a run is asked for, up to three times somebody is killed, then peace until it is completed.
fn live_through(lab: &Lab, dice: &mut Dice, server: &mut Lsp, round: u64) -> String {
    let name = format!("r{round}");
    let again = [
        "run",
        "killed.yaml",
        "--force",
        "--request-id",
        &name,
        &name,
    ];
    let mut viewer = None;
    if dice.below(2) == 0 {
        viewer = view(lab, &again);
    } else {
        server.request(
            "workspace/executeCommand",
            &json!({"command": "fermata.run", "arguments": [{
                "uri": uri(&lab.work().join("killed.yaml")),
                "inputs": {"round": name}, "force": true, "request": name,
            }]}),
        );
    }
    for _ in 0..=dice.below(3) {
        dice.let_pass(Duration::from_millis(500));
        // One of them, two, or all: worker, viewer, language server.
        let victims = 1 + dice.below(7);
        if victims & 2 != 0 {
            reap(&mut viewer);
        }
        if victims & 4 != 0 {
            *server = {
                server.kill();
                Lsp::start(lab)
            };
        }
        if victims & 1 != 0
            && let Some(run) = run_of(lab, &name)
            && let Some(worker) = worker_of(&lab.show(&run_id(&run)))
        {
            signal(worker, "KILL");
        }
        match run_of(lab, &name) {
            None => viewer = view(lab, &again),
            Some(run) if run["status"] == "failed" => {
                assert_eq!(run["cause"], "interrupted", "{run:#}");
                reap(&mut viewer);
                viewer = view(lab, &["resume", &run_id(&run)]);
            }
            Some(_) => {}
        }
    }
    let run = wait(&format!("round {name} is completed"), || {
        let Some(run) = run_of(lab, &name) else {
            let _ = lab.call(&again);
            return None;
        };
        if run["status"] == "failed" {
            assert_eq!(run["cause"], "interrupted", "{run:#}");
            let _ = lab.call(&["resume", &run_id(&run), "--detach"]);
        }
        (run["status"] == "completed").then(|| run_id(&run))
    });
    reap(&mut viewer);
    run
}

/// What the steps wrote themselves: step, attempt, begin or end.
fn effects(lab: &Lab, round: u64) -> Vec<(String, u64, String)> {
    lab.read(&format!("effects-r{round}"))
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let [step, attempt, what] = words[..] else {
                panic!("round {round}: not a line of a step: {line:?}");
            };
            let attempt = attempt.parse().expect("attempts are numbers");
            (step.to_owned(), attempt, what.to_owned())
        })
        .collect()
}

/// Compares the log with what happened outside.
fn judge(lab: &Lab, run: &str, round: u64) {
    let events = lab.events(run);
    let effects = effects(lab, round);
    let say = || format!("round {round}\n{effects:#?}\n{}", log(&events));
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["seq"], at as u64 + 1, "the log is dense: {}", say());
    }
    for step in STEPS {
        let of = |kind: &str| -> Vec<(u64, u64)> {
            events
                .iter()
                .filter(|e| e["type"] == kind && e["step"] == step)
                .map(|e| (number(&e["seq"]), number(&e["attempt"])))
                .collect()
        };
        let (started, completed) = (of("step_started"), of("step_completed"));
        assert_eq!(completed.len(), 1, "{step} has one result: {}", say());
        let (result, attempt) = completed[0];
        assert!(
            started.iter().all(|(seq, _)| *seq < result),
            "{step} never starts again after its result: {}",
            say()
        );
        let begun: Vec<u64> = effects
            .iter()
            .filter(|(name, _, what)| name == step && what == "begin")
            .map(|(_, attempt, _)| *attempt)
            .collect();
        assert_eq!(
            begun.iter().filter(|n| **n == attempt).count(),
            1,
            "the attempt of {step} that has the result ran once: {}",
            say()
        );
        assert!(
            begun.is_sorted_by(|a, b| a < b),
            "each attempt of {step} has a number of its own: {}",
            say()
        );
        assert!(
            begun.iter().all(|n| started.iter().any(|(_, s)| s == n)),
            "nothing ran without an intent in the log: {}",
            say()
        );
    }
    // Nothing of an attempt happens after the next one has begun.
    let order: Vec<(usize, u64)> = effects
        .iter()
        .map(|(step, attempt, _)| {
            let at = STEPS.iter().position(|s| s == step).expect("a known step");
            (at, *attempt)
        })
        .collect();
    assert!(order.is_sorted(), "an ended attempt is silent: {}", say());
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn log(events: &[Value]) -> String {
    events
        .iter()
        .map(|e| {
            format!(
                "{} {} {} {}\n",
                e["seq"], e["type"], e["step"], e["attempt"]
            )
        })
        .collect()
}

#[test]
fn a_run_survives_every_killing_and_no_finished_step_runs_twice() {
    let lab = Lab::new();
    lab.write("killed.yaml", &workflow());
    let mut dice = Dice::from_env();
    let mut server = Lsp::start(&lab);
    let rounds = rounds(20);
    let mut runs = 0;
    for round in 0..rounds {
        let run = live_through(&lab, &mut dice, &mut server, round);
        judge(&lab, &run, round);
        runs += 1;
    }
    server.kill();
    let listed = lab.call(&["runs", "--json", "--all"]).json();
    let listed = listed["runs"].as_array().expect("runs").len();
    assert_eq!(listed, runs, "one run a request, never two");
    examine(&lab);
}
