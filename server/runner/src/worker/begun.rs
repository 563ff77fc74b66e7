//! Processes that have begun and are not in the log yet. The log names a
//! process for whoever comes after a worker that died; one that ends at once
//! needs no name there, and no transaction. Until it is written, a process is
//! known by the step key in its environment (`process::unnamed`).

use std::time::Duration;

use fermata_engine::{Entry, StepPath};
use fermata_store::process;
use tokio::time::Instant;

/// How long a process works before it is named in the log.
const SETTLED: Duration = if process::SHOWS_ENVIRONMENTS {
    Duration::from_millis(20)
} else {
    Duration::ZERO
};

/// Processes by the moment at which they are due.
#[derive(Default)]
pub(super) struct Begun {
    waiting: Vec<(Instant, Entry)>,
}

impl Begun {
    /// A process has begun.
    pub(super) fn push(&mut self, entry: Entry) {
        self.waiting.push((Instant::now() + SETTLED, entry));
    }

    /// The attempt at a path is over: its process is of no interest any more.
    pub(super) fn forget(&mut self, path: &StepPath) {
        self.waiting.retain(|(_, entry)| entry.path != *path);
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.first().map(|(at, _)| *at)
    }

    /// Those that are due now.
    pub(super) fn take(&mut self) -> Vec<Entry> {
        let now = Instant::now();
        let due = self.waiting.partition_point(|(at, _)| *at <= now);
        self.waiting.drain(..due).map(|(_, entry)| entry).collect()
    }
}
