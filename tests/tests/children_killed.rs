//! Runs and the runs that their steps start, killed at every point: nothing
//! that is done is done again, no wake-up is lost, nobody waits for ever.

use std::time::Duration;

use fermata_engine::{Answer, EventBody, Fence, GateId, RunId, Status, StepPath, Surface};
use fermata_store::{Home, NewEvent, SqliteStore, Store};
use fermata_tests::violence::{Dice, examine, lives, rounds, signal, worker_of};
use fermata_tests::workflows::PARENT;
use fermata_tests::{Lab, run_id, wait};
use serde_json::Value;

const ASKING: &str = "\
interactive: true
nodes:
  - {id: begin, bash: \"echo begun >> log\"}
  - {id: ask, depends_on: [begin], approval: {message: Ship it?}}
  - {id: end, depends_on: [ask], bash: \"echo ended >> log; echo shipped\"}
";
/// Begins, then works until a file is there.
const WORKING: &str = "\
nodes:
  - {id: begin, bash: \"echo begun >> log\"}
  - {id: work, depends_on: [begin], bash: \"echo work >> log; while [ ! -e go ]; do sleep 0.02; done; echo worked\"}
";

fn lab(kid: &str) -> Lab {
    let lab = Lab::new();
    lab.configure("park_after: 0\n");
    lab.archon("kid", kid);
    lab
}

/// Parent and child, started and left alone.
fn begun(lab: &Lab) -> (String, String) {
    let file = lab.archon("parent", PARENT);
    let said = lab.call(&["run", &file, "--share-checkout", "--json", "--detach"]);
    let parent = run_id(&said.json());
    let child = wait("there is a child", || {
        lab.children(&parent).first().map(run_id)
    });
    (parent, child)
}

/// Both at the child's gate, without workers.
fn parked(lab: &Lab) -> (String, String) {
    let (parent, child) = begun(lab);
    lab.until_parked(&child);
    lab.until_parked(&parent);
    (parent, child)
}

/// Both at work in the child's step.
fn working(lab: &Lab) -> (String, String) {
    let (parent, child) = begun(lab);
    wait("the child works", || {
        lab.read("log").contains("work").then_some(())
    });
    (parent, child)
}

fn store(lab: &Lab) -> SqliteStore {
    let home = Home::open(&lab.home()).expect("the home opens");
    SqliteStore::open(&home).expect("the store opens")
}

fn actor() -> fermata_engine::Actor {
    fermata_engine::Actor {
        by: "ada".to_owned(),
        surface: Surface::Terminal,
    }
}

fn queued() -> EventBody {
    EventBody::RunResumed {
        status: Status::Queued,
        actor: actor(),
        definition: None,
        from: None,
        agent: None,
    }
}

/// What a surface writes before it dies.
fn append(lab: &Lab, run: &str, bodies: Vec<(&str, EventBody)>) {
    let store = store(lab);
    let run = RunId::from(run);
    let last = store.run(&run).expect("a run").last_seq;
    let events: Vec<NewEvent> = bodies
        .into_iter()
        .map(|(path, body)| NewEvent {
            at: 1,
            path: StepPath::from(path),
            body,
        })
        .collect();
    store.append(&run, last, None, &events).expect("appended");
}

fn approved() -> EventBody {
    EventBody::GateAnswered {
        gate: GateId::from("g1"),
        answer: Answer::Approval {
            decision: "approve".to_owned(),
            text: None,
        },
        actor: actor(),
        waited: 1,
    }
}

fn began(log: &str, word: &str) -> usize {
    log.lines().filter(|line| *line == word).count()
}

#[test]
fn who_answers_the_child_and_dies_before_telling_the_parent_loses_nothing() {
    let lab = lab(ASKING);
    let (parent, child) = parked(&lab);
    append(&lab, &child, vec![("ask", approved()), ("", queued())]);
    // Any next command looks after both.
    let shown = lab.until(&parent, "completed");
    assert_eq!(shown["output"], "got shipped");
    assert_eq!(lab.read("log"), "begun\nended\n");
    examine(&lab);
}

#[test]
fn who_wakes_the_parent_and_dies_before_its_worker_comes_loses_nothing() {
    let lab = lab(ASKING);
    let (parent, child) = parked(&lab);
    append(&lab, &child, vec![("ask", approved()), ("", queued())]);
    append(&lab, &parent, vec![("sub", approved()), ("", queued())]);
    lab.until(&parent, "completed");
    assert_eq!(lab.status(&child), "completed");
    assert_eq!(lab.read("log"), "begun\nended\n");
}

#[test]
fn a_child_whose_end_nobody_was_told_of_is_found_by_the_next_command() {
    for ends in ["completed", "cancelled"] {
        let lab = lab(ASKING);
        let (parent, child) = parked(&lab);
        append(&lab, &child, vec![("ask", approved()), ("", queued())]);
        end_as_a_dying_worker(&lab, &child, ends);
        let shown = lab.until(
            &parent,
            if ends == "completed" {
                "completed"
            } else {
                "failed"
            },
        );
        assert_eq!(shown["children"].as_array().map(Vec::len), Some(1));
        assert_eq!(lab.status(&child), ends);
    }
}

/// The worker of a child that dies right after its last word.
fn end_as_a_dying_worker(lab: &Lab, run: &str, ends: &str) {
    let store = store(lab);
    let run = RunId::from(run);
    let lock = store
        .try_lock(&run)
        .expect("locks work")
        .expect("it is free");
    let process = fermata_engine::event::ProcessId {
        pid: std::process::id(),
        started: 0,
        boot: String::new(),
    };
    let (fence, log) = store.claim(&run, process.clone(), &lock).expect("claimed");
    let last = log.last().expect("a log").seq;
    let started = EventBody::RunStarted {
        fence: Fence(fence.0),
        worker: process,
        version: "0".to_owned(),
        seed: 1,
        deadline: None,
    };
    let end = if ends == "completed" {
        EventBody::RunCompleted {
            output: fermata_engine::Payload::Inline(Value::from("shipped")),
            outcome: None,
            terminated_by: None,
            reason: None,
        }
    } else {
        EventBody::RunCancelled {
            actor: actor(),
            reason: "it had to".to_owned(),
        }
    };
    let events = [NewEvent::root(2, started), NewEvent::root(2, end)];
    store
        .append(&run, last, Some(fence), &events)
        .expect("appended");
}

#[test]
fn who_abandons_the_parent_and_dies_half_way_has_abandoned_it_and_its_child() {
    let lab = lab(ASKING);
    let (parent, child) = parked(&lab);
    let request = EventBody::AbortRequested {
        actor: actor(),
        reason: "abandoned".to_owned(),
    };
    append(&lab, &parent, vec![("", request)]);
    lab.until(&parent, "cancelled");
    assert_eq!(lab.status(&child), "cancelled");
    assert_eq!(lab.read("log"), "begun\n");
}

#[test]
fn a_child_whose_worker_is_killed_is_put_to_work_again_by_its_parent() {
    let lab = lab(WORKING);
    let (parent, child) = working(&lab);
    lab.kill_worker(&child);
    wait("the work begins again", || {
        (began(&lab.read("log"), "work") == 2).then_some(())
    });
    lab.write("go", "");
    assert_eq!(lab.until(&parent, "completed")["output"], "got worked");
    assert_eq!(began(&lab.read("log"), "begun"), 1);
    assert_eq!(lab.children(&parent).len(), 1);
    examine(&lab);
}

#[test]
fn a_parent_whose_worker_is_killed_finds_its_child_at_work_when_it_is_resumed() {
    let lab = lab(WORKING);
    let (parent, child) = working(&lab);
    let below = worker_of(&lab.show(&child)).expect("a worker");
    lab.kill_worker(&parent);
    assert_eq!(lab.until(&parent, "failed")["cause"], "interrupted");
    assert!(lives(below), "the child's worker does not mind");
    let resumed = lab.call(&["resume", &parent, "--json", "--detach"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    lab.write("go", "");
    assert_eq!(lab.until(&parent, "completed")["output"], "got worked");
    assert_eq!(lab.read("log"), "begun\nwork\n");
    assert_eq!(lab.children(&parent).len(), 1);
}

#[test]
fn parent_and_child_killed_together_go_on_together() {
    let lab = lab(WORKING);
    let (parent, child) = working(&lab);
    let pids: Vec<u64> = [&parent, &child]
        .iter()
        .filter_map(|run| worker_of(&lab.show(run)))
        .collect();
    for pid in pids {
        signal(pid, "KILL");
    }
    for run in [&parent, &child] {
        assert_eq!(lab.until(run, "failed")["cause"], "interrupted");
    }
    lab.write("go", "");
    let resumed = lab.call(&["resume", &parent, "--json"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(resumed.json()["output"], "got worked");
    let log = lab.read("log");
    assert_eq!((began(&log, "begun"), began(&log, "work")), (1, 2));
    assert_eq!(lab.children(&parent).len(), 1);
    examine(&lab);
}

#[test]
fn a_child_that_was_answered_by_somebody_who_died_is_put_to_work_by_its_living_parent() {
    let lab = lab(ASKING);
    let file = lab.archon(
        "parent",
        "nodes:\n  - {id: sub, workflow: kid, input: q}\n  - {id: work, bash: \"while [ ! -e go ]; do sleep 0.02; done\"}\n",
    );
    let said = lab.call(&["run", &file, "--share-checkout", "--json", "--detach"]);
    let parent = run_id(&said.json());
    let child = wait("there is a child", || {
        lab.children(&parent).first().map(run_id)
    });
    lab.until_parked(&child);
    append(&lab, &child, vec![("ask", approved()), ("", queued())]);
    // Looked at without a command of ours: those look after runs.
    let store = store(&lab);
    let below = RunId::from(child.as_str());
    wait("the child completes", || {
        (store.run(&below).expect("a run").status == Status::Completed).then_some(())
    });
    lab.write("go", "");
    lab.until(&parent, "completed");
}

#[test]
fn an_interrupted_parent_goes_on_when_the_gate_of_its_child_is_answered_at_it() {
    let lab = lab(ASKING);
    lab.configure("park_after: 600\n");
    let (parent, child) = begun(&lab);
    wait("both wait", || {
        (lab.show(&parent)["status"] == "waiting").then_some(())
    });
    lab.kill_worker(&parent);
    let shown = lab.until(&parent, "failed");
    assert_eq!(shown["gates"].as_array().map(Vec::len), Some(1), "{shown}");
    let took = lab.call(&["answer", &parent, "--json", "approve"]);
    assert_eq!(took.json()["ok"], true, "{took:?}");
    assert_eq!(lab.until(&parent, "completed")["output"], "got shipped");
    assert_eq!(lab.status(&child), "completed");
    assert_eq!(lab.read("log"), "begun\nended\n");
}

#[test]
fn a_resumed_fan_out_runs_only_what_had_failed() {
    let lab = lab(
        "nodes:\n  - {id: one, bash: \"echo $ARGUMENTS >> log; [ $ARGUMENTS != b ] || [ -e ok ]\"}\n",
    );
    let file = lab.archon(
        "parent",
        "nodes:\n  - {id: list, bash: \"echo '[\\\"a\\\", \\\"b\\\", \\\"c\\\"]'\"}\n  - {id: each, depends_on: [list], workflow: kid, fan_out: {items: $list.output, join: all_success}}\n",
    );
    let failed = lab.call(&["run", &file, "--share-checkout", "--json"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    let parent = run_id(&failed.json());
    lab.write("ok", "");
    let resumed = lab.call(&["resume", &parent, "--json"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    let mut log: Vec<String> = lab.read("log").lines().map(str::to_owned).collect();
    log.sort();
    assert_eq!(log, ["a", "b", "b", "c"]);
    assert_eq!(lab.children(&parent).len(), 3);
}

#[test]
fn killed_at_any_moment_around_an_answer_both_come_to_their_end() {
    let mut dice = Dice::from_env();
    for _ in 0..rounds(4) {
        let lab = lab(ASKING);
        let (parent, child) = parked(&lab);
        let mut answering = lab.start(&["answer", &parent, "--json", "approve"]);
        dice.let_pass(Duration::from_millis(400));
        let mut pids: Vec<u64> = vec![u64::from(answering.id())];
        pids.extend(
            [&parent, &child]
                .iter()
                .filter_map(|run| worker_of(&lab.show(run))),
        );
        for pid in pids {
            if dice.below(3) > 0 {
                signal(pid, "KILL");
            }
        }
        let _ = answering.wait();
        let shown = wait("the parent completes", || {
            let shown = lab.show(&parent);
            match shown["status"].as_str() {
                Some("completed") => return Some(shown),
                Some("failed") => drop(lab.call(&["resume", &parent, "--json", "--detach"])),
                Some("waiting") if shown["gates"][0].is_object() => {
                    drop(lab.call(&["answer", &parent, "--json", "approve"]));
                }
                _ => {}
            }
            None
        });
        assert_eq!(shown["output"], "got shipped");
        assert_eq!(lab.status(&child), "completed");
        assert_eq!(shown["children"].as_array().map(Vec::len), Some(1));
        assert_eq!(began(&lab.read("log"), "begun"), 1);
        let answers = lab.events(&child);
        let answers = answers.iter().filter(|e| e["type"] == "gate_answered");
        assert_eq!(answers.count(), 1);
        examine(&lab);
    }
}
