//! What surrounds a run: its own checkout, secrets by reference, dry runs, and
//! talks about an output.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use fermata_engine::{Answer, EventBody, Payload, RunId, Status};
use fermata_runner::{Ended, run_worker};
use fermata_store::{MemStore, NewEvent, NewRun, Place, Store, load_state, new_run_id};
use serde_json::{Map, Value, json};
use support::scripted::Scripted;
use support::world::Disk;
use support::{actor, people, read, surroundings, work};

fn queue(store: &MemStore, file: &Path, inputs: Value, place: Place, dry_run: bool) -> RunId {
    let run = new_run_id(1);
    let folder = file.parent().unwrap().display().to_string();
    let archon = file.iter().any(|part| part == ".archon");
    let queued = EventBody::RunQueued {
        workflow: "w".to_owned(),
        file: file.display().to_string(),
        dialect: if archon { "archon" } else { "conductor" }.to_owned(),
        scope: folder.clone(),
        message: None,
        inputs: inputs.as_object().cloned().unwrap_or_default(),
        request: run.0.clone(),
        parent: None,
        gates: "ask".to_owned(),
        agent: None,
        actor: actor(),
        cwd: match &place.worktree {
            Some(worktree) if archon => worktree.clone(),
            _ => folder,
        },
        dry_run,
    };
    store
        .create_run(NewRun {
            run: run.clone(),
            events: vec![NewEvent::root(1, queued)],
            place,
        })
        .unwrap();
    run
}

fn write(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("workflow.yaml");
    std::fs::write(&file, text).unwrap();
    file
}

fn disk(env: &[(&str, &str)]) -> Arc<Disk> {
    Arc::new(Disk {
        env: env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    })
}

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@b"])
        .args(args)
        .output()
        .unwrap();
    assert!(done.status.success(), "{args:?}: {done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_its_own_worktree_leaves_the_checkout_alone() {
    let home = tempfile::tempdir().unwrap();
    let repository = home.path().join("repository");
    std::fs::create_dir(&repository).unwrap();
    let file = write(
        &repository,
        "
workflow: {name: w, entry_point: s}
agents: [{name: s, type: script, command: sh, args: [-c, 'cat tracked; echo made > made']}]
output: {seen: '{{ s.output.stdout }}'}
",
    );
    std::fs::write(repository.join("tracked"), "old").unwrap();
    git(&repository, &["init", "--quiet"]);
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "--quiet", "-m", "one"]);
    std::fs::write(repository.join("tracked"), "changed").unwrap();
    let worktree = home.path().join("tree");
    let place = Place {
        worktree: Some(worktree.display().to_string()),
        branch: Some("fermata/w-1".to_owned()),
        repository: Some(repository.display().to_string()),
        with_changes: true,
        ..Place::default()
    };
    let store = Arc::new(MemStore::new());
    let run = queue(&store, &file, json!({}), place, false);
    let around = surroundings(store.clone(), Scripted::new(&Value::Null), disk(&[]));
    let ended = work(&store, &run, around).await;
    let finished = read(&store, &run, ended);
    assert_eq!(
        finished.state.output,
        Some(Payload::Inline(json!({"seen": "changed"}))),
        "{:?}",
        finished.state.error
    );
    assert!(worktree.join("made").exists());
    assert!(!repository.join("made").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_has_the_file_of_servers_that_git_ignores_from_its_checkout() {
    let home = tempfile::tempdir().unwrap();
    let repository = home.path().join("repository");
    let workflows = repository.join(".archon/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    let file = write(
        &workflows,
        "
name: w
description: One node.
nodes: [{id: a, prompt: Use them, mcp: servers.json}]
",
    );
    std::fs::write(repository.join(".gitignore"), "servers.json").unwrap();
    std::fs::write(
        repository.join("servers.json"),
        r#"{"words": {"command": "words"}}"#,
    )
    .unwrap();
    git(&repository, &["init", "--quiet"]);
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "--quiet", "-m", "one"]);
    let place = Place {
        worktree: Some(home.path().join("tree").display().to_string()),
        branch: Some("fermata/w-1".to_owned()),
        repository: Some(repository.display().to_string()),
        ..Place::default()
    };
    let store = Arc::new(MemStore::new());
    let run = queue(&store, &file, json!({}), place, false);
    let agents = Scripted::new(&json!({"agents": {"a": [{"text": "hi"}]}}));
    let mut around = surroundings(store.clone(), agents.clone(), disk(&[]));
    around.home = home.path().join("home");
    let ended = work(&store, &run, around).await;
    let finished = read(&store, &run, ended);
    assert_eq!(
        finished.state.status,
        Status::Completed,
        "{:?}",
        finished.state.error
    );
    assert!(!home.path().join("tree/servers.json").exists());
    let asked = agents.asked.lock().unwrap();
    assert_eq!(asked[0].tool_servers[0].name, "words");
}

const SECRET: &str = "
workflow:
  name: w
  entry_point: kid
  input: {api_key: {type: string}}
agents: [{name: kid, type: workflow, workflow: kid.yaml}]
output: {n: '{{ kid.output.n }}'}
";

const KID: &str = "
workflow: {name: kid, entry_point: s, input: {api_key: {type: string}}}
agents: [{name: s, type: set, value: '{{ workflow.input.api_key | length }}'}]
output: {n: '{{ s.output }}'}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_input_reaches_its_steps_and_never_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), SECRET);
    std::fs::write(folder.path().join("kid.yaml"), KID).unwrap();
    let store = Arc::new(MemStore::new());
    let inputs = json!({"api_key": "env:SERVICE_KEY"});
    let run = queue(&store, &file, inputs, Place::default(), false);
    let world = disk(&[("SERVICE_KEY", "s3cr3t-value")]);
    let around = surroundings(store.clone(), Scripted::new(&Value::Null), world);
    let ended = work(&store, &run, around).await;
    let finished = read(&store, &run, ended);
    assert_eq!(
        finished.state.output,
        Some(Payload::Inline(json!({"n": 12})))
    );
    let log = serde_json::to_string(&finished.log).unwrap();
    assert!(!log.contains("s3cr3t-value"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_leads_nowhere_fails_the_start_and_names_the_variable() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), SECRET);
    std::fs::write(folder.path().join("kid.yaml"), KID).unwrap();
    let store = Arc::new(MemStore::new());
    let inputs = json!({"api_key": "env:SERVICE_KEY"});
    let run = queue(&store, &file, inputs, Place::default(), false);
    let around = surroundings(store.clone(), Scripted::new(&Value::Null), disk(&[]));
    let ended = work(&store, &run, around).await;
    let finished = read(&store, &run, ended);
    assert_eq!(ended, Ended::With(Status::Failed));
    assert!(
        finished
            .state
            .error
            .unwrap()
            .message
            .contains("SERVICE_KEY")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_starts_no_process_and_waits_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(
        folder.path(),
        "
workflow: {name: w, entry_point: s}
agents:
  - {name: s, type: script, command: sh, args: [-c, 'echo done > done'], routes: [{to: w}]}
  - {name: w, type: wait, duration: 23h, routes: [{to: a}]}
  - {name: a, prompt: 'After {{ s.output.n }}'}
output: {a: '{{ a.output.result }}'}
",
    );
    let store = Arc::new(MemStore::new());
    let run = queue(&store, &file, json!({}), Place::default(), true);
    let stubs = Scripted::new(&json!({"agents": {"s": [{"json": {"n": 3}}], "a": ["fine"]}}));
    let around = surroundings(store.clone(), stubs.clone(), disk(&[]));
    let ended = work(&store, &run, around).await;
    let finished = read(&store, &run, ended);
    assert_eq!(
        finished.state.output,
        Some(Payload::Inline(json!({"a": "fine"})))
    );
    assert!(!folder.path().join("done").exists());
    assert_eq!(stubs.asked.lock().unwrap()[1].prompt, "After 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialog_gives_the_persons_words_to_the_agent() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(
        folder.path(),
        "
workflow: {name: w, entry_point: a}
agents: [{name: a, prompt: Write., dialog: {trigger_prompt: the audience is unclear}}]
output: {a: '{{ a.output.result }}'}
",
    );
    let store = Arc::new(MemStore::new());
    let run = queue(&store, &file, json!({}), Place::default(), false);
    let agents = Scripted::new(&json!({"agents": {
        "a": ["for whom?", "for children"],
        "a (dialog)": [
            {"json": {"trigger": true, "question": "Who reads it?"}},
            {"json": {"trigger": false}}
        ]
    }}));
    let around = surroundings(store.clone(), agents.clone(), disk(&[]));
    let guard = store.try_lock(&run).unwrap().unwrap();
    let id = run.clone();
    let worker = tokio::spawn(async move { run_worker(&id, guard, around).await });
    let gate = loop {
        let state = load_state(store.as_ref(), &run).unwrap();
        if state.status == Status::Waiting {
            break state.open_gates[0].gate.clone();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let answers = Map::from_iter([("reply".to_owned(), Value::from("Children."))]);
    let answer = Answer::Questions {
        answers,
        decision: "submit".to_owned(),
    };
    people::answer(&store, &run, &gate.gate, &answer).unwrap();
    let ended = worker.await.unwrap().unwrap();
    let finished = read(&store, &run, ended);
    assert_eq!(
        finished.state.output,
        Some(Payload::Inline(json!({"a": "for children"})))
    );
    let asked = agents.asked.lock().unwrap();
    assert!(
        asked
            .iter()
            .any(|turn| turn.prompt.contains("Answered: Children."))
    );
}
