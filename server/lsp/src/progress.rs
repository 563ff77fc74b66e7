//! Work-done progress of the runs that this client started or resumed: begins
//! when the run goes, says at which step it is, ends when it waits or is over.
//! Not cancellable: clients cancel tokens when they reload, and that must
//! never stop a run. Reads the store; changes nothing.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fermata_control::Control;
use fermata_engine::{RunId, Status};
use fermata_store::RunRow;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::ls_types::ProgressToken;

use crate::facts::word;

/// Commands after which the client follows the run that they name.
const STARTING: &[&str] = &[
    "fermata.run",
    "fermata.dryRun",
    "fermata.choose",
    "fermata.resume",
];
/// How long to wait for a sign of the run before looking at it again.
const LOOK: Duration = Duration::from_secs(1);

/// Where progress is shown. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Progress {
    client: Client,
    control: Control,
    /// Runs that are followed now.
    followed: Arc<Mutex<HashSet<RunId>>>,
    /// Of the session: whoever follows a run ends with it.
    tasks: tokio::runtime::Handle,
}

/// What a client is to show of one run.
enum Shown {
    /// It goes, at this step.
    Goes(String),
    /// It waits or is over.
    Ends(String),
}

impl Progress {
    pub(crate) fn new(client: Client, control: Control) -> Self {
        Self {
            client,
            control,
            followed: Arc::default(),
            tasks: tokio::runtime::Handle::current(),
        }
    }

    /// Follows the run that a command has put to work, if it has.
    pub(crate) fn started(self, command: &str, result: &Value) {
        let run = result["run"].as_str().filter(|_| result["ok"] == true);
        let Some(run) = run.filter(|_| STARTING.contains(&command)) else {
            return;
        };
        let run = RunId::from(run);
        if !self.lock().insert(run.clone()) {
            return;
        }
        let (show, shown) = unbounded_channel();
        self.tasks.spawn(present(self.client.clone(), shown));
        let followed = Arc::clone(&self.followed);
        let name = run.clone();
        let thread = std::thread::Builder::new()
            .name("fermata-progress".to_owned())
            .spawn(move || {
                follow(&self.control, &name, &show);
                self.lock().remove(&name);
            });
        if let Err(error) = thread {
            tracing::warn!(%error, %run, "progress cannot be shown");
            followed
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&run);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<RunId>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says how the run stands until it is over or nobody listens.
fn follow(control: &Control, run: &RunId, show: &UnboundedSender<(String, Shown)>) {
    let Ok(watcher) = control.watch() else { return };
    if watcher.subscribe(run).is_err() {
        return;
    }
    let mut said = None;
    let mut goes = false;
    while let Ok(row) = control.store().run(run) {
        let (shown, over) = words(&row);
        let text = match &shown {
            Shown::Goes(text) | Shown::Ends(text) => text.clone(),
        };
        if said.as_ref() != Some(&text) {
            said = Some(text);
            let ended = matches!(shown, Shown::Ends(_));
            // A stretch that was over before anybody looked is shown, too: the client learns how it ended.
            let missed = (ended && !goes).then(|| Shown::Goes("running".to_owned()));
            goes = !ended;
            for next in missed.into_iter().chain([shown]) {
                if show.send((row.workflow.clone(), next)).is_err() {
                    return;
                }
            }
        }
        if over || show.is_closed() {
            return;
        }
        let _ = watcher.next(LOOK);
    }
}

/// What to show of a run, and whether nothing more will come.
fn words(row: &RunRow) -> (Shown, bool) {
    let how_far = row.progress();
    match row.status {
        Status::Queued => (Shown::Goes("queued".to_owned()), false),
        Status::Running => {
            let parts: Vec<String> = row.step.iter().cloned().chain(how_far).collect();
            (Shown::Goes(parts.join(" · ")), false)
        }
        Status::Waiting => match row.gates.first() {
            Some(gate) => (Shown::Ends(format!("holds before {}", gate.step)), false),
            // Answered, and about to go on.
            None => (Shown::Goes("answered".to_owned()), false),
        },
        Status::Completed => (Shown::Ends("completed".to_owned()), true),
        Status::Cancelled => (Shown::Ends("cancelled".to_owned()), true),
        Status::Failed => {
            let cause = row.cause.as_ref().map(word).unwrap_or_default();
            (Shown::Ends(format!("failed ({cause})")), true)
        }
    }
}

/// Shows it: a token for each stretch that the run goes without waiting.
async fn present(client: Client, mut shown: UnboundedReceiver<(String, Shown)>) {
    let mut ongoing = None;
    while let Some((workflow, next)) = shown.recv().await {
        match next {
            Shown::Goes(text) => match &ongoing {
                None => {
                    let token = ProgressToken::String(format!("fermata-{}", token()));
                    // A client that refuses the token is not told anything under it.
                    if client
                        .create_work_done_progress(token.clone())
                        .await
                        .is_ok()
                    {
                        let begun = client.progress(token, workflow).with_message(text);
                        ongoing = Some(begun.begin().await);
                    }
                }
                Some(progress) => progress.report(text).await,
            },
            Shown::Ends(text) => {
                if let Some(progress) = ongoing.take() {
                    progress.finish_with_message(text).await;
                }
            }
        }
    }
}

/// A number that no other token of this process has.
fn token() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
