//! What is known of runs: the list of them, logs that the client has subscribed to, and how long steps took.

use std::sync::Arc;

use fermata_control::{Changes, RunsFilter, RunsView};
use fermata_engine::{RunId, Status};
use fermata_ide::{RunFacts, StepTime};
use serde_json::{Value, json};
use tower_lsp::ls_types::Uri;

use crate::outbox::Mail;
use crate::session::{Message, Session};
use crate::{convert, facts};

/// How long the steps of a run took, as far as its log went then.
pub(crate) struct Times {
    run: RunId,
    /// The last event that was read.
    last: u64,
    steps: Vec<StepTime>,
}

impl Session {
    pub(super) fn run_facts(&self, uri: &Uri) -> RunFacts {
        let Some(path) = convert::path(uri) else {
            return RunFacts::default();
        };
        let mut found = facts::of(&self.runs, &path);
        found.trusted = self
            .settings
            .trusted
            .unwrap_or_else(|| self.control.is_trusted(&path));
        if self.settings.last_run {
            found.times = self
                .times
                .get(uri)
                .map_or_else(Vec::new, |t| t.steps.clone());
        } else {
            found.runs.retain(|run| !run.gates.is_empty());
        }
        found
    }

    /// Reads the list of runs on a blocking thread; one reading at a time, the newest wish next.
    pub(super) fn read_runs(&mut self) {
        if self.reading_runs {
            self.read_again = true;
            return;
        }
        self.reading_runs = true;
        let (control, own) = (self.control.clone(), self.own.clone());
        tokio::task::spawn_blocking(move || {
            let filter = RunsFilter {
                limit: Some(200),
                ..RunsFilter::default()
            };
            let _ = own.send(match control.runs(&filter) {
                Ok(view) => Message::Runs(Box::new(view)),
                Err(error) => {
                    tracing::warn!(%error, "the list of runs could not be read");
                    Message::RunsFailed(error.to_string())
                }
            });
        });
    }

    pub(super) fn runs_read(&mut self, view: RunsView) {
        self.reading_runs = false;
        let changed = facts::changed_runs(&self.runs, &view);
        let starts_changed = facts::starts_differ(&self.runs, &view);
        self.runs = Arc::new(view);
        if self.facts.plugin {
            for (run, status) in &changed {
                self.outbox
                    .send(Mail::RunChanged(json!({ "run": run, "status": status })));
            }
            if starts_changed {
                self.outbox.send(Mail::StartsChanged);
            }
        }
        if starts_changed || !changed.is_empty() {
            self.refresh_lenses();
        }
        self.prompts.look(&self.runs, &self.settings);
        self.read_times();
        if std::mem::take(&mut self.read_again) {
            self.read_runs();
        }
    }

    /// Reads how long steps took where a document's newest run stands still and has gone on since it was read.
    fn read_times(&mut self) {
        self.times.retain(|uri, _| self.documents.contains_key(uri));
        for (uri, document) in &self.documents {
            if document.attached.is_none() {
                continue;
            }
            let going = [Status::Queued, Status::Running];
            let Some(run) = facts::newest(&self.runs, &document.path) else {
                continue;
            };
            let known = self.times.get(uri);
            if going.contains(&run.status)
                || known.is_some_and(|known| known.run == run.run && known.last == run.last)
            {
                continue;
            }
            let (control, own) = (self.control.clone(), self.own.clone());
            let (uri, run, last) = (uri.clone(), run.run.clone(), run.last);
            tokio::task::spawn_blocking(move || match control.state(&run) {
                Ok(state) => {
                    let steps = facts::times(&run, &state);
                    let _ = own.send(Message::Times(uri, Times { run, last, steps }));
                }
                Err(error) => tracing::warn!(%error, %run, "a run's log could not be read"),
            });
        }
    }

    pub(super) fn times_read(&mut self, uri: Uri, times: Times) {
        if !self.documents.contains_key(&uri) {
            return;
        }
        self.times.insert(uri, times);
        if self.facts.refreshes_inlays && self.settings.last_run {
            self.outbox.send(Mail::RefreshInlays);
        }
    }

    pub(super) fn refresh_lenses(&self) {
        if self.facts.refreshes_lenses {
            self.outbox.send(Mail::RefreshLenses);
        }
    }

    pub(super) fn changed(&mut self, changes: &Changes) {
        if changes.list {
            self.read_runs();
        }
        for run in &changes.runs {
            self.send_events(run);
        }
    }

    pub(super) fn send_events(&self, run: &RunId) {
        let Some(sent) = self.subscriptions.get(run).copied() else {
            return;
        };
        let (control, own, run) = (self.control.clone(), self.own.clone(), run.clone());
        let says = self.facts.says;
        tokio::task::spawn_blocking(move || {
            let from = sent + 1;
            let read = control
                .cover(&run)
                .and_then(|cover| control.shown_events(&run, from, 500, &cover, says));
            match read {
                Ok(events) if !events.is_empty() => {
                    let _ = own.send(Message::Batch { run, from, events });
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, %run, "a run's log could not be read"),
            }
        });
    }

    pub(super) fn batch(&mut self, run: &RunId, from: u64, mut events: Vec<Value>) {
        let Some(sent) = self.subscriptions.get_mut(run) else {
            return;
        };
        // Two readings may overlap: what was sent already is left out.
        let seen = usize::try_from((*sent + 1).saturating_sub(from))
            .unwrap_or(0)
            .min(events.len());
        events.drain(..seen);
        if events.is_empty() {
            return;
        }
        let first = *sent + 1;
        let full = events.len() + seen == 500;
        *sent += events.len() as u64;
        self.outbox.send(Mail::Events(
            json!({ "run": run, "from": first, "events": events }),
        ));
        if full {
            self.send_events(run);
        }
    }

    pub(super) fn status(&self, health: &str, message: Option<&str>) {
        if self.facts.plugin {
            self.outbox.send(Mail::Status(
                json!({ "health": health, "message": message }),
            ));
        }
    }
}
