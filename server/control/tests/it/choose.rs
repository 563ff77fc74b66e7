//! Choices: everybody may choose, one does; and what people do is one synced
//! transaction each.

use std::sync::{Arc, Barrier};

use fermata_control::{AnswerInput, ChoiceAnswer, Outcome, ResumeOptions};
use fermata_engine::Status;
use fermata_store::{SqliteStore, Store};

use crate::scene::{Scene, choice, started};

#[test]
fn of_all_choices_made_at_once_one_counts_and_only_that_one_has_effects() {
    for _ in 0..10 {
        let scene = Scene::on_disk();
        let prior = scene.failed("A");
        let start = choice(&scene.start("B")).start;
        let barrier = Arc::new(Barrier::new(4));
        let threads: Vec<_> = ChoiceAnswer::ABOUT_PRIOR
            .iter()
            .copied()
            .map(|answer| {
                let (door, start, barrier) = (
                    scene.door(answer.as_str()),
                    start.clone(),
                    Arc::clone(&barrier),
                );
                std::thread::spawn(move || {
                    barrier.wait();
                    (answer, door.choose(&start, answer).unwrap())
                })
            })
            .collect();
        let won: Vec<ChoiceAnswer> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .filter(|(_, outcome)| !matches!(outcome, Outcome::Refused(_)))
            .map(|(answer, _)| answer)
            .collect();
        assert_eq!(won.len(), 1, "{won:?}");
        let (status, runs) = match won[0] {
            ChoiceAnswer::Resume => (Status::Queued, 1),
            ChoiceAnswer::AbandonAndRun => (Status::Cancelled, 2),
            ChoiceAnswer::RunFresh => (Status::Failed, 2),
            ChoiceAnswer::Dismiss | ChoiceAnswer::WithChanges | ChoiceAnswer::FromHead => {
                (Status::Failed, 1)
            }
        };
        assert_eq!(scene.status(&prior), status, "{won:?}");
        assert_eq!(scene.all().len(), runs, "{won:?}");
        assert_eq!(
            scene.store.run(&prior).unwrap().kept,
            won[0] == ChoiceAnswer::RunFresh
        );
    }
}

#[test]
fn what_people_do_is_one_synced_transaction_each() {
    let scene = Scene::on_disk();
    let cost = |deed: &dyn Fn()| {
        let before = scene.store.commits();
        deed();
        let after = scene.store.commits();
        assert_eq!(after.relaxed, before.relaxed);
        after.synced - before.synced
    };
    assert_eq!(cost(&|| drop(scene.start("A"))), 1, "a fresh run");
    assert_eq!(cost(&|| drop(scene.start("B"))), 1, "a choice");
    let first = scene.all().remove(0);
    scene.play(&first).fail();
    let resume = || {
        started(
            &scene
                .control
                .resume(&first, ResumeOptions::default())
                .unwrap(),
        );
    };
    assert_eq!(cost(&resume), 1, "a resume");
    let mut worker = scene.play(&first);
    worker.approval();
    worker.park();
    let answer = || {
        let words = AnswerInput::Words(vec!["approve".to_owned()]);
        scene.control.answer(&first, None, words).unwrap();
    };
    assert_eq!(
        cost(&answer),
        1,
        "an answer, and the run in the queue again"
    );
    scene.play(&first).fail();
    let start = scene.store.starts().unwrap()[0].start.0.clone();
    let choose = || {
        scene
            .control
            .choose(&start, ChoiceAnswer::RunFresh)
            .unwrap();
    };
    assert_eq!(cost(&choose), 1, "a choice answered with a fresh run");
    let tell = || {
        scene.control.tell(&first, "look").unwrap();
    };
    assert_eq!(cost(&tell), 1, "guidance");
    // The claim, which only moves the fence, and the change itself.
    let abandon = || {
        scene.control.abandon(&first).unwrap();
    };
    assert_eq!(cost(&abandon), 2, "abandoning");
}

#[test]
fn a_request_for_a_prior_that_is_final_by_now_can_still_be_chosen_fresh() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    let start = choice(&scene.start("B")).start;
    scene.control.abandon(&prior).unwrap();
    assert!(matches!(
        scene.control.choose(&start, ChoiceAnswer::Resume).unwrap(),
        Outcome::Refused(_)
    ));
    started(
        &scene
            .control
            .choose(&start, ChoiceAnswer::AbandonAndRun)
            .unwrap(),
    );
    assert_eq!(scene.status(&prior), Status::Cancelled);
}

#[test]
fn a_choice_survives_in_the_store_and_is_found_by_the_end_of_its_id() {
    let scene = Scene::on_disk();
    scene.failed("A");
    let start = choice(&scene.start("B")).start;
    let other = SqliteStore::open(&scene.home).unwrap();
    assert_eq!(other.starts().unwrap().len(), 1);
    let end = &start[start.len() - 6..];
    assert_eq!(
        scene.control.choose(end, ChoiceAnswer::Dismiss).unwrap(),
        Outcome::Dismissed
    );
}
