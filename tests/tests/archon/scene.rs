//! A checkout with a store, a door and workers in this process; and the actions
//! that people take on it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use fermata_control::{
    Act, AnswerInput, AnswerOutcome, AnyAgent, ChildRequest, Control, ControlError, GatesPolicy,
    Isolation, Launcher, Outcome, Parts, Patience, ResumeOptions, StartRequest, UserConfig,
    WorkerReport,
};
use fermata_engine::{Answer, ChildCall, EventBody, RunId, Status, Surface};
use fermata_expr::archon::names;
use fermata_runner::{Children, Refused, Surroundings, run_worker};
use fermata_store::{Home, OsWorld, PinnedWorld, RunFilter, RunRow, SqliteStore, Store};
use fermata_workflow::dialects::archon::Project;
use serde_json::{Map, Value};

use crate::case::{Case, copy};
use crate::scripted::Scripted;

/// Workers are started by the scene itself, for every run that is queued.
struct Elsewhere;

impl Launcher for Elsewhere {
    fn launch(&self, _store: &dyn Store, _run: &RunId) -> Result<WorkerReport, ControlError> {
        Ok(WorkerReport {
            ready: true,
            ..WorkerReport::default()
        })
    }
}

/// Child runs of a worker's run, through the same door as the program's own.
struct Nursery(Control);

impl Children for Nursery {
    fn start(&self, parent: &RunId, call: &ChildCall) -> Result<RunId, Refused> {
        let request = ChildRequest {
            file: PathBuf::from(&call.file),
            inputs: call.inputs.clone(),
            message: call.message.clone(),
            worktree: call.worktree,
            request: call.request.clone(),
            anew: call.anew,
            child: call.child.clone(),
        };
        self.0
            .start_child(parent, request)
            .unwrap()
            .map_err(|refusal| Refused {
                kind: refusal.kind.to_owned(),
                message: refusal.message,
            })
    }

    fn find(&self, call: &ChildCall) -> Option<RunId> {
        self.0.child_of(&call.request).unwrap()
    }

    fn end(&self, parent: &RunId, child: &RunId) {
        self.0.end_child(parent, child).unwrap();
    }
}

type Workers = BTreeMap<RunId, JoinHandle<()>>;

pub(crate) struct Scene {
    workers: RefCell<Workers>,
    _folder: tempfile::TempDir,
    pub(crate) repository: PathBuf,
    pub(crate) home: Home,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) control: Control,
    pub(crate) agents: Arc<Scripted>,
    runtime: tokio::runtime::Runtime,
}

impl Scene {
    pub(crate) fn new(case: &Case) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("checkout");
        copy(&case.folder.join(".archon"), &repository.join(".archon"));
        git(&repository, &["init", "-q", "-b", "main"]);
        git(&repository, &["add", "-A"]);
        git(&repository, &["commit", "-q", "-m", "start"]);
        let repository = repository.canonicalize().unwrap();
        let home = Home::open(&folder.path().join("home")).unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&home).unwrap());
        let control = Control::of(Parts {
            store: Arc::clone(&store),
            home: home.clone(),
            config: UserConfig::default(),
            launcher: Arc::new(Elsewhere),
            agents: Arc::new(AnyAgent),
            surface: Surface::Terminal,
            by: "ada".to_owned(),
            clock: Arc::new(now),
            patience: Patience::default(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let agents = Scripted::new(&case.script, control.clone());
        Self {
            workers: RefCell::default(),
            _folder: folder,
            repository,
            home,
            store,
            control,
            agents,
            runtime,
        }
    }

    /// Takes an action and lets everything that follows from it happen; the exit code that the dialect's own
    /// command line would give.
    pub(crate) fn act(&mut self, number: usize, action: &Value) -> Option<i64> {
        self.agents.action(number);
        let text = |key: &str| action[key].as_str().map(str::to_owned);
        let target = action["run"]
            .as_u64()
            .and_then(|n| self.runs().get(usize::try_from(n).ok()? - 1).cloned());
        let op = action["op"].as_str().unwrap();
        let took = match op {
            "shell" => {
                let command = action["command"].as_str().unwrap();
                let done = Command::new("bash")
                    .args(["-c", command])
                    .current_dir(&self.repository)
                    .status()
                    .unwrap();
                assert!(done.success(), "{command}: {done}");
                return None;
            }
            "run" if action["resume"] == true => self.resume_newest(action),
            "run" => self.start(action),
            "resume" => target.and_then(|row| self.resumed(&row.run)),
            "abandon" => target.and_then(|row| {
                let act = self.control.abandon(&row.run).unwrap();
                matches!(act, Act::Done { .. }).then_some(row.run)
            }),
            "approve" => target.and_then(|row| self.answer(&row, "approve", text("comment"))),
            "reject" => target.and_then(|row| self.answer(&row, "reject", text("reason"))),
            "respond" => {
                let decision = text("decision").unwrap();
                target.and_then(|row| self.answer(&row, &decision, text("text")))
            }
            other => panic!("no such action: {other}"),
        };
        self.drive();
        let status = took.as_ref().map(|run| self.store.run(run).unwrap().status);
        Some(match status {
            None | Some(Status::Failed) => 1,
            Some(Status::Cancelled) => i64::from(!matches!(op, "reject" | "abandon")),
            Some(Status::Completed | Status::Waiting | Status::Queued | Status::Running) => 0,
        })
    }

    fn start(&self, action: &Value) -> Option<RunId> {
        let file = self.file_of(action["workflow"].as_str().unwrap())?;
        let outcome = self
            .control
            .start(StartRequest {
                file,
                inputs: action["inputs"].as_object().cloned().unwrap_or_default(),
                message: action["message"].as_str().map(str::to_owned),
                force: true,
                conversation: action["conversation"].as_str().map(str::to_owned),
                gates: Some(GatesPolicy::Stop),
                isolation: Isolation::NoWorktree,
                cwd: Some(self.repository.clone()),
                allow_errors: true,
                trusted: true,
                ..StartRequest::default()
            })
            .unwrap();
        match outcome {
            Outcome::Started { run, .. } => Some(run),
            Outcome::Refused(_) | Outcome::Dismissed => None,
        }
    }

    /// The file of the workflow that a name on the command line means.
    fn file_of(&self, name: &str) -> Option<PathBuf> {
        let world = OsWorld::new();
        let project = Project::at(&world, Some(&self.repository));
        let known: Vec<&str> = project
            .members()
            .iter()
            .filter_map(|member| Some(member.parsed.as_ref()?.name.as_str()))
            .collect();
        let found = names::resolve(name, &known).ok().flatten()?;
        project
            .members()
            .iter()
            .find(|member| member.parsed.as_ref().is_some_and(|p| p.name == found))
            .map(|member| member.path.clone())
    }

    /// `run --resume`: the newest run of that workflow that can go on.
    fn resume_newest(&self, action: &Value) -> Option<RunId> {
        let file = self.file_of(action["workflow"].as_str().unwrap())?;
        let file = file.canonicalize().unwrap().display().to_string();
        let rows = self.runs();
        let row = rows.iter().rev().find(|row| {
            row.file == file && matches!(row.status, Status::Failed | Status::Waiting)
        })?;
        self.resumed(&row.run)
    }

    fn resumed(&self, run: &RunId) -> Option<RunId> {
        match self.control.resume(run, ResumeOptions::default()).unwrap() {
            Outcome::Started { run, .. } => Some(run),
            Outcome::Refused(_) | Outcome::Dismissed => None,
        }
    }

    fn answer(&self, row: &RunRow, decision: &str, text: Option<String>) -> Option<RunId> {
        let answer = Answer::Approval {
            decision: decision.to_owned(),
            text,
        };
        // There one gate is open at a time: the first.
        let gate = row.gates.first().map(|gate| &gate.gate);
        let outcome = self
            .control
            .answer(&row.run, gate, AnswerInput::Typed(answer))
            .unwrap();
        matches!(outcome, AnswerOutcome::Accepted { .. }).then(|| row.run.clone())
    }

    /// Every run, oldest first; a run's children come right behind it.
    pub(crate) fn runs(&self) -> Vec<RunRow> {
        let mut rows = self
            .store
            .runs(&RunFilter {
                children: true,
                ..RunFilter::default()
            })
            .unwrap();
        rows.sort_by_key(|row| row.order);
        // Children are recorded by the node that launched them, items of a fan-out in their order.
        let launched = |row: &RunRow| -> Option<(String, u64)> {
            let path = row.request.strip_prefix(row.parent.as_ref()?.as_str())?;
            let (node, rest) = path.split_once('[').unwrap_or((path, ""));
            let index = rest.split_once(']').and_then(|(n, _)| n.parse().ok());
            Some((node.to_owned(), index.unwrap_or(0)))
        };
        rows.sort_by_key(launched);
        let mut sorted: Vec<RunRow> = Vec::new();
        let mut due: Vec<RunRow> = rows
            .iter()
            .rev()
            .filter(|r| r.parent.is_none())
            .cloned()
            .collect();
        while let Some(row) = due.pop() {
            let children = rows
                .iter()
                .rev()
                .filter(|r| r.parent.as_ref() == Some(&row.run));
            due.extend(children.cloned());
            sorted.push(row);
        }
        sorted
    }

    /// Number of a run as the records count, from 1.
    pub(crate) fn number(&self, run: &RunId) -> usize {
        self.runs().iter().position(|row| row.run == *run).unwrap() + 1
    }

    /// Gives every queued run a worker until none is queued and none works: what waits needs none.
    fn drive(&self) {
        let wake = self.store.subscribe(None).unwrap();
        let mut workers = self.workers.borrow_mut();
        loop {
            let done: Vec<RunId> = workers
                .iter()
                .filter(|(_, worker)| worker.is_finished())
                .map(|(run, _)| run.clone())
                .collect();
            for run in done {
                workers.remove(&run).unwrap().join().unwrap();
            }
            let rows = self.runs();
            for row in &rows {
                if row.status == Status::Queued && !workers.contains_key(&row.run) {
                    workers.insert(row.run.clone(), self.work(row.run.clone()));
                }
            }
            if workers.is_empty() {
                return;
            }
            let _ = wake.wait(Duration::from_millis(20));
        }
    }

    fn work(&self, run: RunId) -> JoinHandle<()> {
        let (store, handle) = (Arc::clone(&self.store), self.runtime.handle().clone());
        let definition = pinned(&self.control, &run);
        let world = PinnedWorld::load(store.as_ref(), &definition).unwrap();
        let mut around = Surroundings::new(
            Arc::clone(&store),
            Arc::clone(&self.agents) as Arc<_>,
            Arc::new(world),
        );
        around.home = self.home.root().to_path_buf();
        around.children = Some(Arc::new(Nursery(self.control.clone())));
        around.park_after = Duration::ZERO;
        around.poll = Duration::from_millis(100);
        let control = self.control.clone();
        std::thread::spawn(move || {
            let Some(lock) = store.try_lock(&run).unwrap() else {
                return;
            };
            handle.block_on(run_worker(&run, lock, around)).unwrap();
            control.released(&run).unwrap();
        })
    }

    /// Where the artifacts of a run are.
    pub(crate) fn artifacts(&self, run: &RunId) -> PathBuf {
        self.home.root().join("artifacts").join(run.as_str())
    }

    /// With placeholders for what is different every time.
    pub(crate) fn plain(&self, value: Value) -> Value {
        let mut text = value.to_string();
        for (at, row) in self.runs().iter().enumerate() {
            let folder = self.artifacts(&row.run).display().to_string();
            let number = at + 1;
            text = text
                .replace(&folder, &format!("<HOME>/artifacts/runs/<RUN{number}>"))
                .replace(row.run.as_str(), &format!("<RUN{number}>"));
        }
        for project in std::fs::read_dir(self.home.root().join("state"))
            .into_iter()
            .flatten()
        {
            let folder = project.unwrap().path().display().to_string();
            text = text.replace(&folder, "<HOME>/state");
        }
        let repository = self.repository.display().to_string();
        text = text.replace(&repository, "<REPO>");
        serde_json::from_str(&text).unwrap()
    }

    /// The logs, for whoever looks after a difference.
    pub(crate) fn show(&self) {
        for row in self.runs() {
            eprintln!("== {} {} {:?}", row.run, row.workflow, row.status);
            for event in self.control.events(&row.run, 1, 10_000).unwrap() {
                eprintln!("  {}", serde_json::to_string(&event).unwrap());
            }
        }
        for call in self.agents.calls() {
            eprintln!("  CALL {call:?}");
        }
    }
}

fn pinned(control: &Control, run: &RunId) -> Vec<fermata_engine::event::PinnedFile> {
    let mut files = Vec::new();
    for event in control.events(run, 1, 10_000).unwrap() {
        if let EventBody::DefinitionPinned { files: pinned, .. } = event.body {
            files = pinned;
        }
    }
    files
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

fn now() -> u64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

impl Drop for Scene {
    fn drop(&mut self) {
        for row in self.runs() {
            if row.status.is_live() && row.parent.is_none() {
                let _ = self.control.abandon(&row.run);
            }
        }
        for (_, worker) in std::mem::take(self.workers.get_mut()) {
            let _ = worker.join();
        }
    }
}

/// An object, empty when it is none.
pub(crate) fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
