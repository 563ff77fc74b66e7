//! The recorded policies and transitions of Archon, where people act: what
//! Fermata does on the same state and command. Read from `FERMATA_CORPUS`, else
//! from `shared/corpus` beside the checkout; skipped, loudly, where absent.

use std::path::PathBuf;

use fermata_control::{Act, AnswerInput, AnswerOutcome, Outcome, ResumeOptions, StartRefusal};
use fermata_engine::{EventBody, RunId, Status};
use serde_json::{Value, json};

use crate::scene::{FLOW, Scene, started};

fn rows(file: &str) -> Option<Vec<Value>> {
    let folder = std::env::var_os("FERMATA_CORPUS").map_or_else(
        || {
            let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
            here.ancestors()
                .map(|above| above.join("shared/corpus"))
                .find(|corpus| corpus.is_dir())
        },
        |set| Some(PathBuf::from(set)),
    );
    let text = folder.and_then(|folder| std::fs::read_to_string(folder.join(file)).ok());
    let Some(text) = text else {
        eprintln!("SKIPPED: no {file}; set FERMATA_CORPUS to the conformance data");
        return None;
    };
    Some(
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

/// Where the prior of a scenario stands, made with Fermata's means; `None` where it has no such state.
fn prior(scene: &Scene, row: &Value) -> Option<RunId> {
    let prior = row["prior"].as_object()?;
    let text = |key: &str| prior.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut request = scene.request(text("message"));
    request.message = None;
    if text("conversation") == "other" {
        request.conversation = Some("another".to_owned());
    }
    if text("codebase") == "other" {
        let other = scene.folder.path().join("other");
        std::fs::create_dir_all(other.join(".git")).unwrap();
        std::fs::write(other.join("flow.yaml"), FLOW).unwrap();
        request.file = other.join("flow.yaml");
    }
    let work = scene.folder.path().join("work");
    std::fs::create_dir_all(&work).unwrap();
    request.cwd = Some(work.clone());
    let run = started(&scene.control.start(request).unwrap());
    let mut worker = scene.play(&run);
    worker.step("build");
    match text("status") {
        "failed" => worker.fail(),
        "completed" => worker.complete(),
        "cancelled" => {
            worker.die();
            scene.control.abandon(&run).unwrap();
        }
        "running" => worker.die(),
        "paused" => {
            worker.approval();
            worker.park();
        }
        other => panic!("unknown status {other}"),
    }
    if prior.get("working_path") == Some(&Value::Bool(false)) {
        std::fs::remove_dir(work).unwrap();
    }
    Some(run)
}

/// What Fermata must do: its own column where the row has one, else the recorded expectation.
fn wanted(row: &Value) -> Option<&str> {
    match &row["fermata"] {
        Value::Object(own) => own["result"].as_str(),
        Value::String(word) if word.starts_with("n/a") => None,
        _ => match row["expected"]["action"].as_str()? {
            "ask" => Some("choice"),
            "continue-prior" => Some("resumed"),
            other => Some(other),
        },
    }
}

#[test]
fn the_recorded_policies_about_earlier_runs_come_out_as_they_must() {
    let Some(rows) = rows("archon/hijack/scenarios.jsonl") else {
        return;
    };
    let mut played = 0;
    for row in &rows {
        let Some(wanted) = wanted(row) else { continue };
        let scene = Scene::new();
        let command = &row["command"];
        if command.get("required_inputs").is_some() {
            std::fs::write(
                scene.flow(),
                FLOW.replace(
                    "task: {type: string, required: false}",
                    "task: {type: string, required: true}",
                ),
            )
            .unwrap();
        }
        let prior = prior(&scene, row);
        let before = scene.all().len();
        let launched = scene.launched().len();
        let message = command["message"].as_str().unwrap_or_default();
        let found = match command["verb"].as_str().unwrap() {
            "run" => {
                let mut request = scene.request(message);
                if command.get("required_inputs").is_some() {
                    request.inputs.clear();
                }
                // The words of a command line are the terminal's to read; a raw one has the word in it.
                request.force = command["force"] == true
                    || command["raw"]
                        .as_str()
                        .is_some_and(|raw| raw.split(' ').any(|word| word == "--force"));
                match scene.control.start(request).unwrap() {
                    Outcome::Started { .. } => "fresh",
                    Outcome::Refused(StartRefusal::Choice(_)) => "choice",
                    Outcome::Refused(_) => "refuse",
                    Outcome::Dismissed => "none",
                }
            }
            "resume" => {
                match scene
                    .control
                    .resume(prior.as_ref().unwrap(), ResumeOptions::default())
                    .unwrap()
                {
                    Outcome::Started { .. } => "resumed",
                    Outcome::Refused(_) => "refuse",
                    Outcome::Dismissed => "none",
                }
            }
            "abandon" => match scene.control.abandon(prior.as_ref().unwrap()).unwrap() {
                Act::Done { .. } => "cancel",
                Act::Refused { .. } => "refuse",
            },
            "approve" | "respond" => {
                let words = AnswerInput::Words(vec![message.to_owned()]);
                match scene
                    .control
                    .answer(prior.as_ref().unwrap(), None, words)
                    .unwrap()
                {
                    AnswerOutcome::Accepted { .. } => "resumed",
                    AnswerOutcome::Refused(_) => "refuse",
                }
            }
            other => panic!("unknown verb {other}"),
        };
        assert_eq!(found, wanted, "{}", row["id"]);
        let fresh = scene.all().len() - before;
        assert_eq!(fresh, usize::from(wanted == "fresh"), "{}", row["id"]);
        let executes = matches!(wanted, "fresh" | "resumed");
        assert_eq!(
            scene.launched().len() - launched,
            usize::from(executes),
            "{}",
            row["id"]
        );
        played += 1;
    }
    println!("{played} of {} scenarios", rows.len());
    assert!(played + 1 >= rows.len(), "all but resuming without an id");
}

/// A run in the recorded state.
fn in_state(scene: &Scene, state: &str) -> RunId {
    let fresh = || started(&scene.force("x"));
    match state {
        "pending" => fresh(),
        "running" | "running-stale" | "running-idle-23h" => {
            let mut worker = scene.play(&fresh());
            worker.die();
            worker.run.clone()
        }
        "paused-gate"
        | "paused-gate-capture"
        | "paused-loop"
        | "paused-loop-signalled"
        | "paused-gate-rework"
        | "paused-gate-rework-last"
        | "paused-gate-decisions-with-reject" => scene.parked("x"),
        "paused-gate-decisions" => {
            let mut worker = scene.running("x");
            worker.approval_of(&["approve", "later", "reject"]);
            worker.park();
            worker.run.clone()
        }
        // Answered, and whoever answered has died before a worker came.
        "paused-gate-approved" | "paused-gate-rejected-staged" => {
            let run = scene.parked("x");
            let word = if state == "paused-gate-approved" {
                "approve"
            } else {
                "reject"
            };
            let words = AnswerInput::Words(vec![word.to_owned()]);
            let answered = scene.control.answer(&run, None, words).unwrap();
            assert!(matches!(answered, AnswerOutcome::Accepted { .. }));
            scene.pass(3_000);
            run
        }
        // What it waits for is not its own, and no run that there is.
        "paused-child" => {
            let mut worker = scene.running("x");
            worker.approval_for("kid-1");
            worker.park();
            worker.run.clone()
        }
        "paused-no-gate" => {
            let mut worker = scene.running("x");
            worker.add(EventBody::RunWaiting { gates: Vec::new() });
            worker.park();
            worker.run.clone()
        }
        "completed" => {
            let mut worker = scene.running("x");
            worker.complete();
            worker.run.clone()
        }
        "failed" => scene.failed("x"),
        "cancelled" => {
            let run = fresh();
            scene.control.abandon(&run).unwrap();
            run
        }
        other => panic!("unknown state {other}"),
    }
}

/// Whether the operation is taken, as design/runs.md has it; `None` where the row is not about people.
fn taken(row: &Value) -> Option<bool> {
    let ok = row["result"] == "ok";
    let state = row["state"].as_str()?;
    match row["operation"].as_str()? {
        // A gate is never passed without its answer: `resume` presents it again, which counts as taken.
        "resume" if state == "pending" => None,
        // A running run whose worker is gone is interrupted, and resumable.
        "resume" if state.starts_with("running") => Some(true),
        // Archon cancels a run by refusing a gate that it does not have; here there is nothing to refuse.
        "reject" | "respond-reject" if state == "paused-no-gate" => Some(false),
        "resume" | "abandon" | "cancel" | "approve" | "approve-with-text" | "reject" => Some(ok),
        "respond-approve" | "respond-later" | "respond-reject" | "respond-unknown" => Some(ok),
        _ => None,
    }
}

#[test]
fn the_recorded_transitions_that_people_cause_are_taken_or_refused_as_they_must() {
    let Some(rows) = rows("archon/transitions.jsonl") else {
        return;
    };
    let mut played = 0;
    for row in &rows {
        let Some(wanted) = taken(row) else { continue };
        let scene = Scene::new();
        let state = row["state"].as_str().unwrap();
        let run = in_state(&scene, state);
        let gates = scene.store.run(&run).unwrap().gates.len();
        let take = |input: AnswerInput| {
            matches!(
                scene.control.answer(&run, None, input).unwrap(),
                AnswerOutcome::Accepted { .. }
            )
        };
        let answer = |text: &str| take(AnswerInput::Words(vec![text.to_owned()]));
        let decide = |decision: &str, text: Option<&str>| {
            take(AnswerInput::Json(
                json!({"kind": "approval", "decision": decision, "text": text}),
            ))
        };
        let operation = row["operation"].as_str().unwrap();
        let found = match operation {
            "resume" => matches!(
                scene
                    .control
                    .resume(&run, ResumeOptions::default())
                    .unwrap(),
                Outcome::Started { .. }
            ),
            "abandon" | "cancel" => {
                matches!(scene.control.abandon(&run).unwrap(), Act::Done { .. })
            }
            "approve" => answer("approve"),
            "reject" => answer("reject"),
            "approve-with-text" => decide("approve", Some("looks fine")),
            "respond-unknown" => answer("no such decision"),
            respond => decide(respond.trim_start_matches("respond-"), None),
        };
        assert_eq!(found, wanted, "{} {state} {operation}", row["id"]);
        let after = scene.store.run(&run).unwrap();
        match operation {
            "abandon" | "cancel" if wanted => assert_eq!(after.status, Status::Cancelled),
            "resume" => assert_eq!(after.gates.len(), gates, "no gate is passed"),
            _ => {}
        }
        played += 1;
    }
    println!("{played} of {} transitions", rows.len());
    assert_eq!(played * 304, 189 * rows.len(), "all that people can do");
}
