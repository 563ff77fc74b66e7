//! A scene: a repository with a workflow, a store and a door.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use fermata_control::{
    AgentCheck, AnyAgent, Choice, Control, ControlError, Launcher, NoAgent, Outcome, Parts,
    Patience, StartRefusal, StartRequest, UserConfig, WorkerReport,
};
use fermata_engine::{EventBody, RunId, Status, Surface};
use fermata_store::{
    Home, MemStore, NewEvent, NewRun, Place, RunFilter, SqliteStore, Store, new_run_id,
};
use serde_json::{Map, json};

use crate::played::Played;

/// Milliseconds.
pub(crate) const DAY: u64 = 86_400_000;

pub(crate) const FLOW: &str = "\
workflow:
  name: deploy-flow
  entry_point: build
  input:
    task: {type: string, required: false}
agents:
  - name: build
    type: script
    command: 'true'
    routes: [{to: ship}]
  - name: ship
    type: script
    command: 'true'
    routes: [{to: $end}]
";

/// Notes which runs were to get a worker; none comes.
#[derive(Default)]
pub(crate) struct Noted(pub(crate) Mutex<Vec<RunId>>);

impl Launcher for Noted {
    fn launch(&self, _store: &dyn Store, run: &RunId) -> Result<WorkerReport, ControlError> {
        self.0.lock().unwrap().push(run.clone());
        Ok(WorkerReport {
            ready: true,
            ..WorkerReport::default()
        })
    }
}

/// Knows no agent at all.
pub(crate) struct Nobody;

impl AgentCheck for Nobody {
    fn available(&self, agent: &str, _beside: Option<&Path>) -> Result<(), NoAgent> {
        Err(NoAgent {
            looked_for: vec![agent.to_owned()],
            hint: "install one".to_owned(),
        })
    }
}

/// Longer than any worker that a test plays takes on a busy machine.
const PATIENT: Patience = Patience {
    stop: std::time::Duration::from_secs(60),
    abort: std::time::Duration::from_secs(60),
};

pub(crate) struct Scene {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) home: Home,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) launcher: Arc<Noted>,
    pub(crate) clock: Arc<AtomicU64>,
    pub(crate) control: Control,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(Arc::new(MemStore::new()))
    }

    pub(crate) fn on_disk() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let store = Arc::new(SqliteStore::open(&home).unwrap());
        Self::of(folder, home, store)
    }

    pub(crate) fn with(store: Arc<dyn Store>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        Self::of(folder, home, store)
    }

    fn of(folder: tempfile::TempDir, home: Home, store: Arc<dyn Store>) -> Self {
        let repo = folder.path().join("repo");
        std::fs::create_dir_all(repo.join(".git")).unwrap();
        std::fs::write(repo.join("flow.yaml"), FLOW).unwrap();
        let launcher = Arc::new(Noted::default());
        let clock = Arc::new(AtomicU64::new(1_000_000));
        let control = door(
            &store,
            &home,
            &launcher,
            &clock,
            "ada",
            UserConfig::default(),
            Arc::new(AnyAgent),
            PATIENT,
        );
        Self {
            folder,
            home,
            store,
            launcher,
            clock,
            control,
        }
    }

    /// The door as another person at another surface has it.
    pub(crate) fn door(&self, by: &str) -> Control {
        self.configured(by, UserConfig::default(), Arc::new(AnyAgent))
    }

    pub(crate) fn configured(
        &self,
        by: &str,
        config: UserConfig,
        agents: Arc<dyn AgentCheck>,
    ) -> Control {
        door(
            &self.store,
            &self.home,
            &self.launcher,
            &self.clock,
            by,
            config,
            agents,
            PATIENT,
        )
    }

    /// A door that waits for nobody.
    pub(crate) fn impatient(&self) -> Control {
        door(
            &self.store,
            &self.home,
            &self.launcher,
            &self.clock,
            "ada",
            UserConfig::default(),
            Arc::new(AnyAgent),
            Patience {
                stop: std::time::Duration::ZERO,
                abort: std::time::Duration::ZERO,
            },
        )
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn flow(&self) -> PathBuf {
        self.repo().join("flow.yaml")
    }

    pub(crate) fn pass(&self, ms: u64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    /// Forward by a day, or back by an hour.
    pub(crate) fn jump(&self, back: bool) {
        if back {
            self.clock.fetch_sub(DAY / 24, Ordering::SeqCst);
        } else {
            self.pass(DAY);
        }
    }

    pub(crate) fn request(&self, message: &str) -> StartRequest {
        let mut inputs = Map::new();
        inputs.insert("task".to_owned(), json!(message));
        StartRequest {
            file: self.flow(),
            inputs,
            trusted: true,
            ..StartRequest::default()
        }
    }

    pub(crate) fn start(&self, message: &str) -> Outcome {
        self.control.start(self.request(message)).unwrap()
    }

    pub(crate) fn force(&self, message: &str) -> Outcome {
        let mut request = self.request(message);
        request.force = true;
        self.control.start(request).unwrap()
    }

    /// A fresh run, claimed by a played worker that is still alive.
    pub(crate) fn running(&self, message: &str) -> Played {
        self.play(&started(&self.force(message)))
    }

    pub(crate) fn play(&self, run: &RunId) -> Played {
        Played::begin(&self.store, run)
    }

    /// A fresh run whose worker finished `build` and failed at `ship`.
    pub(crate) fn failed(&self, message: &str) -> RunId {
        let mut worker = self.running(message);
        worker.step("build");
        worker.fail();
        worker.run.clone()
    }

    /// A fresh run that is parked at a gate.
    pub(crate) fn parked(&self, message: &str) -> RunId {
        let mut worker = self.running(message);
        worker.approval();
        worker.park();
        worker.run.clone()
    }

    pub(crate) fn status(&self, run: &RunId) -> Status {
        self.store.run(run).unwrap().status
    }

    pub(crate) fn all(&self) -> Vec<RunId> {
        let rows = self
            .store
            .runs(&RunFilter {
                children: true,
                ..RunFilter::default()
            })
            .unwrap();
        rows.into_iter().map(|row| row.run).collect()
    }

    pub(crate) fn launched(&self) -> Vec<RunId> {
        self.launcher.0.lock().unwrap().clone()
    }
}

#[allow(clippy::too_many_arguments, reason = "the parts of a door, once each")]
fn door(
    store: &Arc<dyn Store>,
    home: &Home,
    launcher: &Arc<Noted>,
    clock: &Arc<AtomicU64>,
    by: &str,
    config: UserConfig,
    agents: Arc<dyn AgentCheck>,
    patience: Patience,
) -> Control {
    let clock = Arc::clone(clock);
    Control::of(Parts {
        store: Arc::clone(store),
        home: home.clone(),
        config,
        launcher: Arc::clone(launcher) as Arc<dyn Launcher>,
        agents,
        surface: Surface::Terminal,
        by: by.to_owned(),
        clock: Arc::new(move || clock.fetch_add(1, Ordering::SeqCst)),
        patience,
    })
}

/// A door of a home on disk, for another process.
pub(crate) fn door_of(root: &Path, by: &str) -> Control {
    let home = Home::open(root).unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&home).unwrap());
    door(
        &store,
        &home,
        &Arc::new(Noted::default()),
        &Arc::new(AtomicU64::new(1_000_000)),
        by,
        UserConfig::default(),
        Arc::new(AnyAgent),
        Patience::default(),
    )
}

pub(crate) fn started(outcome: &Outcome) -> RunId {
    match outcome {
        Outcome::Started { run, .. } => run.clone(),
        other => panic!("expected a run, found {other:?}"),
    }
}

pub(crate) fn choice(outcome: &Outcome) -> Choice {
    match outcome {
        Outcome::Refused(StartRefusal::Choice(choice)) => (**choice).clone(),
        other => panic!("expected a choice, found {other:?}"),
    }
}

pub(crate) fn refusal(outcome: &Outcome) -> StartRefusal {
    match outcome {
        Outcome::Refused(refusal) => refusal.clone(),
        other => panic!("expected a refusal, found {other:?}"),
    }
}

/// A child run of a run, as its worker creates it.
pub(crate) fn child_of(scene: &Scene, parent: &RunId) -> RunId {
    child_with(scene, parent, Map::new())
}

/// The same with inputs.
pub(crate) fn child_with(
    scene: &Scene,
    parent: &RunId,
    with: Map<String, serde_json::Value>,
) -> RunId {
    let mut body = scene.control.events(parent, 1, 1).unwrap().remove(0).body;
    let EventBody::RunQueued {
        parent: of,
        request,
        inputs,
        ..
    } = &mut body
    else {
        panic!("queued");
    };
    *of = Some(parent.clone());
    *inputs = with;
    "child".clone_into(request);
    let child = new_run_id(9);
    scene
        .store
        .create_run(NewRun {
            run: child.clone(),
            events: vec![NewEvent::root(9, body)],
            place: Place::default(),
        })
        .unwrap();
    child
}
