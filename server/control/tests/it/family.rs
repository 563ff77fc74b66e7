//! Runs that wait for their children: who wakes them, and who does not.

use fermata_control::{Act, AnswerInput, AnswerOutcome};
use fermata_engine::{EventBody, RunId, Status};

use crate::played::Played;
use crate::scene::{Scene, child_of, child_with};

/// A parked parent and its child, parked as well, at whose gate both wait.
fn family(scene: &Scene) -> (RunId, RunId) {
    let mut above = scene.running("A");
    let child = child_of(scene, &above.run);
    let mut below = Played::begin(&scene.store, &child);
    below.approval();
    below.park();
    above.approval_for(child.as_str());
    above.park();
    (above.run.clone(), child)
}

fn approve() -> AnswerInput {
    AnswerInput::Words(vec!["approve".to_owned()])
}

#[test]
fn an_answer_at_a_parent_reaches_its_child_once_and_wakes_both() {
    let scene = Scene::new();
    let (parent, child) = family(&scene);
    let took = scene.control.answer(&parent, None, approve()).unwrap();
    assert!(matches!(took, AnswerOutcome::Accepted { run, .. } if run == parent));
    assert_eq!(scene.launched()[1..], [child.clone(), parent.clone()]);
    for run in [&parent, &child] {
        assert_eq!(scene.status(run), Status::Queued);
        let closed = scene.control.state(run).unwrap().closed_gates;
        let by = serde_json::to_value(closed.len()).unwrap();
        assert_eq!(by, 1);
    }
    let late = scene
        .door("bob")
        .answer(&parent, Some(&"g1".into()), approve());
    let AnswerOutcome::Refused(refusal) = late.unwrap() else {
        panic!("a gate closes once");
    };
    assert_eq!(refusal.answered.unwrap().by, "ada");
}

#[test]
fn of_many_who_see_that_a_child_has_ended_one_wakes_the_parent() {
    let scene = Scene::on_disk();
    let (parent, child) = family(&scene);
    // Ended by somebody who told nobody.
    let mut below = Played::claim(&scene.store, &child).unwrap();
    below.add(EventBody::RunCancelled {
        actor: fermata_engine::Actor {
            by: "ada".to_owned(),
            surface: fermata_engine::Surface::Terminal,
        },
        reason: "abandoned".to_owned(),
    });
    below.die();
    let before = scene.launched().len();
    std::thread::scope(|threads| {
        for by in ["ada", "bob", "eve", "joe"] {
            let door = scene.door(by);
            threads.spawn(move || door.tick().unwrap());
        }
    });
    assert_eq!(&scene.launched()[before..], std::slice::from_ref(&parent));
    assert_eq!(scene.status(&parent), Status::Queued);
    let resumed = scene.control.events(&parent, 1, 100).unwrap();
    let resumed = resumed
        .iter()
        .filter(|event| matches!(event.body, EventBody::RunResumed { .. }));
    assert_eq!(resumed.count(), 1);
}

#[test]
fn a_parent_that_is_to_end_is_not_woken_by_the_end_of_its_child() {
    for stop in [true, false] {
        let scene = Scene::new();
        let (parent, child) = family(&scene);
        let before = scene.launched().len();
        let act = if stop {
            scene.control.stop(&parent, false)
        } else {
            scene.control.abandon(&parent)
        };
        let status = if stop {
            Status::Failed
        } else {
            Status::Cancelled
        };
        assert_eq!(act.unwrap(), Act::Done { status });
        assert_eq!(
            (scene.status(&parent), scene.status(&child)),
            (status, status)
        );
        assert_eq!(scene.launched().len(), before);
    }
}

#[test]
fn a_parent_that_was_to_end_is_ended_by_the_next_who_looks() {
    let scene = Scene::new();
    let (parent, child) = family(&scene);
    let row = scene.store.run(&parent).unwrap();
    let request = fermata_store::NewEvent::root(
        2_000_000,
        EventBody::StopRequested {
            actor: fermata_engine::Actor {
                by: "ada".to_owned(),
                surface: fermata_engine::Surface::Terminal,
            },
        },
    );
    scene
        .store
        .append(&parent, row.last_seq, None, &[request])
        .unwrap();
    scene.pass(1_100_000);
    scene.control.tick().unwrap();
    assert_eq!(scene.status(&parent), Status::Failed);
    assert_eq!(scene.status(&child), Status::Failed);
}

#[test]
fn a_child_of_a_cancelled_run_is_cancelled_by_the_next_who_looks() {
    let scene = Scene::new();
    let (parent, child) = family(&scene);
    let mut above = Played::claim(&scene.store, &parent).unwrap();
    above.add(EventBody::RunCancelled {
        actor: fermata_engine::Actor {
            by: "ada".to_owned(),
            surface: fermata_engine::Surface::Terminal,
        },
        reason: "rejected".to_owned(),
    });
    above.die();
    scene.control.tick().unwrap();
    assert_eq!(scene.status(&child), Status::Cancelled);
}

#[test]
fn a_gate_that_stands_for_one_of_a_run_that_is_gone_takes_no_answer() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.approval_for("kid-1");
    worker.park();
    let AnswerOutcome::Refused(refusal) =
        scene.control.answer(&worker.run, None, approve()).unwrap()
    else {
        panic!("nobody can take it");
    };
    assert!(refusal.reason.contains("there is no such run"), "{refusal}");
    assert_eq!(scene.store.run(&worker.run).unwrap().gates.len(), 1);
}

#[test]
fn what_is_covered_in_a_child_is_covered_where_its_parent_says_it() {
    let scene = Scene::new();
    let above = scene.running("A");
    let with = serde_json::json!({"api_token": "abc-123-xyz", "topic": "weather"});
    let with = with.as_object().unwrap().clone();
    let child = child_with(&scene, &above.run, with);
    for run in [&above.run, &child] {
        let cover = scene.control.cover(run).unwrap();
        let said = cover.text("abc-123-xyz about the weather".to_owned());
        assert_eq!(said, "••• about the weather");
    }
}
