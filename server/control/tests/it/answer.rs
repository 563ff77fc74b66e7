//! Answers: one wins, whoever is late is told, a parked run goes on.

use std::sync::{Arc, Barrier};

use fermata_control::{AnswerInput, AnswerOutcome};
use fermata_engine::{EventBody, GateId, GateKind, Status};
use serde_json::json;

use crate::played::Played;
use crate::scene::Scene;

fn words(text: &str) -> AnswerInput {
    AnswerInput::Words(text.split(' ').map(str::to_owned).collect())
}

fn accepted(outcome: &AnswerOutcome) -> bool {
    matches!(outcome, AnswerOutcome::Accepted { .. })
}

fn refused(outcome: AnswerOutcome) -> fermata_engine::Refusal {
    match outcome {
        AnswerOutcome::Refused(refusal) => refusal,
        AnswerOutcome::Accepted { .. } => panic!("expected a refusal"),
    }
}

#[test]
fn answering_a_parked_run_queues_it_and_spawns_a_worker_without_a_choice() {
    let scene = Scene::new();
    let run = scene.parked("A");
    let before = scene.launched().len();
    let outcome = scene.control.answer(&run, None, words("approve")).unwrap();
    let AnswerOutcome::Accepted { worker, gate, .. } = outcome else {
        panic!("accepted");
    };
    assert!(worker.is_some());
    assert_eq!(gate, GateId::from("g1"));
    assert_eq!(scene.status(&run), Status::Queued);
    assert_eq!(scene.launched().len(), before + 1);
    assert_eq!(scene.all().len(), 1);
    let mut worker = scene.play(&run);
    worker.complete();
}

#[test]
fn answering_a_run_whose_worker_is_alive_leaves_the_rest_to_it() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.approval();
    let before = scene.launched().len();
    let outcome = scene
        .control
        .answer(&worker.run, None, AnswerInput::Json(json!("approve")))
        .unwrap();
    assert!(accepted(&outcome));
    assert_eq!(scene.status(&worker.run), Status::Waiting);
    assert_eq!(scene.launched().len(), before);
    worker.complete_after_answer();
}

impl Played {
    fn complete_after_answer(&mut self) {
        self.add(EventBody::RunResumed {
            status: Status::Running,
            actor: fermata_engine::Actor {
                by: "worker".to_owned(),
                surface: fermata_engine::Surface::Policy,
            },
            definition: None,
            from: None,
            agent: None,
        });
        self.complete();
    }
}

#[test]
fn a_late_answer_is_refused_and_told_who_answered_when_and_where() {
    let scene = Scene::new();
    let run = scene.parked("A");
    scene.control.answer(&run, None, words("approve")).unwrap();
    for gate in [Some(GateId::from("g1")), None] {
        let refusal = refused(
            scene
                .door("bob")
                .answer(&run, gate.as_ref(), words("reject"))
                .unwrap(),
        );
        let answered = refusal.answered.unwrap();
        assert_eq!(
            (answered.by.as_str(), answered.surface.as_str()),
            ("ada", "terminal")
        );
        assert_eq!(answered.answer["decision"], "approve");
        assert!(answered.at > 0);
    }
}

#[test]
fn of_two_answers_at_once_one_wins_and_the_other_is_told() {
    for _ in 0..20 {
        let scene = Scene::on_disk();
        let run = scene.parked("A");
        let barrier = Arc::new(Barrier::new(2));
        let threads: Vec<_> = [("ada", "approve"), ("bob", "reject")]
            .into_iter()
            .map(|(by, text)| {
                let (door, run, barrier) = (scene.door(by), run.clone(), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    barrier.wait();
                    door.answer(&run, None, words(text)).unwrap()
                })
            })
            .collect();
        let outcomes: Vec<AnswerOutcome> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(outcomes.iter().filter(|o| accepted(o)).count(), 1);
        let loser = outcomes.into_iter().find(|o| !accepted(o)).unwrap();
        assert!(refused(loser).answered.is_some());
        let closed = scene
            .control
            .events(&run, 1, 100)
            .unwrap()
            .into_iter()
            .filter(|event| matches!(event.body, EventBody::GateAnswered { .. }))
            .count();
        assert_eq!(closed, 1);
        assert_eq!(scene.launched().iter().filter(|r| **r == run).count(), 2);
    }
}

#[test]
fn an_iteration_limit_is_raised_by_what_was_answered_and_too_little_is_refused_with_the_number() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    let gate = worker.gate(GateKind::IterationLimit);
    let refusal = refused(
        scene
            .control
            .answer(&worker.run, Some(&gate), words("continue 1"))
            .unwrap(),
    );
    assert_eq!(refusal.needed, Some(2));
    scene
        .control
        .answer(&worker.run, Some(&gate), words("continue 5"))
        .unwrap();
    let last = scene
        .control
        .events(&worker.run, 1, 100)
        .unwrap()
        .pop()
        .unwrap();
    assert!(
        matches!(&last.body, EventBody::IterationLimitResolved { max_iterations: 15, actor, .. } if actor.by == "ada"),
        "{last:?}"
    );
}

#[test]
fn words_that_are_no_answer_are_never_guessed() {
    let scene = Scene::new();
    let run = scene.parked("A");
    let refusal = refused(
        scene
            .control
            .answer(&run, None, words("yes, but rename it first"))
            .unwrap(),
    );
    assert!(refusal.reason.contains("approve"), "{}", refusal.reason);
    assert_eq!(scene.status(&run), Status::Waiting);
}

#[test]
fn an_answer_after_the_worker_died_at_the_gate_goes_on_all_the_same() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.approval();
    worker.die();
    let outcome = scene
        .control
        .answer(&worker.run, None, words("approve"))
        .unwrap();
    assert!(accepted(&outcome));
    assert_eq!(scene.status(&worker.run), Status::Queued);
    assert_eq!(scene.launched().last(), Some(&worker.run));
}

#[test]
fn with_several_gates_open_one_has_to_be_named() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.gate(GateKind::Approval);
    let second = worker.gate(GateKind::Approval);
    let refusal = refused(
        scene
            .control
            .answer(&worker.run, None, words("approve"))
            .unwrap(),
    );
    assert!(refusal.reason.contains("g1") && refusal.reason.contains("g2"));
    let outcome = scene
        .control
        .answer(&worker.run, Some(&second), words("approve"))
        .unwrap();
    assert!(accepted(&outcome));
    assert_eq!(outcome.to_json()["ok"], true);
}

#[test]
fn a_withdrawn_gate_refuses_with_its_reason() {
    let scene = Scene::new();
    let run = scene.parked("A");
    scene.control.stop(&run, false).unwrap();
    let refusal = refused(
        scene
            .control
            .answer(&run, Some(&GateId::from("g1")), words("approve"))
            .unwrap(),
    );
    assert!(
        refusal.reason.contains("stopped by ada"),
        "{}",
        refusal.reason
    );
    let json = AnswerOutcome::Refused(refusal).to_json();
    assert_eq!(json["ok"], false);
    assert!(json["answered"].is_null() && json["needed"].is_null());
}
