//! A run that is killed anywhere and goes on ends as one that was never killed:
//! random workflows of both dialects, random outcomes, and a worker that dies
//! after any commit. `FERMATA_CASES` says how many workflows of each dialect;
//! `FERMATA_CASE` names one, as a failure does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod dice;
mod fates;
mod flows;
mod graphs;
mod harm;
mod people;
mod picture;
mod story;

#[path = "../support/run.rs"]
#[allow(dead_code, reason = "only who acts is taken from there")]
mod support;

use std::path::Path;

use dice::Dice;
use fermata_engine::event::{Cause, EventBody};
use fermata_engine::{Definition, Status};
use fermata_workflow::MemoryWorld;
use serde_json::Map;
use story::{Harm, Life, Peace, Story};
use support::ada;

/// The numbers of the cases that are to be looked at.
fn cases(usual: u64) -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    match (number("FERMATA_CASE"), number("FERMATA_CASES")) {
        (Some(one), _) => vec![one],
        (None, many) => (0..many.unwrap_or(usual)).collect(),
    }
}

fn definition(files: &[(String, String)], file: &str) -> Definition {
    let root = Path::new("/w");
    let mut world = MemoryWorld::new();
    for (name, text) in files {
        world.add_file(root.join(name), text.as_str());
    }
    Definition::load(&world, &root.join(file)).unwrap_or_else(|error| {
        let all: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
        panic!("{error}\n{}", all.join("\n"))
    })
}

fn queued(dialect: &str, file: &str) -> EventBody {
    EventBody::RunQueued {
        workflow: "main".to_owned(),
        file: format!("/w/{file}"),
        dialect: dialect.to_owned(),
        scope: "/w".to_owned(),
        message: Some("do it".to_owned()),
        inputs: Map::new(),
        request: "r".to_owned(),
        parent: None,
        gates: "ask".to_owned(),
        agent: None,
        actor: ada(),
        cwd: "/w".to_owned(),
        dry_run: false,
    }
}

/// Lives until nothing follows: whoever is killed or stopped is put to work again.
fn to_its_end(story: &mut Story, harm: &mut dyn Harm) {
    for _ in 0..10_000 {
        let life = story.live(harm);
        let state = story.state();
        match (state.status, state.cause) {
            (Status::Waiting, _) if state.parked => {
                if !story.answer_without_a_worker() {
                    return;
                }
            }
            (Status::Failed, Some(Cause::Interrupted)) => story.resume(),
            (Status::Queued, _) => {}
            _ if life == Life::Killed => {}
            _ => return,
        }
    }
    panic!("it never comes to an end");
}

/// The first line in which two pictures differ, from both.
fn difference(calm: &[String], other: &[String]) -> Option<String> {
    if calm == other {
        return None;
    }
    let lacks = |a: &[String], b: &[String]| -> Vec<String> {
        let lacking = a.iter().filter(|line| !b.contains(line));
        lacking
            .map(|line| line.chars().take(500).collect())
            .collect()
    };
    Some(format!(
        "undisturbed only:\n{}\ndisturbed only:\n{}",
        lacks(calm, other).join("\n"),
        lacks(other, calm).join("\n")
    ))
}

/// Runs a workflow once in peace and then with every kind of harm.
fn compare(case: u64, make: impl Fn() -> Story, text: &str) {
    let mut calm = make();
    to_its_end(&mut calm, &mut Peace);
    let expected = picture::lines(&calm.state(), &calm.deeds);
    let commits = calm.commits.len();
    let mut dice = Dice::of(case, &["harm"]);
    for mut harm in harm::all(&mut dice, commits) {
        let mut story = make();
        to_its_end(&mut story, &mut harm);
        let found = picture::lines(&story.state(), &story.deeds);
        if let Some(difference) = difference(&expected, &found) {
            let log: Vec<String> = story
                .log
                .iter()
                .map(|event| serde_json::to_string(event).unwrap())
                .collect();
            if std::env::var_os("FERMATA_SHOW").is_some() {
                eprintln!("{}", log.join("\n"));
            }
            panic!("FERMATA_CASE={case} {harm:?}\n{text}\n{difference}");
        }
    }
}

#[test]
fn a_graph_whose_worker_is_killed_anywhere_ends_as_one_that_was_left_in_peace() {
    for case in cases(150) {
        let mut dice = Dice::new(case);
        let files = graphs::project(&mut dice, 1 + usize::try_from(case % 9).unwrap());
        let file = ".archon/workflows/main.yaml";
        let definition = definition(&files, file);
        let make = || Story::new(definition.clone(), case, queued("archon", file));
        compare(case, make, &files[0].1);
    }
}

#[test]
fn steps_whose_worker_is_killed_anywhere_end_as_those_that_were_left_in_peace() {
    for case in cases(150) {
        let mut dice = Dice::new(case);
        let files = flows::files(&mut dice, 1 + usize::try_from(case % 7).unwrap());
        let definition = definition(&files, "main.yaml");
        let make = || Story::new(definition.clone(), case, queued("conductor", "main.yaml"));
        compare(case, make, &format!("{}\n{}", files[0].1, files[1].1));
    }
}
