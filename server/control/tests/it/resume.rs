//! Resume: who may, who wins, who is told what.

use std::sync::{Arc, Barrier};

use fermata_control::{Outcome, ResumeOptions, StartRefusal};
use fermata_engine::event::ProcessId;
use fermata_engine::{EventBody, GateKind, Status};

use crate::played::Played;
use crate::scene::{Scene, refusal, started};

fn resume(scene: &Scene, run: &fermata_engine::RunId) -> Outcome {
    scene.control.resume(run, ResumeOptions::default()).unwrap()
}

fn reason(outcome: &Outcome) -> (String, Status) {
    match refusal(outcome) {
        StartRefusal::NotResumable { reason, status, .. } => (reason, status),
        other => panic!("expected not_resumable, found {other:?}"),
    }
}

#[test]
fn of_many_resumers_at_once_one_wins_and_the_others_are_told_who() {
    for _ in 0..10 {
        let scene = Scene::on_disk();
        let run = scene.failed("A");
        let before = scene.launched().len();
        let barrier = Arc::new(Barrier::new(4));
        let threads: Vec<_> = ["ada", "bob", "cyd", "dan"]
            .into_iter()
            .map(|by| {
                let (door, run, barrier) = (scene.door(by), run.clone(), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    barrier.wait();
                    door.resume(&run, ResumeOptions::default()).unwrap()
                })
            })
            .collect();
        let outcomes: Vec<Outcome> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        let winners = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Started { .. }))
            .count();
        assert_eq!(winners, 1);
        let winner = scene
            .control
            .events(&run, 1, 100)
            .unwrap()
            .into_iter()
            .rev()
            .find_map(|event| match event.body {
                EventBody::RunResumed { actor, .. } => Some(actor.by),
                _ => None,
            })
            .unwrap();
        for outcome in outcomes {
            if !matches!(outcome, Outcome::Started { .. }) {
                let (reason, status) = reason(&outcome);
                assert_eq!(status, Status::Queued);
                assert!(reason.contains(&winner), "{reason} / {winner}");
            }
        }
        assert_eq!(scene.all().len(), 1);
        assert_eq!(scene.launched().len(), before + 1);
    }
}

#[test]
fn a_running_run_is_refused_with_who_holds_it() {
    let scene = Scene::new();
    let worker = scene.running("A");
    let (reason, status) = reason(&resume(&scene, &worker.run));
    assert_eq!(status, Status::Running);
    assert!(
        reason.contains("4000000") && reason.contains("ada"),
        "{reason}"
    );
}

#[test]
fn final_runs_are_refused_with_their_status() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.complete();
    assert_eq!(reason(&resume(&scene, &worker.run)).1, Status::Completed);
    let second = started(&scene.start("B"));
    scene.control.abandon(&second).unwrap();
    assert_eq!(reason(&resume(&scene, &second)).1, Status::Cancelled);
}

#[test]
fn a_waiting_run_presents_its_gate_again_and_nothing_passes_it() {
    let scene = Scene::new();
    let run = scene.parked("A");
    let before = scene.control.events(&run, 1, 100).unwrap();
    let outcome = resume(&scene, &run);
    assert!(
        matches!(&outcome, Outcome::Started { existing: true, worker, .. } if worker.status == Status::Waiting)
    );
    assert_eq!(scene.control.events(&run, 1, 100).unwrap(), before);
    assert_eq!(scene.store.run(&run).unwrap().gates.len(), 1);
}

#[test]
fn a_run_interrupted_at_its_gate_is_resumed_with_the_gate_still_closed_to_passers() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.approval();
    worker.die();
    started(&resume(&scene, &worker.run));
    let row = scene.store.run(&worker.run).unwrap();
    assert_eq!(row.status, Status::Queued);
    assert_eq!(row.gates.len(), 1);
}

#[test]
fn a_worker_that_was_killed_while_it_held_at_a_gate_is_waited_for_and_its_run_resumed() {
    let scene = Scene::new();
    let run = started(&scene.force("A"));
    let killed = ProcessId {
        pid: 4_000_000,
        started: 1,
        ..fermata_store::process::this_process()
    };
    let mut worker = Played::begin_as(&scene.store, &run, killed);
    worker.gate(GateKind::Permission);
    let resumed = std::thread::scope(|scope| {
        let resumed = scope.spawn(|| resume(&scene, &run));
        // The last threads of a killed process let go of its lock a moment later.
        worker.die();
        resumed.join().unwrap()
    });
    started(&resumed);
    let row = scene.store.run(&run).unwrap();
    assert_eq!((row.status, row.gates.len()), (Status::Queued, 0));
}

#[test]
fn a_run_whose_folder_is_gone_is_refused() {
    let scene = Scene::new();
    let work = scene.repo().join("work");
    std::fs::create_dir(&work).unwrap();
    let mut request = scene.request("A");
    request.cwd = Some(work.clone());
    let run = started(&scene.control.start(request).unwrap());
    let mut worker = scene.play(&run);
    worker.step("build");
    worker.fail();
    std::fs::remove_dir(&work).unwrap();
    let (reason, status) = reason(&resume(&scene, &run));
    assert_eq!(status, Status::Failed);
    assert!(reason.contains("gone"), "{reason}");
    assert_eq!(scene.status(&run), Status::Failed);
}

#[test]
fn going_back_to_a_step_takes_later_results_back_and_says_so_in_the_log() {
    let scene = Scene::new();
    let run = scene.failed("A");
    let options = |from: &str| ResumeOptions {
        from: Some(from.to_owned()),
        ..ResumeOptions::default()
    };
    let error = scene.control.resume(&run, options("ship")).unwrap_err();
    assert!(error.to_string().contains("finished: build"), "{error}");
    started(&scene.control.resume(&run, options("build")).unwrap());
    let last = scene.control.events(&run, 1, 100).unwrap().pop().unwrap();
    let EventBody::StepsInvalidated { from, after } = last.body else {
        panic!("{last:?}");
    };
    assert_eq!(from, "build");
    let state = scene.control.state(&run).unwrap();
    assert!(
        state.frames[&fermata_engine::StepPath::root()]
            .outputs
            .is_empty()
    );
    assert!(after < last.seq);
    assert_eq!(
        scene.store.run(&run).unwrap().progress().unwrap(),
        "0 of 2 steps"
    );
}

#[test]
fn a_second_live_run_in_the_held_checkout_makes_a_resume_wait() {
    let scene = Scene::new();
    let config = fermata_control::UserConfig {
        isolation: fermata_control::IsolationConfig {
            conductor_holds_checkout: true,
            ..Default::default()
        },
        ..Default::default()
    };
    let door = scene.configured("ada", config, Arc::new(fermata_control::AnyAgent));
    let first = started(&door.start(scene.request("A")).unwrap());
    let mut worker = scene.play(&first);
    worker.step("build");
    worker.fail();
    let mut forced = scene.request("B");
    forced.force = true;
    let second = started(&door.start(forced).unwrap());
    let _alive = scene.play(&second);
    let outcome = door.resume(&first, ResumeOptions::default()).unwrap();
    assert!(matches!(refusal(&outcome), StartRefusal::CheckoutBusy { run, .. } if run == second));
    assert_eq!(scene.status(&first), Status::Failed);
}
