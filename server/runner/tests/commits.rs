//! What a step costs: transactions, counted. Not how long anything takes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fermata_engine::Status;
use fermata_runner::{Ended, run_worker};
use fermata_store::{Call, Commits, Faulty, MemStore, Store};
use serde_json::{Map, Value};
use support::scripted::Scripted;
use support::world::Disk;
use support::{Case, queue, surroundings};

/// A chain of so many scripts of one line.
fn scripts(steps: usize, line: &str) -> String {
    let mut text = String::from(
        "workflow:\n  name: chain\n  entry_point: s0\n  limits: {max_iterations: 100}\nagents:\n",
    );
    for step in 0..steps {
        let to = if step + 1 == steps {
            "$end".to_owned()
        } else {
            format!("s{}", step + 1)
        };
        writeln!(
            text,
            "  - {{name: s{step}, type: script, command: sh, args: [-c, \"{line}\"], routes: [{{to: {to}}}]}}"
        )
        .unwrap();
    }
    text
}

/// Runs a chain of so many scripts of one line; what it wrote.
async fn chain(steps: usize, line: &str) -> Commits {
    of(&scripts(steps, line)).await
}

/// Runs a workflow to its end; what it wrote.
async fn of(text: &str) -> Commits {
    let store = Arc::new(MemStore::new());
    let before = store.commits();
    on(store.clone(), text).await;
    since(before, store.commits())
}

fn since(before: Commits, after: Commits) -> Commits {
    Commits {
        synced: after.synced - before.synced,
        relaxed: after.relaxed - before.relaxed,
    }
}

/// Runs a workflow to its end in a store.
async fn on<S: Store + 'static>(store: Arc<S>, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    within(folder.path(), store, text).await;
}

/// Runs a workflow to its end in a store and a folder.
async fn within<S: Store + 'static>(folder: &Path, store: Arc<S>, text: &str) {
    let file = folder.join("chain.yaml");
    std::fs::write(&file, text).unwrap();
    let run = queue(
        store.as_ref(),
        &Case {
            file: &file,
            inputs: Map::new(),
            gates: "ask",
            guidance: Vec::new(),
        },
    );
    let mut around = surroundings(
        store.clone(),
        Scripted::new(&Value::Null),
        Arc::new(Disk {
            env: Default::default(),
        }),
    );
    // Nobody looks just because time has passed.
    around.poll = Duration::from_secs(60);
    let guard = store.try_lock(&run).unwrap().unwrap();
    assert_eq!(
        run_worker(&run, guard, around).await.unwrap(),
        Ended::With(Status::Completed)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_a_chain_is_one_synced_transaction_and_at_most_one_for_its_process() {
    let (short, long) = (chain(5, "true").await, chain(15, "true").await);
    assert_eq!(long.synced - short.synced, 10, "{short:?} {long:?}");
    // A process that ends at once is not named in the log; on a busy machine not all do.
    assert!(long.relaxed <= short.relaxed + 15, "{short:?} {long:?}");
}

/// As [`chain`]; a file `named-0`, `named-1`, … comes to be when the first process, the second, … is named in the log.
async fn named(steps: usize, line: &str) -> Commits {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("begun"), "").unwrap();
    let store = Arc::new(MemStore::new());
    let before = store.commits();
    let telling = tokio::spawn({
        let (store, folder) = (Arc::clone(&store), folder.path().to_path_buf());
        async move {
            let mut told = 0;
            loop {
                while told < store.commits().relaxed - before.relaxed {
                    std::fs::write(folder.join(format!("named-{told}")), "").unwrap();
                    told += 1;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    });
    within(folder.path(), store.clone(), &scripts(steps, line)).await;
    telling.abort();
    since(before, store.commits())
}

/// How often a chain of so many scripts looks into its log, but for the looks that follow a process named there.
async fn reads(steps: usize) -> u64 {
    let store = Arc::new(Faulty::new(MemStore::new()));
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    store.plan(move |call, _| {
        counted.fetch_add(u64::from(call == Call::Events), Ordering::Relaxed);
        None
    });
    on(store.clone(), &scripts(steps, "true")).await;
    count.load(Ordering::Relaxed) - store.commits().relaxed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_not_woken_by_what_it_writes_itself() {
    assert_eq!(reads(15).await - reads(5).await, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_works_on_is_named_in_the_log_by_one_transaction() {
    // Each works until it is named.
    let line = "n=$(($(wc -l < begun))); echo >> begun; until [ -e named-$n ]; do sleep 0.02; done";
    let (short, long) = (named(1, line).await, named(3, line).await);
    assert_eq!(long.synced - short.synced, 2, "{short:?} {long:?}");
    assert_eq!(long.relaxed - short.relaxed, 2, "{short:?} {long:?}");
}

/// Runs a loop of so many `set` steps; what it wrote.
async fn pure(rounds: usize) -> Commits {
    let text = format!(
        "workflow:\n  name: pure\n  entry_point: s\n  limits: {{max_iterations: 500}}\nagents:\n  - name: s\n    type: set\n    value: \"{{{{ s.output + 1 if s is defined else 1 }}}}\"\n    routes:\n      - {{to: $end, when: \"{{{{ output >= {rounds} }}}}\"}}\n      - {{to: s}}\n"
    );
    of(&text).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_pure_steps_share_a_synced_transaction() {
    let (short, long) = (pure(64).await, pure(448).await);
    // 384 more steps, each with the route that it takes.
    assert!(long.synced - short.synced <= 384 / 64, "{short:?} {long:?}");
    assert_eq!(long.relaxed, short.relaxed, "{short:?} {long:?}");
}
