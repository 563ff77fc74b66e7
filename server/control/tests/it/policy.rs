//! The start policy of design/runs.md, row by row, and the acceptance list of
//! the report behind it (design/origins.md).

use std::sync::Arc;

use fermata_control::{
    AnyAgent, ChoiceAnswer, ControlError, Isolation, Outcome, ResumeOptions, StartRefusal,
    UserConfig,
};
use fermata_engine::{EventBody, Status};
use serde_json::{Value, json};

use crate::scene::{Nobody, Played, Scene, choice, refusal, started};

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
    assert_eq!(choice.prior.run, prior);
    assert_eq!(choice.prior.status, Status::Failed);
    assert_eq!(choice.prior.progress.as_deref(), Some("1 of 2 steps"));
    assert_eq!(choice.prior.message, "(no message)");
    assert!(!choice.prior.changed);
    assert_eq!(choice.request["inputs"]["task"], "B");
    assert_eq!(choice.answers, ChoiceAnswer::ALL);
    assert_eq!(scene.all(), std::slice::from_ref(&prior));
    assert_eq!(scene.launched(), launched);
    assert_eq!(scene.store.run(&prior).unwrap(), before);
}

#[test]
fn a_queued_running_or_waiting_prior_leads_to_a_choice_and_is_not_continued() {
    let scene = Scene::new();
    let run = started(&scene.start("A"));
    assert_eq!(choice(&scene.start("B")).prior.status, Status::Queued);
    let mut worker = scene.play(&run);
    assert_eq!(choice(&scene.start("C")).prior.status, Status::Running);
    worker.approval();
    let waiting = choice(&scene.start("D"));
    assert_eq!(waiting.prior.status, Status::Waiting);
    assert_eq!(waiting.prior.gate.unwrap()["kind"], "approval");
    worker.park();
    let parked = choice(&scene.start("E"));
    assert_eq!(parked.prior.status, Status::Waiting);
    assert_eq!(scene.all().len(), 1);
    assert_eq!(scene.store.run(&run).unwrap().gates.len(), 1);
}

#[test]
fn a_running_prior_whose_worker_is_gone_is_marked_interrupted_and_asked_about() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.die();
    let asked = choice(&scene.start("B"));
    assert_eq!(asked.prior.status, Status::Failed);
    assert_eq!(asked.prior.cause, Some(fermata_engine::Cause::Interrupted));
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
    request.gates = fermata_control::GatesPolicy::Continue(7);
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
    let shown = choice.prior.message.clone();
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
fn a_worktree_has_a_branch_of_its_own_and_holds_no_checkout() {
    let scene = Scene::new();
    let mut request = scene.request("A");
    request.isolation = Isolation::Worktree;
    let run = started(&scene.control.start(request).unwrap());
    let place = scene.store.run(&run).unwrap().place;
    assert_eq!(
        place.branch,
        Some(format!("fermata/deploy-flow-{}", run.short()))
    );
    assert_eq!(place.checkout, None);
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
