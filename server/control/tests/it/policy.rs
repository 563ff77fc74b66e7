//! The start policy of design/runs.md, row by row, and the acceptance list of
//! the report behind it (design/origins.md).

use std::sync::Arc;

use fermata_control::{ChoiceAnswer, Outcome, ResumeOptions};
use fermata_engine::{EventBody, Status};
use serde_json::{Value, json};

use crate::played::Played;
use crate::scene::{Scene, choice, refusal, started};

fn given(scene: &Scene, run: &fermata_engine::RunId) -> Value {
    scene.store.run(run).unwrap().inputs["task"].clone()
}

#[test]
fn without_a_prior_a_request_is_a_fresh_run_with_its_arguments() {
    let scene = Scene::new();
    let run = started(&scene.start("A"));
    assert_eq!(scene.status(&run), Status::Queued);
    assert_eq!(given(&scene, &run), "A");
    assert_eq!(scene.launched(), [run]);
}

#[test]
fn after_a_completed_or_cancelled_prior_a_request_is_a_fresh_run() {
    let scene = Scene::new();
    scene.running("A").complete();
    let second = started(&scene.start("B"));
    scene.control.abandon(&second).unwrap();
    let third = started(&scene.start("C"));
    assert_eq!(given(&scene, &third), "C");
    assert_eq!(scene.all().len(), 3);
}

#[test]
fn a_failed_prior_leads_to_a_choice_and_nothing_executes() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    let before = scene.store.run(&prior).unwrap();
    let launched = scene.launched();
    let choice = choice(&scene.start("B"));
    assert_eq!(choice.prior.clone().unwrap().run, prior);
    assert_eq!(choice.prior.clone().unwrap().status, Status::Failed);
    assert_eq!(
        choice.prior.clone().unwrap().progress.as_deref(),
        Some("1 of 2 steps")
    );
    assert_eq!(choice.prior.clone().unwrap().message, "(no message)");
    assert!(!choice.prior.clone().unwrap().changed);
    assert_eq!(choice.request["inputs"]["task"], "B");
    assert_eq!(choice.answers, ChoiceAnswer::ABOUT_PRIOR);
    assert_eq!(scene.all(), std::slice::from_ref(&prior));
    assert_eq!(scene.launched(), launched);
    assert_eq!(scene.store.run(&prior).unwrap(), before);
}

#[test]
fn a_queued_running_or_waiting_prior_leads_to_a_choice_and_is_not_continued() {
    let scene = Scene::new();
    let run = started(&scene.start("A"));
    assert_eq!(
        choice(&scene.start("B")).prior.clone().unwrap().status,
        Status::Queued
    );
    let mut worker = scene.play(&run);
    assert_eq!(
        choice(&scene.start("C")).prior.clone().unwrap().status,
        Status::Running
    );
    worker.approval();
    let waiting = choice(&scene.start("D"));
    assert_eq!(waiting.prior.clone().unwrap().status, Status::Waiting);
    assert_eq!(
        waiting.prior.clone().unwrap().gate.unwrap()["kind"],
        "approval"
    );
    worker.park();
    let parked = choice(&scene.start("E"));
    assert_eq!(parked.prior.clone().unwrap().status, Status::Waiting);
    assert_eq!(scene.all().len(), 1);
    assert_eq!(scene.store.run(&run).unwrap().gates.len(), 1);
}

#[test]
fn a_running_prior_whose_worker_is_gone_is_marked_interrupted_and_asked_about() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.die();
    let asked = choice(&scene.start("B"));
    assert_eq!(asked.prior.clone().unwrap().status, Status::Failed);
    assert_eq!(
        asked.prior.clone().unwrap().cause,
        Some(fermata_engine::Cause::Interrupted)
    );
}

#[test]
fn force_is_a_fresh_run_and_the_prior_stays_exactly_as_it_is() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    let before = scene.store.run(&prior).unwrap();
    let run = started(&scene.force("B"));
    assert_eq!(given(&scene, &run), "B");
    assert_eq!(scene.store.run(&prior).unwrap(), before);
    assert!(scene.store.starts().unwrap().is_empty());
}

#[test]
fn resume_by_id_goes_on_with_the_prior_prompt_without_a_choice_or_a_fresh_run() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    let outcome = scene
        .control
        .resume(&prior, ResumeOptions::default())
        .unwrap();
    assert_eq!(started(&outcome), prior);
    assert_eq!(scene.status(&prior), Status::Queued);
    assert_eq!(given(&scene, &prior), "A");
    assert_eq!(scene.all().len(), 1);
    assert_eq!(scene.launched().last(), Some(&prior));
}

#[test]
fn abandoning_a_failed_run_cancels_it_and_the_next_request_does_not_ask() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    scene.control.abandon(&prior).unwrap();
    assert_eq!(scene.status(&prior), Status::Cancelled);
    assert_eq!(given(&scene, &started(&scene.start("B"))), "B");
}

#[test]
fn the_choice_resume_goes_on_with_the_prior_and_leaves_no_open_request() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    let start = choice(&scene.start("B")).start;
    let outcome = scene.control.choose(&start, ChoiceAnswer::Resume).unwrap();
    assert_eq!(started(&outcome), prior);
    assert_eq!(scene.status(&prior), Status::Queued);
    assert_eq!(given(&scene, &prior), "A");
    assert!(scene.store.starts().unwrap().is_empty());
    assert_eq!(scene.all().len(), 1);
}

#[test]
fn the_choice_abandon_and_run_cancels_the_prior_and_runs_the_new_arguments() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    let start = choice(&scene.start("B")).start;
    let outcome = scene
        .control
        .choose(&start, ChoiceAnswer::AbandonAndRun)
        .unwrap();
    assert_eq!(scene.status(&prior), Status::Cancelled);
    assert_eq!(given(&scene, &started(&outcome)), "B");
}

#[test]
fn the_choice_run_fresh_keeps_the_prior_and_does_not_ask_about_it_again() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    let start = choice(&scene.start("B")).start;
    let run = started(
        &scene
            .control
            .choose(&start, ChoiceAnswer::RunFresh)
            .unwrap(),
    );
    assert_eq!(given(&scene, &run), "B");
    assert_eq!(scene.status(&prior), Status::Failed);
    scene.play(&run).complete();
    started(&scene.start("C"));
    assert_eq!(
        started(
            &scene
                .control
                .resume(&prior, ResumeOptions::default())
                .unwrap()
        ),
        prior,
        "a kept run stays resumable"
    );
}

#[test]
fn the_choice_dismiss_starts_nothing() {
    let scene = Scene::new();
    scene.failed("A");
    let start = choice(&scene.start("B")).start;
    assert_eq!(
        scene.control.choose(&start, ChoiceAnswer::Dismiss).unwrap(),
        Outcome::Dismissed
    );
    assert_eq!(scene.all().len(), 1);
    assert!(scene.store.starts().unwrap().is_empty());
}

#[test]
fn a_late_choice_is_told_who_chose_what() {
    let scene = Scene::new();
    scene.failed("A");
    let start = choice(&scene.start("B")).start;
    scene
        .control
        .choose(&start, ChoiceAnswer::RunFresh)
        .unwrap();
    let late = scene
        .door("bob")
        .choose(&start, ChoiceAnswer::AbandonAndRun)
        .unwrap();
    let message = refusal(&late).message();
    assert!(
        message.contains("run_fresh") && message.contains("ada"),
        "{message}"
    );
    assert_eq!(scene.all().len(), 2);
}

#[test]
fn arguments_survive_a_restart_and_reach_the_run_unchanged() {
    let mut scene = Scene::on_disk();
    scene.failed("A");
    let mut request = scene.request("B \"quoted\" `tick` \\ …\nsecond line");
    request.agent = Some("mine".to_owned());
    request.gates = Some(fermata_control::GatesPolicy::Continue(7));
    let wanted = request.inputs.clone();
    let start = choice(&scene.control.start(request).unwrap()).start;
    // Another process opens the same home.
    scene.store = Arc::new(fermata_store::SqliteStore::open(&scene.home).unwrap());
    let door = scene.door("bob");
    let run = started(&door.choose(&start, ChoiceAnswer::RunFresh).unwrap());
    let row = scene.store.run(&run).unwrap();
    assert_eq!(row.inputs, wanted);
    assert_eq!(row.agent.as_deref(), Some("mine"));
    assert_eq!(row.policy, "continue:7");
}

#[test]
fn the_same_request_id_twice_is_one_run_even_when_the_file_has_become_worse() {
    let scene = Scene::new();
    let mut request = scene.request("A");
    request.request = Some("r1".to_owned());
    let run = started(&scene.control.start(request.clone()).unwrap());
    std::fs::write(scene.flow(), "workflow: [").unwrap();
    let again = scene.control.start(request).unwrap();
    assert!(matches!(&again, Outcome::Started { run: same, existing: true, .. } if *same == run));
    assert_eq!(scene.all().len(), 1);
}

#[test]
fn the_same_request_id_leads_to_the_same_choice_and_then_to_its_run() {
    let scene = Scene::new();
    scene.failed("A");
    let mut request = scene.request("B");
    request.request = Some("r1".to_owned());
    let first = choice(&scene.control.start(request.clone()).unwrap());
    let again = choice(&scene.control.start(request.clone()).unwrap());
    assert_eq!(first.start, again.start);
    assert_eq!(scene.store.starts().unwrap().len(), 1);
    let run = started(
        &scene
            .control
            .choose(&first.start, ChoiceAnswer::RunFresh)
            .unwrap(),
    );
    assert_eq!(started(&scene.control.start(request).unwrap()), run);
}

#[test]
fn a_dismissed_request_that_is_sent_again_is_told_so() {
    let scene = Scene::new();
    scene.failed("A");
    let mut request = scene.request("B");
    request.request = Some("r1".to_owned());
    let start = choice(&scene.control.start(request.clone()).unwrap()).start;
    scene.control.choose(&start, ChoiceAnswer::Dismiss).unwrap();
    let message = refusal(&scene.control.start(request).unwrap()).message();
    assert!(message.contains("dismiss"), "{message}");
    assert_eq!(scene.all().len(), 1);
}

#[test]
fn another_workflow_root_or_conversation_is_another_scope() {
    let scene = Scene::new();
    scene.failed("A");
    let mut conversation = scene.request("B");
    conversation.conversation = Some("c1".to_owned());
    started(&scene.control.start(conversation).unwrap());
    let other = scene.folder.path().join("other");
    std::fs::create_dir_all(other.join(".git")).unwrap();
    std::fs::write(other.join("flow.yaml"), crate::scene::FLOW).unwrap();
    let mut root = scene.request("C");
    root.file = other.join("flow.yaml");
    started(&scene.control.start(root).unwrap());
    choice(&scene.start("D"));
}

#[test]
fn the_choice_in_json_has_the_shape_of_the_protocol() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    let json = scene.start("B").to_json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["ok"], false);
    assert_eq!(json["reason"], "choice");
    let choice = &json["choice"];
    assert!(choice["start"].as_str().unwrap().starts_with('s'));
    assert_eq!(choice["prior"]["run"], prior.as_str());
    assert_eq!(choice["prior"]["status"], "failed");
    assert_eq!(choice["prior"]["cause"], "step_failed");
    for key in ["started", "progress", "message", "changed"] {
        assert!(choice["prior"].get(key).is_some(), "{key}");
    }
    assert_eq!(
        choice["answers"],
        json!(["resume", "abandon_and_run", "run_fresh", "dismiss"])
    );
    assert_eq!(scene.start("C").exit_code(), 3);
}

#[test]
fn a_child_run_is_never_a_prior() {
    let scene = Scene::new();
    let mut parent = scene.running("A");
    let row = scene.store.run(&parent.run).unwrap();
    let mut events = scene.control.events(&parent.run, 1, 1).unwrap();
    let EventBody::RunQueued {
        parent: of,
        request,
        ..
    } = &mut events[0].body
    else {
        panic!("queued");
    };
    *of = Some(parent.run.clone());
    "child".clone_into(request);
    let child = fermata_store::new_run_id(9);
    scene
        .store
        .create_run(fermata_store::NewRun {
            run: child.clone(),
            events: vec![fermata_store::NewEvent::root(9, events.remove(0).body)],
            place: row.place,
        })
        .unwrap();
    Played::begin(&scene.store, &child).fail();
    parent.complete();
    started(&scene.start("B"));
}
