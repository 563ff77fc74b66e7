//! A worker that dies at any write: before it, or right after it. Whatever the
//! moment, resuming leads to the same result, and nothing that has a result
//! runs again (invariant 10).

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use fermata_engine::{Answer, Cause, Event, EventBody, Payload, RunId, Status, StepPath};
use fermata_runner::{Ended, WorkerError, run_worker};
use fermata_store::{Call, Fault, Faulty, MemStore, Miss, Store, StoreError, load_state};
use serde_json::{Map, json};
use support::scripted::Scripted;
use support::world::Disk;
use support::{Case, graph, people, queue, surroundings};

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

const GRAPH: &str = r#"
name: main
description: A graph.
interactive: true
nodes:
  - {id: a, bash: 'echo a >> log; echo one'}
  - {id: bad, bash: 'echo bad >> log; exit 3'}
  - {id: p, depends_on: [a], prompt: 'Say $a.output'}
  - {id: l, depends_on: [p], loop: {prompt: 'Go on', until: DONE, max_iterations: 2}}
  - id: g
    depends_on: [p]
    loop_group:
      max_iterations: 3
      until_bash: '[ $y.output = xx ]'
      nodes: [{id: y, bash: 'echo g >> log; echo x$LOOP_PREV.y.output'}]
  - {id: ask, depends_on: [g, l], approval: {message: 'Ship $g.output?', on_reject: {prompt: 'Fix it', max_attempts: 3}}}
  - {id: kid, depends_on: [ask], workflow: kid, input: hi}
  - {id: fan, depends_on: [ask], workflow: kid, fan_out: {items: '["u", "v"]', max_parallel: 2}}
  - {id: z, depends_on: [kid, fan, bad, l], trigger_rule: all_done, bash: 'echo z >> log; echo $kid.output $fan.output $l.output'}
"#;

const CHILD: &str = "name: kid\ndescription: A child.\nmutates_checkout: false\nnodes:\n  - {id: k, bash: 'echo kid >> log; echo said $ARGUMENTS'}\n";

/// Somebody rejects once, then approves.
fn answer_gate(store: &MemStore, run: &RunId) {
    let state = load_state(store, run).unwrap();
    let Some(open) = state.open_gates.first() else {
        return;
    };
    let decision = if open.gate.gate.as_str() == "g1" {
        "reject"
    } else {
        "approve"
    };
    let answer = Answer::Approval {
        decision: decision.to_owned(),
        text: None,
    };
    people::answer(store, run, &open.gate.gate, &answer).unwrap();
}

/// One worker of a graph.
async fn attempt_graph(
    store: &Arc<Faulty<MemStore>>,
    run: &RunId,
    home: &Path,
) -> Result<Ended, WorkerError> {
    let agents = Scripted::new(&json!({"agents": {
        "p": [{"text": "thought"}], "l": [{"text": "all DONE"}], "ask:on_reject": [{"text": "fixed"}],
    }}));
    let world = Arc::new(Disk {
        env: Default::default(),
    });
    let mut around = surroundings(store.clone(), agents, world);
    around.home = home.to_path_buf();
    around.children = Some(Arc::new(graph::Threads {
        store: store.clone(),
        around: around.clone(),
    }));
    let guard = store.try_lock(run).unwrap().unwrap();
    run_worker(run, guard, around).await
}

/// Runs the graph with one failing write; whether that write was ever reached.
async fn graph_with_fault(at: u64, after: bool) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".archon/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    std::fs::write(workflows.join("main.yaml"), GRAPH).unwrap();
    std::fs::write(workflows.join("kid.yaml"), CHILD).unwrap();
    let store = Arc::new(Faulty::new(MemStore::new()));
    let run = graph::queue(store.as_ref(), folder.path(), "do it");
    let appends = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&appends);
    store.plan(move |call, _| {
        if call != Call::Append {
            return None;
        }
        let error = StoreError::Full {
            path: "disk".to_owned(),
        };
        (counted.fetch_add(1, Ordering::SeqCst) == at).then_some(if after {
            Fault::After(error)
        } else {
            Fault::Before(error)
        })
    });
    let home = folder.path().join("home");
    for _ in 0..12 {
        if attempt_graph(&store, &run, &home).await.is_err() {
            continue;
        }
        let state = load_state(store.as_ref(), &run).unwrap();
        match (state.status, state.cause) {
            (Status::Failed, Some(Cause::Interrupted)) => people::resume_in(store.inner(), &run),
            (Status::Waiting, _) => answer_gate(store.inner(), &run),
            _ => break,
        }
    }
    let reached = appends.load(Ordering::SeqCst) > at;
    let state = load_state(store.as_ref(), &run).unwrap();
    let when = format!(
        "write {at} failed ({})",
        if after { "after" } else { "before" }
    );
    assert_eq!(
        (state.status, state.cause),
        (Status::Failed, Some(Cause::StepFailed)),
        "{when}"
    );
    assert_eq!(state.error.unwrap().names, ["bad"], "{when}");
    let said = &state.nodes[&StepPath::from("z")].output;
    let expected = r#"said hi ["said u","said v"] all DONE"#;
    assert_eq!(*said, Some(Payload::Inline(json!(expected))), "{when}");
    assert_eq!(state.loops[&StepPath::from("g")].completed, 2, "{when}");
    let log = store.events(&run, 1, usize::MAX).unwrap();
    nothing_ran_twice(&log);
    // What was done is in a file: once, and once more where a worker died before it could say so.
    let done = std::fs::read_to_string(folder.path().join("log")).unwrap();
    for (word, times) in [("a", 1), ("bad", 1), ("g", 2), ("kid", 3), ("z", 1)] {
        let found = done.lines().filter(|line| *line == word).count();
        let more = usize::from(reached);
        assert!(
            (times..=times + more).contains(&found),
            "{word} was done {found} times, {when}:\n{done}"
        );
    }
    reached
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_write_the_worker_of_a_graph_dies_at_nothing_is_lost_and_nothing_done_twice() {
    // Every write by hand, some of them each day.
    let step = if std::env::var_os("FERMATA_CASES").is_some() {
        1
    } else {
        5
    };
    for (first, after) in [(0, false), (2, true)] {
        let mut at = first;
        while graph_with_fault(at, after).await {
            at += step;
        }
        assert!(at > 15, "only {at} writes were reached");
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
