//! Waiting for changes of the store on a thread of its own, and looking after
//! runs that nobody works on. Nothing wakes for a log that nobody subscribed to.

use std::sync::Arc;
use std::time::Duration;

use fermata_control::{Control, Watcher};
use fermata_engine::RunId;
use tokio::sync::mpsc::UnboundedSender;

use crate::session::Message;

/// How long to wait before looking after runs without a worker.
const LOOK_AFTER: Duration = Duration::from_secs(5);

/// The watching thread. Ends with the session.
pub(crate) struct Watch {
    watcher: Option<Arc<Watcher>>,
}

impl Watch {
    pub(crate) fn start(control: Control, own: UnboundedSender<Message>) -> Self {
        let watcher = match control.watch() {
            Ok(watcher) => Arc::new(watcher),
            Err(error) => {
                tracing::error!(%error, "changes of runs cannot be watched");
                return Self { watcher: None };
            }
        };
        let watching = Arc::clone(&watcher);
        let thread = std::thread::Builder::new()
            .name("fermata-watch".to_owned())
            .spawn(move || {
                while !own.is_closed() {
                    if let Err(error) = control.tick() {
                        tracing::warn!(%error, "runs could not be looked after");
                    }
                    let changes = watching.next(LOOK_AFTER);
                    if !changes.is_empty() && own.send(Message::Changed(changes)).is_err() {
                        return;
                    }
                }
            });
        if let Err(error) = thread {
            tracing::error!(%error, "the watching thread cannot be started");
        }
        Self {
            watcher: Some(watcher),
        }
    }

    pub(crate) fn subscribe(&self, run: &RunId) {
        if let Some(watcher) = &self.watcher
            && let Err(error) = watcher.subscribe(run)
        {
            tracing::warn!(%error, %run, "a run cannot be watched");
        }
    }

    pub(crate) fn unsubscribe(&self, run: &RunId) {
        if let Some(watcher) = &self.watcher {
            watcher.unsubscribe(run);
        }
    }
}
