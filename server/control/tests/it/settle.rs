//! Runs that nobody looks after.

use fermata_engine::{Cause, Status};

use crate::scene::{Scene, started};

#[test]
fn a_queued_run_that_nobody_claims_gets_a_worker_from_any_surface_after_two_seconds() {
    let scene = Scene::new();
    let run = started(&scene.start("A"));
    let door = scene.door("bob");
    door.tick().unwrap();
    assert_eq!(
        scene.launched().len(),
        1,
        "its own worker is still on the way"
    );
    scene.pass(3_000);
    assert_eq!(door.tick().unwrap(), std::slice::from_ref(&run));
    assert_eq!(scene.launched(), [run.clone(), run]);
}

#[test]
fn a_clock_that_was_put_back_keeps_no_worker_from_a_queued_run() {
    let scene = Scene::new();
    let run = started(&scene.start("A"));
    scene
        .clock
        .fetch_sub(900_000, std::sync::atomic::Ordering::SeqCst);
    let door = scene.door("bob");
    assert_eq!(door.tick().unwrap(), std::slice::from_ref(&run));
    assert_eq!(scene.launched().len(), 2);
    door.tick().unwrap();
    assert_eq!(scene.launched().len(), 2, "that one is on the way now");
    let worker = scene.play(&run);
    // And the newest run is the newest, whatever its times say.
    let forced = started(&scene.force("B"));
    assert_eq!(scene.control.find("@last").unwrap(), forced);
    drop(worker);
}

#[test]
fn a_claimed_run_gets_no_second_worker() {
    let scene = Scene::new();
    let _worker = scene.running("A");
    scene.pass(60_000);
    assert!(scene.control.tick().unwrap().is_empty());
    assert_eq!(scene.launched().len(), 1);
}

#[test]
fn a_run_that_no_worker_ever_claims_fails_in_the_end() {
    let scene = Scene::new();
    let run = started(&scene.start("A"));
    for _ in 0..5 {
        scene.pass(10_000);
        scene.control.tick().unwrap();
    }
    let row = scene.store.run(&run).unwrap();
    assert_eq!(
        (row.status, row.cause),
        (Status::Failed, Some(Cause::StartFailed))
    );
    assert_eq!(scene.launched().len(), 3);
    assert!(row.error.unwrap().message.contains(".log"));
}

#[test]
fn a_dead_worker_is_noticed_once() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.begin_step("build");
    assert!(scene.control.tick().unwrap().is_empty());
    worker.die();
    assert_eq!(
        scene.control.tick().unwrap(),
        std::slice::from_ref(&worker.run)
    );
    let row = scene.store.run(&worker.run).unwrap();
    assert_eq!(
        (row.status, row.cause),
        (Status::Failed, Some(Cause::Interrupted))
    );
    assert!(scene.control.tick().unwrap().is_empty());
}

#[test]
fn a_parked_run_is_left_where_it_is() {
    let scene = Scene::new();
    let run = scene.parked("A");
    scene.pass(600_000);
    assert!(scene.control.tick().unwrap().is_empty());
    assert_eq!(scene.status(&run), Status::Waiting);
}
