//! Pinned definitions and environments at resume.

use fermata_control::{DefinitionChoice, ResumeOptions, StartRefusal};
use fermata_engine::{EventBody, RunId};
use fermata_store::PinnedWorld;
use fermata_workflow::World;

use crate::scene::{FLOW, Scene, choice, refusal, started};

fn with(definition: DefinitionChoice) -> ResumeOptions {
    ResumeOptions {
        definition: Some(definition),
        ..ResumeOptions::default()
    }
}

/// The workflow file as it is pinned with a run.
fn pinned(scene: &Scene, run: &RunId) -> Vec<u8> {
    let row = scene.store.run(run).unwrap();
    let world = PinnedWorld::load(scene.store.as_ref(), &row.definition).unwrap();
    world.read(std::path::Path::new(&row.file)).unwrap()
}

#[test]
fn a_changed_file_has_to_be_decided_about() {
    let scene = Scene::new();
    let run = scene.failed("A");
    std::fs::write(
        scene.flow(),
        FLOW.replace(
            "name: ship\n    type: script\n    command: 'true'",
            "name: ship\n    type: script\n    command: 'echo'",
        ),
    )
    .unwrap();
    let StartRefusal::DefinitionChanged { steps, edited, .. } = refusal(
        &scene
            .control
            .resume(&run, ResumeOptions::default())
            .unwrap(),
    ) else {
        panic!("the file has changed");
    };
    assert_eq!(steps, ["ship"]);
    assert!(edited, "only a step without a result is different");
    assert!(choice(&scene.start("B")).prior.clone().unwrap().changed);
    started(
        &scene
            .control
            .resume(&run, with(DefinitionChoice::Edited))
            .unwrap(),
    );
    let events = scene.control.events(&run, 1, 100).unwrap();
    let pins = events
        .iter()
        .filter(|event| matches!(event.body, EventBody::DefinitionPinned { .. }))
        .count();
    assert_eq!(pins, 2);
}

#[test]
fn an_edited_finished_step_allows_only_the_pinned_definition() {
    let scene = Scene::new();
    let run = scene.failed("A");
    std::fs::write(
        scene.flow(),
        FLOW.replace(
            "name: build\n    type: script\n    command: 'true'",
            "name: build\n    type: script\n    command: 'echo'",
        ),
    )
    .unwrap();
    let StartRefusal::DefinitionChanged { edited, .. } = refusal(
        &scene
            .control
            .resume(&run, with(DefinitionChoice::Edited))
            .unwrap(),
    ) else {
        panic!("what has run is not as it was");
    };
    assert!(!edited);
    started(
        &scene
            .control
            .resume(&run, with(DefinitionChoice::Pinned))
            .unwrap(),
    );
    assert_eq!(pinned(&scene, &run), FLOW.as_bytes());
}

#[test]
fn comments_layout_and_limits_are_nobodys_question_and_the_limits_of_now_count() {
    let scene = Scene::new();
    let run = scene.failed("A");
    let text = format!(
        "# a comment\n{}",
        FLOW.replace(
            "entry_point: build",
            "entry_point: build\n  limits: {max_iterations: 40}"
        )
        .replace("command: 'true'", "command:   \"true\"")
    );
    std::fs::write(scene.flow(), &text).unwrap();
    started(
        &scene
            .control
            .resume(&run, ResumeOptions::default())
            .unwrap(),
    );
    assert_eq!(pinned(&scene, &run), text.as_bytes());
}

#[test]
fn what_a_workflow_says_beside_its_steps_is_a_change_too() {
    let scene = Scene::new();
    let run = scene.failed("A");
    std::fs::write(
        scene.flow(),
        format!("{FLOW}output: {{done: '{{{{ ship.output.stdout }}}}'}}\n"),
    )
    .unwrap();
    let StartRefusal::DefinitionChanged { steps, edited, .. } = refusal(
        &scene
            .control
            .resume(&run, ResumeOptions::default())
            .unwrap(),
    ) else {
        panic!("the file has changed");
    };
    assert!(steps.is_empty(), "{steps:?}");
    assert!(edited);
}

#[test]
fn variables_are_pinned_by_name_and_never_by_value() {
    let scene = Scene::new();
    std::fs::write(
        scene.flow(),
        FLOW.replace("command: 'true'", "command: '${PATH}'"),
    )
    .unwrap();
    let run = started(&scene.start("A"));
    let row = scene.store.run(&run).unwrap();
    assert_eq!(row.env.len(), 1);
    assert_eq!(row.env[0].0, "PATH");
    let text = format!("{:?}", scene.control.events(&run, 1, 10).unwrap());
    assert!(!text.contains(&std::env::var("PATH").unwrap()));
}

#[test]
fn a_missing_variable_refuses_the_resume_and_names_it() {
    let scene = Scene::new();
    let prior = scene.failed("A");
    let row = scene.store.run(&prior).unwrap();
    // As if the run had been started where the variable was set.
    let mut body = scene.control.events(&prior, 1, 1).unwrap().remove(0).body;
    let EventBody::RunQueued { request, .. } = &mut body else {
        panic!("queued");
    };
    "elsewhere".clone_into(request);
    let run = fermata_store::new_run_id(7);
    scene
        .store
        .create_run(fermata_store::NewRun {
            run: run.clone(),
            events: vec![
                fermata_store::NewEvent::root(7, body),
                fermata_store::NewEvent::root(
                    7,
                    EventBody::DefinitionPinned {
                        files: row.definition,
                        env: vec![("FERMATA_SURELY_UNSET".to_owned(), "0123".to_owned())],
                        steps: Some(2),
                    },
                ),
            ],
            place: row.place,
        })
        .unwrap();
    scene.play(&run).fail();
    let outcome = scene
        .control
        .resume(&run, ResumeOptions::default())
        .unwrap();
    let message = refusal(&outcome).message();
    assert!(message.contains("FERMATA_SURELY_UNSET"), "{message}");
}
