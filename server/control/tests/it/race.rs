//! Whole processes that want the same thing at the same moment.

use std::io::{BufRead, Write};
use std::process::{Command, Stdio};

use fermata_control::{AnswerInput, AnswerOutcome, Outcome, ResumeOptions};
use fermata_engine::{EventBody, RunId, Status};

use crate::scene::{Scene, door_of};

/// Not a test of its own: one of the processes, when this binary is started with the variables set.
#[test]
fn one_of_many() {
    let (Ok(home), Ok(run), Ok(deed)) = (
        std::env::var("FERMATA_RACE_HOME"),
        std::env::var("FERMATA_RACE_RUN"),
        std::env::var("FERMATA_RACE_DEED"),
    ) else {
        return;
    };
    let control = door_of(
        std::path::Path::new(&home),
        &format!("p{}", std::process::id()),
    );
    let run = RunId(run);
    println!("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let won = match deed.as_str() {
        "resume" => matches!(
            control.resume(&run, ResumeOptions::default()).unwrap(),
            Outcome::Started { .. }
        ),
        _ => matches!(
            control
                .answer(&run, None, AnswerInput::Words(vec!["approve".to_owned()]))
                .unwrap(),
            AnswerOutcome::Accepted { .. }
        ),
    };
    println!("won {won}");
}

/// Lets so many processes do it at once; says how many were told that they did it.
fn race(scene: &Scene, run: &RunId, deed: &str) -> usize {
    let mut children: Vec<_> = (0..5)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "race::one_of_many", "--nocapture"])
                .env("FERMATA_RACE_HOME", scene.home.root())
                .env("FERMATA_RACE_RUN", run.as_str())
                .env("FERMATA_RACE_DEED", deed)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut outputs: Vec<_> = children
        .iter_mut()
        .map(|child| std::io::BufReader::new(child.stdout.take().unwrap()).lines())
        .collect();
    for output in &mut outputs {
        assert!(output.by_ref().any(|line| line.unwrap().ends_with("ready")));
    }
    for child in &mut children {
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }
    // To the end of each: a process whose output nobody reads dies of it.
    let won = outputs
        .into_iter()
        .flat_map(|output| output.map(Result::unwrap))
        .filter(|line| line.contains("won true"))
        .count();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    won
}

#[test]
fn of_many_processes_that_resume_one_wins() {
    for _ in 0..3 {
        let scene = Scene::on_disk();
        let run = scene.failed("A");
        assert_eq!(race(&scene, &run, "resume"), 1);
        assert_eq!(scene.status(&run), Status::Queued);
        let resumed = scene
            .control
            .events(&run, 1, 100)
            .unwrap()
            .into_iter()
            .filter(|event| matches!(event.body, EventBody::RunResumed { .. }))
            .count();
        assert_eq!(resumed, 1);
        assert_eq!(scene.all().len(), 1);
    }
}

#[test]
fn of_many_processes_that_answer_one_wins() {
    for _ in 0..3 {
        let scene = Scene::on_disk();
        let run = scene.parked("A");
        assert_eq!(race(&scene, &run, "answer"), 1);
        assert!(scene.store.run(&run).unwrap().gates.is_empty());
    }
}
