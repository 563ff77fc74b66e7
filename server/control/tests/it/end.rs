//! Abandon, stop, abort and tell.

use fermata_control::Act;
use fermata_engine::{Cause, EventBody, GateKind, Status};
use fermata_store::NewEvent;

use crate::played::Played;
use crate::scene::{Scene, child_of, started};

fn refused(act: &Act) -> (&str, Status) {
    match act {
        Act::Refused { reason, status } => (reason, *status),
        Act::Done { .. } => panic!("expected a refusal"),
    }
}

#[test]
fn every_run_that_is_not_final_can_be_abandoned() {
    let scene = Scene::new();
    let queued = started(&scene.force("queued"));
    let failed = scene.failed("failed");
    let parked = scene.parked("parked");
    let mut worker = scene.running("interrupted");
    worker.begin_step("build");
    worker.die();
    for run in [queued, failed, parked, worker.run.clone()] {
        assert_eq!(
            scene.control.abandon(&run).unwrap(),
            Act::Done {
                status: Status::Cancelled
            }
        );
        assert_eq!(scene.status(&run), Status::Cancelled);
        assert!(scene.control.state(&run).unwrap().open_gates.is_empty());
    }
}

#[test]
fn a_final_run_cannot_be_abandoned_and_the_refusal_names_its_status() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.complete();
    let act = scene.control.abandon(&worker.run).unwrap();
    assert_eq!(refused(&act).1, Status::Completed);
    assert!(refused(&act).0.contains("completed"));
    let second = started(&scene.force("B"));
    scene.control.abandon(&second).unwrap();
    let act = scene.control.abandon(&second).unwrap();
    assert_eq!(refused(&act).1, Status::Cancelled);
}

#[test]
fn abandoning_a_run_cancels_its_children_too() {
    let scene = Scene::new();
    let parent = scene.failed("A");
    let child = child_of(&scene, &parent);
    Played::begin(&scene.store, &child).park_at_gate();
    scene.control.abandon(&parent).unwrap();
    assert_eq!(scene.status(&child), Status::Cancelled);
}

#[test]
fn a_living_worker_is_asked_before_its_children_are_touched() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    let run = worker.run.clone();
    let child = child_of(&scene, &run);
    let mut below = Played::begin(&scene.store, &child);
    let wake = scene.store.subscribe(Some(&run)).unwrap();
    let asker = std::thread::spawn({
        let (control, run) = (scene.control.clone(), run.clone());
        move || control.abandon(&run).unwrap()
    });
    while !scene.store.run(&run).unwrap().aborting {
        assert!(wake.wait(std::time::Duration::from_secs(30)));
    }
    assert!(!scene.store.run(&child).unwrap().aborting);
    for played in [&mut below, &mut worker] {
        played.add(EventBody::RunCancelled {
            actor: fermata_engine::Actor {
                by: "ada".to_owned(),
                surface: fermata_engine::Surface::Terminal,
            },
            reason: "abandoned".to_owned(),
        });
        played.die();
    }
    assert!(matches!(asker.join().unwrap(), Act::Done { .. }));
}

impl Played {
    fn park_at_gate(&mut self) {
        self.approval();
        self.park();
    }
}

#[test]
fn a_living_worker_is_asked_and_carries_it_out() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    let run = worker.run.clone();
    let (control, wake) = (
        scene.control.clone(),
        scene.store.subscribe(Some(&run)).unwrap(),
    );
    let asker = std::thread::spawn({
        let run = run.clone();
        move || control.abandon(&run).unwrap()
    });
    while !scene.store.run(&run).unwrap().aborting {
        assert!(wake.wait(std::time::Duration::from_secs(30)));
    }
    worker.add(EventBody::RunCancelled {
        actor: fermata_engine::Actor {
            by: "ada".to_owned(),
            surface: fermata_engine::Surface::Terminal,
        },
        reason: "abandoned".to_owned(),
    });
    worker.die();
    assert_eq!(
        asker.join().unwrap(),
        Act::Done {
            status: Status::Cancelled
        }
    );
}

#[test]
fn stopping_leaves_a_run_that_can_be_resumed() {
    let scene = Scene::new();
    let parked = scene.parked("A");
    assert_eq!(
        scene.control.stop(&parked, false).unwrap(),
        Act::Done {
            status: Status::Failed
        }
    );
    let row = scene.store.run(&parked).unwrap();
    assert_eq!(row.cause, Some(Cause::Stopped));
    assert!(row.gates.is_empty(), "the gate was withdrawn");
    let again = scene.control.stop(&parked, false).unwrap();
    assert!(refused(&again).0.contains("resume"));
    started(
        &scene
            .control
            .resume(&parked, fermata_control::ResumeOptions::default())
            .unwrap(),
    );
}

#[test]
fn aborting_is_for_good() {
    let scene = Scene::new();
    let parked = scene.parked("A");
    scene.control.stop(&parked, true).unwrap();
    assert_eq!(scene.status(&parked), Status::Cancelled);
}

#[test]
fn a_worker_that_dies_after_a_stop_was_asked_leaves_a_stopped_run() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    let row = scene.store.run(&worker.run).unwrap();
    let ask = NewEvent::root(
        5,
        EventBody::StopRequested {
            actor: fermata_engine::Actor {
                by: "bob".to_owned(),
                surface: fermata_engine::Surface::Panel,
            },
        },
    );
    scene
        .store
        .append(&worker.run, row.last_seq, None, &[ask])
        .unwrap();
    worker.die();
    scene.control.tick().unwrap();
    let row = scene.store.run(&worker.run).unwrap();
    assert_eq!(
        (row.status, row.cause),
        (Status::Failed, Some(Cause::Stopped))
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_its_worker_had_no_time_to_name_ends_with_the_run() {
    use std::os::unix::process::CommandExt as _;
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.begin_step("ship");
    let key = format!("{}:ship", worker.run);
    let mut child = std::process::Command::new("sleep")
        .arg("600")
        .env(fermata_store::process::STEP_KEY, &key)
        .process_group(0)
        .spawn()
        .unwrap();
    // It has begun once its program is loaded.
    let environment = format!("/proc/{}/environ", child.id());
    while !std::fs::read_to_string(&environment).is_ok_and(|text| text.contains(&key)) {
        std::thread::yield_now();
    }
    worker.die();
    scene.control.abandon(&worker.run).unwrap();
    assert_eq!(scene.status(&worker.run), Status::Cancelled);
    let lives = fermata_store::process::living(child.id()).is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!lives);
}

#[test]
fn guidance_is_written_down_and_refused_for_a_final_run() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    scene
        .control
        .tell(&worker.run, "look at the tests")
        .unwrap();
    assert_eq!(
        scene.control.state(&worker.run).unwrap().guidance,
        ["look at the tests"]
    );
    assert!(scene.control.tell(&worker.run, "  ").is_err());
    worker.complete();
    assert!(matches!(
        scene.control.tell(&worker.run, "too late").unwrap(),
        Act::Refused { .. }
    ));
}

#[test]
fn an_interruption_keeps_gates_except_permissions() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.gate(GateKind::Approval);
    let permission = worker.gate(GateKind::Permission);
    worker.die();
    scene.control.tick().unwrap();
    let state = scene.control.state(&worker.run).unwrap();
    assert_eq!(state.open_gates.len(), 1);
    assert!(matches!(
        state.closed_gates[&permission],
        fermata_engine::state::ClosedGate::Withdrawn(_)
    ));
}
