//! What the end-to-end tests share: a folder of their own with a home for runs,
//! and the real `fermata` binary. No sleeps: tests wait on conditions.

#[cfg(target_os = "linux")]
pub mod clock;
mod terminal;

pub use terminal::Terminal;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

pub mod violence;
pub mod workflows;

/// How long a condition may take before the test fails; far above what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary under test: built beside the tests.
///
/// # Panics
/// When it was not built; says how to.
#[must_use]
pub fn fermata() -> PathBuf {
    if let Some(path) = std::env::var_os("FERMATA_BIN") {
        return PathBuf::from(path);
    }
    let here = std::env::current_exe().expect("a test knows its own program");
    let target = here
        .ancestors()
        .nth(2)
        .expect("tests live in <target>/deps");
    let path = target.join(format!("fermata{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is missing: run `cargo build -p fermata` first",
        path.display()
    );
    path
}

/// What a call of the binary came to.
#[derive(Debug)]
pub struct Said {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
    /// Standard output as one JSON document.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }
}

/// A folder with workflows and a home for runs, gone with the test.
pub struct Lab {
    folder: tempfile::TempDir,
}

impl Default for Lab {
    fn default() -> Self {
        Self::new()
    }
}

impl Lab {
    /// An empty one.
    ///
    /// # Panics
    /// When no folder can be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("fermata lab ü")
            .tempdir()
            .expect("a temporary folder");
        std::fs::create_dir(folder.path().join("work")).expect("a folder for workflows");
        Self { folder }
    }

    /// Where workflows are; the folder that the binary runs in.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Where runs are kept.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file into the folder of workflows, so that whoever looks meanwhile sees all of it or what was there
    /// before.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder in the lab");
        let draft = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let draft = self.folder.path().join(format!("draft-{draft}"));
        std::fs::write(&draft, text).expect("a file in the lab");
        std::fs::rename(&draft, &path).expect("a file in the lab");
        path
    }

    /// Writes an Archon workflow, described as every one has to be; its file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn archon(&self, name: &str, body: &str) -> String {
        let text = format!("name: {name}\ndescription: {name}\nmutates_checkout: false\n{body}");
        let path = self.write(&format!(".archon/workflows/{name}.yaml"), &text);
        path.to_str().expect("UTF-8").to_owned()
    }

    /// The text of a file in the folder of workflows; empty when there is none.
    #[must_use]
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.work().join(name)).unwrap_or_default()
    }

    /// Writes the user's own configuration.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, text: &str) {
        let folder = self.folder.path().join("config/fermata");
        std::fs::create_dir_all(&folder).expect("a folder for the configuration");
        std::fs::write(folder.join("config.yaml"), text).expect("the configuration");
    }

    /// A call of the binary, ready to be changed or started.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(fermata());
        command
            .args(words)
            .current_dir(self.work())
            .env("FERMATA_HOME", self.home())
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("USER", "ada")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Calls the binary and waits for its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn call(&self, words: &[&str]) -> Said {
        Said::from(self.command(words).output().expect("the binary starts"))
    }

    /// Starts the binary and does not wait.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(&self, words: &[&str]) -> Child {
        self.command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }

    /// All runs, newest first.
    #[must_use]
    pub fn runs(&self) -> Vec<Value> {
        let said = self.call(&["runs", "--json"]);
        said.json()["runs"].as_array().cloned().unwrap_or_default()
    }

    /// The newest run.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn newest(&self) -> Value {
        self.runs().into_iter().next().expect("a run")
    }

    /// The children of a run, in the order in which they were started.
    #[must_use]
    pub fn children(&self, run: &str) -> Vec<Value> {
        let shown = self.show(run);
        shown["children"].as_array().cloned().unwrap_or_default()
    }

    /// The status of a run.
    #[must_use]
    pub fn status(&self, run: &str) -> String {
        let status = self.show(run)["status"].clone();
        status.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a run has this status; the run.
    pub fn until(&self, run: &str, status: &str) -> Value {
        wait(&format!("run {run} is {status}"), || {
            let shown = self.show(run);
            (shown["status"] == status).then_some(shown)
        })
    }

    /// Waits until a run waits for people without a worker; the run.
    pub fn until_parked(&self, run: &str) -> Value {
        wait(&format!("run {run} is parked"), || {
            let shown = self.show(run);
            (shown["parked"] == true && shown["worker"].is_null()).then_some(shown)
        })
    }

    /// One run whole.
    #[must_use]
    pub fn show(&self, run: &str) -> Value {
        self.call(&["show", run, "--json"]).json()
    }

    /// A run's log.
    #[must_use]
    pub fn events(&self, run: &str) -> Vec<Value> {
        let said = self.call(&["events", run, "--json"]);
        said.out
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event a line"))
            .collect()
    }

    /// Waits until the newest run has this status.
    pub fn until_status(&self, status: &str) -> Value {
        wait(&format!("the newest run is {status}"), || {
            let run = self.runs().into_iter().next()?;
            (run["status"] == status).then_some(run)
        })
    }

    /// Waits until the process of every worker that has worked on a run has ended: a run is over before its worker is.
    pub fn until_workers_ended(&self, run: &str) {
        for event in self.events(run) {
            if event["type"] == "run_started"
                && let Some(pid) = event["worker"]["pid"].as_u64()
            {
                wait(&format!("worker {pid} has ended"), || {
                    (!violence::lives(pid)).then_some(())
                });
            }
        }
    }

    /// Kills the worker of a run without a warning; it is gone when this returns.
    ///
    /// # Panics
    /// When the run has no worker.
    pub fn kill_worker(&self, run: &str) {
        let shown = self.show(run);
        let pid = shown["worker"]["pid"]
            .as_u64()
            .unwrap_or_else(|| panic!("no worker: {shown:#}"));
        let killed = Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .expect("kill");
        assert!(killed.success(), "worker {pid} is there to be killed");
        wait(&format!("worker {pid} is gone"), || {
            (!violence::lives(pid)).then_some(())
        });
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Workers outlive their viewers by design; a test's must not outlive the test.
        for run in self
            .call(&["runs", "--json", "--all"])
            .out
            .parse::<Value>()
            .ok()
            .iter()
            .flat_map(|v| v["runs"].as_array().cloned().unwrap_or_default())
        {
            if ["queued", "running", "waiting"]
                .iter()
                .any(|live| run["status"] == *live)
            {
                let _ = self.call(&["abandon", run["run"].as_str().unwrap_or_default()]);
            }
        }
    }
}

/// The id in what the binary says about a run.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn run_id(said: &Value) -> String {
    said["run"]
        .as_str()
        .unwrap_or_else(|| panic!("no run: {said:#}"))
        .to_owned()
}

/// Waits until `look` finds something.
///
/// # Panics
/// When it does not for a long time; says what was waited for.
pub fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The workspace's own samples.
#[must_use]
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows-samples")
}
