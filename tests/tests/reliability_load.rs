//! Twenty writers at full rate and a slow reader on one store: whoever answers
//! a gate gets through within the store's time-out, and the database's log does
//! not grow without bound. Counts and bytes are asserted, not times.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use fermata_engine::event::ProcessId;
use fermata_engine::{Actor, EventBody, RunId, StepPath, Surface};
use fermata_store::{
    Created, Home, NewEvent, NewRun, Place, SqliteStore, Store, StoreError, new_run_id,
};
use fermata_tests::violence::examine;
use fermata_tests::{Lab, wait};
use serde_json::Map;

const WRITERS: u64 = 20;
/// Transactions of each writer; each carries as many events as a worker coalesces in a second.
const BATCHES: u64 = 120;
const EVENTS: u64 = 20;
/// The database's log may not grow beyond this.
const BOUND: u64 = 64 << 20;

const GATE: &str = r#"
workflow: {name: asked, entry_point: ask}
agents:
  - name: ask
    type: human_gate
    prompt: Go on?
    options:
      - {label: "Yes", value: "yes", route: $end}
      - {label: "No", value: "no", route: $end}
"#;

fn queued(run: &RunId) -> EventBody {
    EventBody::RunQueued {
        workflow: "loud".to_owned(),
        file: "/nowhere/loud.yaml".to_owned(),
        dialect: "conductor".to_owned(),
        scope: format!("/nowhere//{run}"),
        message: None,
        inputs: Map::new(),
        request: run.0.clone(),
        parent: None,
        gates: "ask".to_owned(),
        agent: None,
        actor: Actor {
            by: "ada".to_owned(),
            surface: Surface::Terminal,
        },
        cwd: "/nowhere".to_owned(),
        dry_run: false,
    }
}

/// A worker that has nothing to do but to show what its step prints.
fn stream(home: &Home, at: u64) -> Result<RunId, StoreError> {
    // A connection of its own, as another process has it.
    let store = SqliteStore::open(home)?;
    let run = new_run_id(at);
    let created = store.create_run(NewRun {
        run: run.clone(),
        events: vec![NewEvent::root(at, queued(&run))],
        place: Place::default(),
    })?;
    assert_eq!(created, Created::New(run.clone()));
    let lock = store.try_lock(&run)?.expect("nobody else wants it");
    let process = ProcessId {
        pid: 4_000_000,
        started: 1,
        boot: "no boot of this machine".to_owned(),
    };
    let (fence, log) = store.claim(&run, process.clone(), &lock)?;
    let mut last = log.len() as u64;
    let started = EventBody::RunStarted {
        fence,
        worker: process,
        version: "0".to_owned(),
        seed: 1,
        deadline: None,
    };
    last = store
        .append(&run, last, Some(fence), &[NewEvent::root(at, started)])?
        .last()
        .map_or(last, |event| event.seq);
    let text = "a line that a program prints while it works, again and again\n".repeat(12);
    for batch in 0..BATCHES {
        let events: Vec<NewEvent> = (0..EVENTS)
            .map(|_| NewEvent {
                at: at + batch,
                path: StepPath::from("loud"),
                body: EventBody::ScriptOutput {
                    step: "loud".to_owned(),
                    attempt: 1,
                    stream: "stdout".to_owned(),
                    text: text.clone(),
                },
            })
            .collect();
        last = store
            .append(&run, last, Some(fence), &events)?
            .last()
            .map_or(last, |event| event.seq);
    }
    let cancelled = EventBody::RunCancelled {
        actor: Actor {
            by: "ada".to_owned(),
            surface: Surface::Terminal,
        },
        reason: "enough".to_owned(),
    };
    store.append(&run, last, Some(fence), &[NewEvent::root(at, cancelled)])?;
    Ok(run)
}

#[test]
fn gates_are_answered_beside_twenty_streaming_workers_and_the_log_of_the_store_stays_small() {
    let lab = Lab::new();
    lab.write("asked.yaml", GATE);
    let held: Vec<String> = (0..8)
        .map(|_| {
            let said = lab.call(&["run", "asked.yaml", "--force", "--json"]);
            assert_eq!(said.code, 4, "{said:?}");
            said.json()["run"].as_str().expect("an id").to_owned()
        })
        .collect();
    let home = Home::open(&lab.home()).expect("a home");
    let over = Arc::new(AtomicBool::new(false));
    let largest = Arc::new(AtomicU64::new(0));

    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|at| {
                let home = home.clone();
                scope.spawn(move || stream(&home, at + 1))
            })
            .collect();
        // Reads a page, and takes its time before it reads the next.
        let reader = {
            let (home, over, largest) = (home.clone(), Arc::clone(&over), Arc::clone(&largest));
            scope.spawn(move || {
                let store = SqliteStore::open(&home).expect("the store");
                let wal = home.database().with_extension("db-wal");
                let mut read = 0;
                while !over.load(Ordering::Relaxed) {
                    let wake = store.subscribe(None).expect("a wake");
                    for run in store.runs(&Default::default()).expect("runs") {
                        read += store.events(&run.run, 1, 500).expect("events").len();
                        let size = std::fs::metadata(&wal).map_or(0, |file| file.len());
                        largest.fetch_max(size, Ordering::Relaxed);
                    }
                    let _ = wake.wait(std::time::Duration::from_millis(200));
                }
                read
            })
        };
        wait("the writers write", || {
            (largest.load(Ordering::Relaxed) > 1 << 20).then_some(())
        });
        for run in &held {
            let answered = lab.call(&["answer", run, "--json", "yes"]);
            assert_eq!(answered.code, 0, "the store let it through: {answered:?}");
        }
        for writer in writers {
            let written = writer.join().expect("no writer panics");
            assert!(written.is_ok(), "no writer was turned away: {written:?}");
        }
        over.store(true, Ordering::Relaxed);
        assert!(reader.join().expect("the reader reads") > 0);
    });
    let largest = largest.load(Ordering::Relaxed);
    assert!(largest < BOUND, "the log of the store had {largest} bytes");

    let streamed = lab
        .runs()
        .iter()
        .filter(|run| run["workflow"] == "loud")
        .map(|run| run["last"].as_u64().expect("a number"))
        .collect::<Vec<_>>();
    assert_eq!(
        streamed,
        vec![BATCHES * EVENTS + 3; WRITERS as usize],
        "nothing that was written is missing"
    );
    for run in &held {
        wait("the answered run is over", || {
            (lab.show(run)["status"] == "completed").then_some(())
        });
    }
    examine(&lab);
}
