//! What is looked at before a run is created: trust, the file, inputs, agents,
//! the place; and what is pinned.

use std::sync::Arc;

use fermata_control::{AnyAgent, ChoiceAnswer, ControlError, Isolation, StartRefusal, UserConfig};
use fermata_engine::{EventBody, Status};
use serde_json::json;

use crate::scene::{Nobody, Scene, choice, refusal, started};

const NEEDY: &str = "\
workflow:
  name: needy
  entry_point: build
  input:
    scope: {type: string, required: true, description: What to touch}
    depth: {type: number, required: false, default: 3}
agents:
  - name: build
    type: script
    command: 'true'
    routes: [{to: $end}]
";

#[test]
fn missing_inputs_come_before_the_choice_and_not_when_the_answer_is_resume() {
    let scene = Scene::new();
    std::fs::write(scene.flow(), NEEDY).unwrap();
    let mut bare = scene.request("ignored");
    bare.inputs.clear();
    let StartRefusal::InputsNeeded { missing } =
        refusal(&scene.control.start(bare.clone()).unwrap())
    else {
        panic!("inputs are needed");
    };
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].name, "scope");
    assert_eq!(missing[0].description.as_deref(), Some("What to touch"));
    assert!(scene.all().is_empty());

    let mut full = bare.clone();
    full.inputs.insert("scope".to_owned(), json!("all"));
    let run = started(&scene.control.start(full.clone()).unwrap());
    scene.play(&run).fail();
    assert!(matches!(
        refusal(&scene.control.start(bare).unwrap()),
        StartRefusal::InputsNeeded { .. }
    ));
    let start = choice(&scene.control.start(full).unwrap()).start;
    // The file now wants more; a resume does not care, a fresh run does.
    std::fs::write(
        scene.flow(),
        NEEDY.replace(
            "depth: {type: number, required: false, default: 3}",
            "depth: {type: number, required: true}",
        ),
    )
    .unwrap();
    assert!(matches!(
        refusal(
            &scene
                .control
                .choose(&start, ChoiceAnswer::RunFresh)
                .unwrap()
        ),
        StartRefusal::InputsNeeded { .. }
    ));
    assert_eq!(
        scene.store.starts().unwrap().len(),
        1,
        "the request is still there"
    );
    std::fs::write(scene.flow(), NEEDY).unwrap();
    assert_eq!(
        started(&scene.control.choose(&start, ChoiceAnswer::Resume).unwrap()),
        run
    );
}

#[test]
fn a_message_fills_the_one_required_text_input_and_is_an_error_without_one() {
    let scene = Scene::new();
    let mut request = scene.request("x");
    request.message = Some("fix the bug".to_owned());
    let error = scene.control.start(request.clone()).unwrap_err();
    assert!(
        matches!(&error, ControlError::BadRequest { field, message } if field == "message" && message.contains("task")),
        "{error}"
    );
    std::fs::write(scene.flow(), NEEDY).unwrap();
    request.inputs.clear();
    let run = started(&scene.control.start(request).unwrap());
    let row = scene.store.run(&run).unwrap();
    assert_eq!(row.inputs["scope"], "fix the bug");
    assert_eq!(row.message.as_deref(), Some("fix the bug"));
}

#[test]
fn the_choice_previews_the_prior_prompt_and_quotes_suggested_commands() {
    let scene = Scene::new();
    std::fs::write(scene.flow(), NEEDY).unwrap();
    let ask = |message: &str| {
        let mut request = scene.request("x");
        request.inputs.clear();
        request.message = Some(message.to_owned());
        scene.control.start(request).unwrap()
    };
    let long = format!("line one\n{}", "y".repeat(200));
    scene.play(&started(&ask(&long))).fail();
    let choice = choice(&ask(r#"fix \ path "quoted" `tick`"#));
    let shown = choice.prior.clone().unwrap().message.clone();
    assert!(
        shown.starts_with("line one yyy") && shown.ends_with('…'),
        "{shown}"
    );
    assert_eq!(shown.chars().count(), 161);
    let command = choice.to_json()["commands"]["run_fresh"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        command.contains(r#"--force "fix \\ path \"quoted\" \`tick\`""#),
        "{command}"
    );
}

#[test]
fn nothing_runs_in_a_repository_that_is_not_trusted() {
    let scene = Scene::new();
    let mut request = scene.request("A");
    request.trusted = false;
    assert!(matches!(
        refusal(&scene.control.start(request.clone()).unwrap()),
        StartRefusal::Untrusted { .. }
    ));
    scene.control.trust(&scene.repo(), true).unwrap();
    assert!(scene.control.is_trusted(&scene.flow()));
    started(&scene.control.start(request.clone()).unwrap());
    scene.control.trust(&scene.repo(), false).unwrap();
    assert!(!scene.control.is_trusted(&scene.flow()));
}

#[test]
fn a_file_that_its_own_tool_would_refuse_is_refused_with_the_problems() {
    let scene = Scene::new();
    std::fs::write(
        scene.flow(),
        crate::scene::FLOW.replace("command: 'true'", "comand: 'true'"),
    )
    .unwrap();
    let mut request = scene.request("A");
    request.allow_errors = true;
    let StartRefusal::Rejected { problems } = refusal(&scene.control.start(request).unwrap())
    else {
        panic!("rejected, allowed errors or not: it would not load");
    };
    assert!(problems.iter().all(|problem| problem.upstream.is_some()));
    assert!(problems[0].line > 0);
    assert!(scene.all().is_empty());
}

#[test]
fn a_missing_file_and_a_file_that_is_no_workflow_are_told_apart() {
    let scene = Scene::new();
    let mut request = scene.request("A");
    request.file = scene.repo().join("absent.yaml");
    assert!(matches!(
        refusal(&scene.control.start(request.clone()).unwrap()),
        StartRefusal::NotFound { .. }
    ));
    request.file = scene.repo().join("other.yaml");
    std::fs::write(&request.file, "a: 1\n").unwrap();
    assert!(matches!(
        scene.control.start(request).unwrap_err(),
        ControlError::BadRequest { .. }
    ));
}

#[test]
fn prompts_without_an_agent_are_refused_and_the_script_beside_is_offered() {
    let scene = Scene::new();
    std::fs::write(
        scene.flow(),
        "workflow:\n  name: chat\n  entry_point: talk\nagents:\n  - name: talk\n    prompt: hi\n    routes: [{to: $end}]\n",
    )
    .unwrap();
    std::fs::write(scene.repo().join("flow.script.yaml"), "").unwrap();
    let door = scene.configured("ada", UserConfig::default(), Arc::new(Nobody));
    let mut request = scene.request("A");
    request.inputs.clear();
    let StartRefusal::NoAgent {
        agent, scripted, ..
    } = refusal(&door.start(request.clone()).unwrap())
    else {
        panic!("there is no agent");
    };
    assert_eq!(agent, "copilot");
    assert!(scripted.unwrap().ends_with("flow.script.yaml"));
    request.dry_run = true;
    started(&door.start(request).unwrap());
    let scripts_only = Scene::new();
    let door = scripts_only.configured("ada", UserConfig::default(), Arc::new(Nobody));
    started(&door.start(scripts_only.request("A")).unwrap());
}

#[test]
fn a_held_checkout_is_busy_until_its_holder_is_over_or_dead() {
    let scene = Scene::new();
    let config = UserConfig {
        isolation: fermata_control::IsolationConfig {
            conductor_holds_checkout: true,
            ..Default::default()
        },
        ..UserConfig::default()
    };
    let door = scene.configured("ada", config, Arc::new(AnyAgent));
    let second = scene.repo().join("second.yaml");
    std::fs::write(&second, crate::scene::FLOW).unwrap();
    let run = started(&door.start(scene.request("A")).unwrap());
    let mut request = scene.request("B");
    request.file = second;
    let busy = door.start(request.clone()).unwrap();
    let StartRefusal::CheckoutBusy { run: holder, .. } = refusal(&busy) else {
        panic!("busy");
    };
    assert_eq!(holder, run);
    let mut shared = request.clone();
    shared.isolation = Isolation::ShareCheckout;
    started(&door.start(shared).unwrap());
    let mut worker = scene.play(&run);
    worker.die();
    let mut again = request;
    again.conversation = Some("c".to_owned());
    started(&door.start(again).unwrap());
    assert_eq!(scene.status(&run), Status::Failed);
}

#[test]
fn a_worktree_has_a_branch_of_its_own_and_holds_no_checkout_but_itself() {
    let scene = Scene::new();
    let mut request = scene.request("A");
    request.isolation = Isolation::Worktree;
    let run = started(&scene.control.start(request).unwrap());
    let place = scene.store.run(&run).unwrap().place;
    assert_eq!(
        place.branch,
        Some(format!("fermata/deploy-flow-{}", run.short()))
    );
    assert_eq!(place.checkout, place.worktree);
    assert_eq!(scene.store.run(&run).unwrap().cwd, place.worktree.unwrap());
}

#[test]
fn a_secret_input_is_stored_as_a_reference_or_not_at_all() {
    let scene = Scene::new();
    std::fs::write(
        scene.flow(),
        crate::scene::FLOW.replace("task:", "api_key:"),
    )
    .unwrap();
    let mut request = scene.request("x");
    request.inputs.clear();
    request.inputs.insert("api_key".to_owned(), json!("sk-1"));
    let error = scene.control.start(request.clone()).unwrap_err();
    assert!(
        error.to_string().contains("--allow-secret-input"),
        "{error}"
    );
    request.inputs.insert("api_key".to_owned(), json!("env:K"));
    started(&scene.control.start(request).unwrap());
}

#[test]
fn an_open_document_is_what_runs() {
    let scene = Scene::new();
    let flow = scene.flow().canonicalize().unwrap();
    let mut request = scene.request("A");
    let text = crate::scene::FLOW.replace("name: deploy-flow", "name: edited-flow");
    request.overlay = vec![(flow, text.clone().into_bytes())];
    let run = started(&scene.control.start(request).unwrap());
    let row = scene.store.run(&run).unwrap();
    assert_eq!(row.workflow, "edited-flow");
    assert!(row.definition[0].unsaved);
    assert_eq!(
        scene.store.blob(&row.definition[0].blob).unwrap(),
        text.as_bytes()
    );
}

#[cfg(unix)]
#[test]
fn an_open_document_is_found_under_the_name_that_the_editor_has_for_it() {
    let scene = Scene::new();
    let link = scene.folder.path().join("link");
    std::os::unix::fs::symlink(scene.repo(), &link).unwrap();
    let mut request = scene.request("A");
    request.file = link.join("flow.yaml");
    let text = crate::scene::FLOW.replace("name: deploy-flow", "name: linked-flow");
    request.overlay = vec![(request.file.clone(), text.into_bytes())];
    let run = started(&scene.control.start(request).unwrap());
    assert_eq!(scene.store.run(&run).unwrap().workflow, "linked-flow");
}

#[test]
fn the_log_of_a_fresh_run_begins_with_the_request_and_its_pinned_definition() {
    let scene = Scene::new();
    let run = started(&scene.start("A"));
    let events = scene.control.events(&run, 1, 10).unwrap();
    assert!(matches!(events[0].body, EventBody::RunQueued { .. }));
    assert!(
        matches!(&events[1].body, EventBody::DefinitionPinned { files, steps: Some(2), .. } if files.len() == 1)
    );
}

#[test]
fn a_dry_run_neither_asks_about_an_earlier_run_nor_stands_in_the_way_of_the_next() {
    for scene in [Scene::new(), Scene::on_disk()] {
        let mut dry = scene.request("x");
        dry.dry_run = true;
        let tried = started(&scene.control.start(dry.clone()).unwrap());
        scene.play(&tried).fail();
        let real = started(&scene.control.start(scene.request("x")).unwrap());
        scene.play(&real).fail();
        started(&scene.control.start(dry).unwrap());
        let asked = choice(&scene.control.start(scene.request("y")).unwrap());
        assert_eq!(asked.prior.unwrap().run, real);
    }
}
