//! Watching: one object per surface that says what has changed since it was
//! last asked. Hints come from the store; what has changed is read there.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fermata_engine::{RunId, Seq};
use fermata_store::{Store, Wake};

use crate::control::Control;
use crate::error::ControlError;

/// What has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Watched runs with a new last event.
    pub runs: Vec<RunId>,
    /// A status, a gate or a start request has changed.
    pub list: bool,
}

impl Changes {
    /// Whether nothing has.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && !self.list
    }
}

/// Watches the list, and the logs of the runs that are subscribed to.
pub struct Watcher {
    store: Arc<dyn Store>,
    list: Wake,
    runs: Mutex<BTreeMap<RunId, Watched>>,
    bell: Bell,
}

struct Watched {
    wake: Wake,
    last: Seq,
}

type Bell = Arc<(Mutex<bool>, Condvar)>;

fn ring(bell: &Bell) -> impl Fn() + Send + Sync + 'static {
    let bell = Arc::clone(bell);
    move || {
        *bell.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        bell.1.notify_all();
    }
}

impl Control {
    /// A watcher of this store.
    ///
    /// # Errors
    /// [`ControlError::Store`].
    pub fn watch(&self) -> Result<Watcher, ControlError> {
        let store = Arc::clone(self.store());
        let list = store.subscribe(None)?;
        let bell = Bell::default();
        list.on_wake(ring(&bell));
        Ok(Watcher {
            store,
            list,
            runs: Mutex::new(BTreeMap::new()),
            bell,
        })
    }
}

impl Watcher {
    /// Watches a run's log from now on; returns its last event.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn subscribe(&self, run: &RunId) -> Result<Seq, ControlError> {
        let wake = self.store.subscribe(Some(run))?;
        wake.on_wake(ring(&self.bell));
        let last = self.store.run(run)?.last_seq;
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(run.clone(), Watched { wake, last });
        Ok(last)
    }

    /// Watches it no longer.
    pub fn unsubscribe(&self, run: &RunId) {
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(run);
    }

    /// Waits until something has changed or the time is over.
    #[must_use]
    pub fn next(&self, timeout: Duration) -> Changes {
        let end = Instant::now() + timeout;
        loop {
            let changes = self.take();
            if !changes.is_empty() {
                return changes;
            }
            let mut rung = self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
            while !*rung {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Changes::default();
                }
                rung = self
                    .bell
                    .1
                    .wait_timeout(rung, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            *rung = false;
        }
    }

    fn take(&self) -> Changes {
        let list = self.list.wait(Duration::ZERO);
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Vec::new();
        for (run, watched) in runs.iter_mut() {
            if !watched.wake.wait(Duration::ZERO) {
                continue;
            }
            if let Ok(row) = self.store.run(run)
                && row.last_seq != watched.last
            {
                watched.last = row.last_seq;
                changed.push(run.clone());
            }
        }
        Changes {
            runs: changed,
            list,
        }
    }
}
