//! Spawning a real process as a worker.

use fermata_control::{AnyAgent, Control, Options, Outcome, WorkerCommand};
use fermata_engine::{Status, Surface};
use std::sync::Arc;

use crate::played::Played;
use crate::scene::Scene;

/// Not a test of its own: a worker that claims, starts and dies, when this binary is started with the variable set.
#[test]
fn plays_a_worker() {
    let Ok(run) = std::env::var("FERMATA_PLAY_WORKER") else {
        return;
    };
    let leaked: Vec<String> = std::env::vars()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("VSCODE_") || name.starts_with("NVIM"))
        .collect();
    println!("leaked: {leaked:?}");
    let root = std::env::var_os("FERMATA_HOME").unwrap();
    let home = fermata_store::Home::open(std::path::Path::new(&root)).unwrap();
    let store: Arc<dyn fermata_store::Store> =
        Arc::new(fermata_store::SqliteStore::open(&home).unwrap());
    let run = store.find(&run).unwrap();
    let _worker = Played::begin(&store, &run);
}

#[cfg(unix)]
fn door(scene: &Scene, script: &str) -> Control {
    let mut options = Options::new(Surface::Terminal, Arc::new(AnyAgent));
    options.home = Some(scene.home.root().to_path_buf());
    options.config = Some(scene.folder.path().join("no-config.yaml"));
    options.worker = WorkerCommand {
        program: Some("/bin/sh".into()),
        args: vec!["-c".to_owned(), script.to_owned(), "worker".to_owned()],
    };
    Control::open(options).unwrap()
}

#[cfg(unix)]
#[test]
fn a_worker_that_claims_the_run_is_reported_ready() {
    let scene = Scene::on_disk();
    let me = std::env::current_exe().unwrap();
    let script = format!(
        "FERMATA_PLAY_WORKER=\"$1\" exec '{}' --exact spawn::plays_a_worker --nocapture",
        me.display()
    );
    let control = door(&scene, &script);
    let Outcome::Started { run, worker, .. } = control.start(scene.request("A")).unwrap() else {
        panic!("started");
    };
    assert!(worker.ready, "{worker:?}");
    assert_eq!(worker.log, None);
    assert_ne!(scene.status(&run), Status::Queued);
    let log = std::fs::read_to_string(control.home().log(&run)).unwrap();
    assert!(log.contains("leaked: []"), "{log}");
}

#[cfg(unix)]
#[test]
fn a_worker_that_does_not_come_is_reported_with_the_end_of_its_log_and_the_run_stays_queued() {
    let scene = Scene::on_disk();
    let control = door(&scene, "echo cannot find my shoes >&2; exit 3");
    let outcome = control.start(scene.request("A")).unwrap();
    assert_eq!(outcome.exit_code(), 1);
    let Outcome::Started { run, worker, .. } = outcome else {
        panic!("the run is there");
    };
    assert!(!worker.ready);
    assert_eq!(worker.log.as_deref(), Some("cannot find my shoes"));
    assert_eq!(scene.status(&run), Status::Queued);
}

#[cfg(unix)]
#[test]
fn a_worker_lives_in_a_session_of_its_own() {
    let scene = Scene::on_disk();
    let control = door(&scene, "ps -o sid= -p $$ | tr -d ' '; echo $$; exit 0");
    let Outcome::Started { run, .. } = control.start(scene.request("A")).unwrap() else {
        panic!("the run is there");
    };
    let log = std::fs::read_to_string(control.home().log(&run)).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], lines[1], "{log}");
}
