//! A worker that dies at any write: before it, or right after it. Whatever the
//! moment, resuming leads to the same result, and nothing that has a result
//! runs again (invariant 10).

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fermata_engine::{Event, EventBody, Payload, RunId, Status};
use fermata_runner::{Ended, WorkerError, run_worker};
use fermata_store::{Call, Fault, Faulty, MemStore, Miss, Store, StoreError, load_state};
use serde_json::{Map, json};
use support::scripted::Scripted;
use support::world::Disk;
use support::{Case, people, queue, surroundings};

const MAIN: &str = "
workflow: {name: main, entry_point: first}
agents:
  - {name: first, type: script, command: sh, args: [-c, 'echo 1'], routes: [{to: each}]}
  - {name: think, prompt: Think., routes: [{to: kid}]}
  - {name: kid, type: workflow, workflow: kid.yaml, routes: [{to: last}]}
  - {name: last, type: set, value: '{{ kid.output.v }}'}
for_each:
  - name: each
    type: for_each
    source: workflow.input.items
    as: it
    agent: {name: one, type: set, value: '{{ it * 2 }}'}
    routes: [{to: think}]
output: {last: '{{ last.output }}', each: '{{ each.outputs | json(0) }}', said: '{{ think.output.result }}'}
";

const KID: &str = "
workflow: {name: kid, entry_point: s}
agents: [{name: s, type: script, command: sh, args: [-c, 'echo 5']}]
output: {v: '{{ s.output.stdout | trim }}'}
";

async fn attempt(store: &Arc<Faulty<MemStore>>, run: &RunId) -> Result<Ended, WorkerError> {
    let guard = store.try_lock(run).unwrap().unwrap();
    let agents = Scripted::new(&json!({"agents": {"think": ["thought"]}}));
    let world = Arc::new(Disk {
        env: Default::default(),
    });
    run_worker(run, guard, surroundings(store.clone(), agents, world)).await
}

/// No step is started after it has a result.
fn nothing_ran_twice(log: &[Event]) {
    let mut done = BTreeSet::new();
    for event in log {
        match &event.body {
            EventBody::StepCompleted { .. } => {
                assert!(
                    done.insert(event.path.clone()),
                    "two results at {}",
                    event.path
                );
            }
            EventBody::StepStarted { .. } => {
                assert!(!done.contains(&event.path), "{} ran again", event.path);
            }
            _ => {}
        }
    }
}

/// Runs with one failing write; whether that write was ever reached.
async fn with_fault(folder: &Path, at: u64, after: bool) -> bool {
    let store = Arc::new(Faulty::new(MemStore::new()));
    let inputs = Map::from_iter([("items".to_owned(), json!([1, 2, 3]))]);
    let run = queue(
        store.as_ref(),
        &Case {
            file: &folder.join("main.yaml"),
            inputs,
            gates: "ask",
            guidance: Vec::new(),
        },
    );
    let mut appends = 0;
    store.plan(move |call, _| {
        if call != Call::Append {
            return None;
        }
        appends += 1;
        let error = StoreError::Full {
            path: "disk".to_owned(),
        };
        (appends - 1 == at).then_some(if after {
            Fault::After(error)
        } else {
            Fault::Before(error)
        })
    });
    let first = attempt(&store, &run).await;
    store.heal();
    let reached = first.is_err();
    for _ in 0..4 {
        match load_state(store.as_ref(), &run).unwrap().status {
            Status::Completed => break,
            Status::Failed => people::resume_in(store.as_ref(), &run),
            Status::Queued | Status::Running | Status::Waiting | Status::Cancelled => {}
        }
        let _ = attempt(&store, &run).await.unwrap();
    }
    let state = load_state(store.as_ref(), &run).unwrap();
    assert_eq!(
        state.output,
        Some(Payload::Inline(
            json!({"last": 5, "each": [2, 4, 6], "said": "thought"})
        )),
        "write {at} failed ({})",
        if after { "after" } else { "before" }
    );
    nothing_ran_twice(&store.events(&run, 1, usize::MAX).unwrap());
    reached
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_write_a_worker_dies_at_the_run_comes_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.yaml"), MAIN).unwrap();
    std::fs::write(folder.path().join("kid.yaml"), KID).unwrap();
    for after in [false, true] {
        let mut at = 0;
        while with_fault(folder.path(), at, after).await {
            at += 1;
        }
        assert!(at > 5, "only {at} writes were reached");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_fence_is_outdated_writes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.yaml"), MAIN).unwrap();
    std::fs::write(folder.path().join("kid.yaml"), KID).unwrap();
    let store = Arc::new(Faulty::new(MemStore::new()));
    let run = queue(
        store.as_ref(),
        &Case {
            file: &folder.path().join("main.yaml"),
            inputs: Map::from_iter([("items".to_owned(), json!([1]))]),
            gates: "ask",
            guidance: Vec::new(),
        },
    );
    let (told, after) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (tells, counts) = (Arc::clone(&told), Arc::clone(&after));
    store.plan(move |call, _| {
        if call != Call::Append {
            return None;
        }
        if tells.fetch_add(1, Ordering::SeqCst) < 2 {
            return None;
        }
        counts.fetch_add(1, Ordering::SeqCst);
        Some(Fault::Before(Miss::Fenced { fence: 9 }.into()))
    });
    assert_eq!(attempt(&store, &run).await.unwrap(), Ended::Fenced);
    assert_eq!(after.load(Ordering::SeqCst), 1);
    assert!(store.try_lock(&run).unwrap().is_some());
}
