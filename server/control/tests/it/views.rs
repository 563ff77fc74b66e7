//! Lists, one run whole, and watching.

use std::time::Duration;

use fermata_control::{RunsFilter, run_result};
use serde_json::{Value, json};

use crate::scene::{Scene, choice, started};

const LONG: Duration = Duration::from_secs(30);

#[test]
fn runs_lists_runs_and_open_requests_in_the_shape_of_the_protocol() {
    let scene = Scene::new();
    let run = scene.parked("A");
    let start = choice(&scene.start("B")).start;
    let json = scene
        .control
        .runs(&RunsFilter::default())
        .unwrap()
        .to_json();
    assert_eq!(json["version"], 1);
    let row = &json["runs"][0];
    for key in [
        "run", "workflow", "path", "dialect", "status", "cause", "parked", "message", "inputs",
        "step", "gates", "started", "ended", "scope", "parent", "outcome",
    ] {
        assert!(row.get(key).is_some(), "{key}");
    }
    assert_eq!(row["run"], run.as_str());
    assert_eq!(row["parked"], true);
    assert_eq!(row["gates"][0]["gate"], "g1");
    assert_eq!(row["gates"][0]["answers"][0]["label"], "Approve");
    let open = &json["starts"][0];
    assert_eq!(open["start"], start);
    assert_eq!(open["prior"], run.as_str());
    assert_eq!(open["request"]["inputs"]["task"], "B");
    assert!(open["created"].is_u64() && open["workflow"] == "deploy-flow");
}

#[test]
fn lists_can_be_narrowed_to_a_root_and_a_workflow() {
    let scene = Scene::new();
    started(&scene.start("A"));
    let count = |filter: &RunsFilter| scene.control.runs(filter).unwrap().runs.len();
    let root = |path| RunsFilter {
        roots: vec![path],
        ..RunsFilter::default()
    };
    assert_eq!(count(&root(scene.repo())), 1);
    assert_eq!(count(&root(scene.folder.path().to_path_buf())), 1);
    assert_eq!(count(&root(scene.folder.path().join("home"))), 0);
    let of = |path| RunsFilter {
        workflow: Some(path),
        ..RunsFilter::default()
    };
    assert_eq!(count(&of(scene.flow())), 1);
    assert_eq!(count(&of(scene.repo())), 0);
}

#[test]
fn show_adds_worker_steps_worktree_and_definition() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.step("build");
    let shown = scene.control.show(&worker.run).unwrap();
    assert_eq!(shown["worker"]["pid"], 4_000_000);
    assert_eq!(shown["worker"]["fence"], 1);
    assert_eq!(shown["steps"][0]["step"], "build");
    assert_eq!(shown["steps"][0]["status"], "completed");
    assert!(
        shown["definition"][0]["path"]
            .as_str()
            .unwrap()
            .ends_with("flow.yaml")
    );
    assert_eq!(shown["worktree"], Value::Null);
    worker.complete();
    let shown = scene.control.show(&worker.run).unwrap();
    assert_eq!(shown["worker"], Value::Null);
    assert_eq!(shown["output"], "done");
}

#[test]
fn the_result_of_a_run_has_the_shape_of_the_protocol() {
    let scene = Scene::new();
    let mut worker = scene.running("A");
    worker.step("build");
    worker.complete();
    let state = scene.control.state(&worker.run).unwrap();
    let result = run_result(&state, |payload| {
        fermata_store::fetch(scene.store.as_ref(), payload).unwrap()
    });
    assert_eq!(
        result,
        json!({
            "version": 1, "run": worker.run, "status": "completed", "cause": null,
            "output": "done", "outcome": null, "error": null, "steps": 1, "gates": [],
        })
    );
}

#[test]
fn secret_inputs_are_covered_in_lists() {
    let scene = Scene::new();
    std::fs::write(
        scene.flow(),
        crate::scene::FLOW.replace("task:", "api_key:"),
    )
    .unwrap();
    let mut request = scene.request("x");
    request.inputs.clear();
    request.inputs.insert("api_key".to_owned(), json!("sk-1"));
    request.allow_secret_inputs = true;
    started(&scene.control.start(request).unwrap());
    let text = scene
        .control
        .runs(&RunsFilter::default())
        .unwrap()
        .to_json()
        .to_string();
    assert!(!text.contains("sk-1"), "{text}");
}

#[test]
fn a_watcher_says_which_runs_and_whether_the_list_has_changed() {
    let scene = Scene::new();
    let watcher = scene.control.watch().unwrap();
    let run = started(&scene.start("A"));
    assert!(watcher.next(LONG).list);
    assert_eq!(watcher.subscribe(&run).unwrap(), 2);
    let mut worker = scene.play(&run);
    let changes = watcher.next(LONG);
    assert_eq!(changes.runs, std::slice::from_ref(&run));
    watcher.unsubscribe(&run);
    while !watcher.next(Duration::ZERO).is_empty() {}
    worker.begin_step("build");
    assert!(watcher.next(Duration::ZERO).is_empty());
}
