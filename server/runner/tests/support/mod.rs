//! A run through the worker's own door: a workflow on disk, a store in memory,
//! scripted agents, and somebody who answers gates.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, reason = "shared by several test files")]

pub mod answering;
pub mod compare;
pub mod corpus;
pub mod graph;
pub mod people;
pub mod scripted;
pub mod sequence;
pub mod world;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fermata_engine::event::Surface;
use fermata_engine::{Actor, Event, EventBody, RunId, RunState};
use fermata_runner::agent::AgentProvider;
use fermata_runner::{Ended, Surroundings, run_worker};
use fermata_store::{Created, MemStore, NewEvent, NewRun, Place, Store, load_state};
use fermata_workflow::World;
use serde_json::{Map, Value};

/// What to run.
pub struct Case<'a> {
    pub file: &'a Path,
    pub inputs: Map<String, Value>,
    pub gates: &'a str,
    pub guidance: Vec<String>,
}

/// What came of it.
pub struct Finished {
    pub ended: Ended,
    pub log: Vec<Event>,
    pub state: RunState,
}

pub fn actor() -> Actor {
    Actor {
        by: "ada".to_owned(),
        surface: Surface::Terminal,
    }
}

/// Queues a run in a store.
pub fn queue(store: &dyn Store, case: &Case<'_>) -> RunId {
    let run = fermata_store::new_run_id(1);
    let folder = case.file.parent().unwrap();
    let queued = EventBody::RunQueued {
        workflow: "w".to_owned(),
        file: case.file.display().to_string(),
        dialect: "conductor".to_owned(),
        scope: folder.display().to_string(),
        message: None,
        inputs: case.inputs.clone(),
        request: run.0.clone(),
        parent: None,
        gates: case.gates.to_owned(),
        agent: None,
        actor: actor(),
        cwd: folder.display().to_string(),
        dry_run: false,
    };
    let mut events = vec![NewEvent::root(1, queued)];
    events.truncate(1);
    let created = store
        .create_run(NewRun {
            run: run.clone(),
            events,
            place: Place::default(),
        })
        .unwrap();
    assert!(matches!(created, Created::New(_)));
    for text in &case.guidance {
        let last = store.run(&run).unwrap().last_seq;
        let body = EventBody::GuidanceGiven {
            actor: actor(),
            text: text.clone(),
        };
        store
            .append(&run, last, None, &[NewEvent::root(1, body)])
            .unwrap();
    }
    run
}

pub fn surroundings(
    store: Arc<dyn Store>,
    agents: Arc<dyn AgentProvider>,
    world: Arc<dyn World>,
) -> Surroundings {
    let mut around = Surroundings::new(store, agents, world);
    around.park_after = Duration::ZERO;
    around.poll = Duration::from_millis(200);
    around
}

/// Works on a queued run until the worker leaves it.
pub async fn work(store: &Arc<MemStore>, run: &RunId, around: Surroundings) -> Ended {
    let guard = store
        .try_lock(run)
        .unwrap()
        .expect("nobody else works on it");
    run_worker(run, guard, around).await.unwrap()
}

/// The log and its fold.
pub fn read(store: &MemStore, run: &RunId, ended: Ended) -> Finished {
    Finished {
        ended,
        log: store.events(run, 1, usize::MAX).unwrap(),
        state: load_state(store, run).unwrap(),
    }
}
