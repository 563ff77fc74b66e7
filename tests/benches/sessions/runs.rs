//! A store with a million events: listing its runs, opening the tail of a long
//! log, starting a run, each beside what the machine needs for the like.

use std::time::{Duration, Instant};

use fermata_engine::{Actor, EventBody, RunId, StepPath, Surface};
use fermata_store::{Home, NewEvent, NewRun, Place, SqliteStore, Store, new_run_id};
use fermata_tests::Lab;
use rusqlite::Connection;
use serde_json::Map;

use crate::figures::{Samples, line, ms};

const RUNS: u64 = 200;
const EVENTS: u64 = 5_000;
const ROUNDS: usize = 20;
/// Events that a tail shows at first.
const PAGE: u64 = 500;

const SMALL: &str = "\
workflow: {name: small, entry_point: only}
agents: [{name: only, type: script, command: \"true\"}]
";

pub(crate) fn run() {
    let lab = Lab::new();
    lab.write("small.yaml", SMALL);
    let last = fill(&lab);
    let database = lab.home().join("fermata.db");
    let size = std::fs::metadata(&database).unwrap().len() / 1_000_000;
    line(
        "the store",
        &format!("{RUNS} runs, {} events, {size} MB", RUNS * EVENTS),
        None,
    );
    let nothing = median(|| {
        assert_eq!(lab.call(&["--version"]).code, 0);
    });
    line("floor: `fermata --version`, p50", &ms(nothing), None);

    let rows = median(|| {
        let db = Connection::open(&database).unwrap();
        let mut query = db.prepare("SELECT facts FROM runs").unwrap();
        let read = query
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap()
            .count();
        assert_eq!(read as u64, RUNS);
    });
    beside("list all runs", nothing + rows, &lab, &["runs", "--json"]);

    let from = EVENTS - PAGE;
    let page = median(|| {
        let db = Connection::open(&database).unwrap();
        let mut query = db
            .prepare("SELECT body FROM events WHERE run = (SELECT ord FROM runs WHERE id = ?1) AND seq >= ?2")
            .unwrap();
        let read = query
            .query_map(rusqlite::params![last.as_str(), from], |row| {
                row.get::<_, String>(0)
            })
            .unwrap()
            .count();
        assert!(read as u64 >= PAGE);
    });
    let from = from.to_string();
    beside(
        "open the tail of a long log, 500 events",
        nothing + page,
        &lab,
        &["events", last.as_str(), "--from", &from, "--json"],
    );
    beside(
        "show a run whole",
        nothing,
        &lab,
        &["show", last.as_str(), "--json"],
    );

    let commit = floor_of_a_commit(&lab);
    beside(
        "start a run, until its worker works",
        nothing * 2 + commit * 3,
        &lab,
        &["run", "small.yaml", "--force", "--detach", "--json"],
    );
}

/// How long a call takes, beside the floor.
fn beside(what: &str, floor: Duration, lab: &Lab, words: &[&str]) {
    let own = median(|| {
        let said = lab.call(words);
        assert_eq!(said.code, 0, "{said:?}");
    });
    let ratio = own.as_secs_f64() / floor.as_secs_f64();
    line(
        &format!("{what}, p50"),
        &format!("{} = {ratio:.1} × its floor of {}", ms(own), ms(floor)),
        Some(("≤ 150 ms", own <= Duration::from_millis(150))),
    );
}

fn median(mut act: impl FnMut()) -> Duration {
    let mut samples = Samples::default();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        act();
        samples.add(began.elapsed());
    }
    samples.percentile(50)
}

/// One synced transaction of one row.
fn floor_of_a_commit(lab: &Lab) -> Duration {
    let db = Connection::open(lab.work().join("floor.db")).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.pragma_update(None, "synchronous", "FULL").unwrap();
    db.execute("CREATE TABLE log (text TEXT)", []).unwrap();
    median(|| {
        db.execute("INSERT INTO log (text) VALUES ('x')", [])
            .unwrap();
    })
}

/// Fills the store of a lab; the run that was written last.
fn fill(lab: &Lab) -> RunId {
    let home = Home::open(&lab.home()).unwrap();
    let store = SqliteStore::open(&home).unwrap();
    let mut last = RunId::from("");
    for at in 1..=RUNS {
        last = one(&store, at);
    }
    last
}

fn one(store: &SqliteStore, at: u64) -> RunId {
    let run = new_run_id(at);
    let actor = Actor {
        by: "ada".to_owned(),
        surface: Surface::Terminal,
    };
    let queued = EventBody::RunQueued {
        workflow: "loud".to_owned(),
        file: "/nowhere/loud.yaml".to_owned(),
        dialect: "conductor".to_owned(),
        scope: format!("/nowhere//{}", at % 20),
        message: None,
        inputs: Map::new(),
        request: run.0.clone(),
        parent: None,
        gates: "ask".to_owned(),
        agent: None,
        actor: actor.clone(),
        cwd: "/nowhere".to_owned(),
        dry_run: false,
    };
    store
        .create_run(NewRun {
            run: run.clone(),
            events: vec![NewEvent::root(at, queued)],
            place: Place::default(),
        })
        .unwrap();
    let lock = store.try_lock(&run).unwrap().unwrap();
    let process = fermata_engine::event::ProcessId {
        pid: 4_000_000,
        started: 1,
        boot: "no boot of this machine".to_owned(),
    };
    let (fence, _) = store.claim(&run, process.clone(), &lock).unwrap();
    let mut events = vec![NewEvent::root(
        at,
        EventBody::RunStarted {
            fence,
            worker: process,
            version: "0".to_owned(),
            seed: 1,
            deadline: None,
        },
    )];
    events.extend((0..EVENTS - 3).map(|count| NewEvent {
        at: at + count,
        path: StepPath::from("loud"),
        body: EventBody::ScriptOutput {
            step: "loud".to_owned(),
            attempt: 1,
            stream: "stdout".to_owned(),
            text: "what a program prints while it works".to_owned(),
        },
    }));
    events.push(NewEvent::root(
        at,
        EventBody::RunCancelled {
            actor,
            reason: "enough".to_owned(),
        },
    ));
    store.append(&run, 1, Some(fence), &events).unwrap();
    run
}
