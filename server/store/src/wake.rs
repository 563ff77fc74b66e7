//! Wake-ups: hints that something has changed, within this process. Whoever
//! gets one reads the store; nothing is decided from a hint.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use fermata_engine::{RunId, Seq};

/// A callback of a subscriber; must return soon.
type Callback = Arc<dyn Fn() + Send + Sync>;

/// One subscription; ends when dropped.
pub struct Wake {
    inner: Arc<Inner>,
    /// Keeps the watcher of wake files alive for as long as somebody is subscribed.
    _watch: Option<Arc<dyn std::any::Any + Send + Sync>>,
}

struct Inner {
    run: Option<RunId>,
    state: Mutex<Pending>,
    woken: Condvar,
}

#[derive(Default)]
struct Pending {
    runs: BTreeSet<RunId>,
    set: bool,
    known: Seq,
    callback: Option<Callback>,
}

impl Wake {
    /// Waits until something has changed or the time is over; says whether something has. Never misses what happened
    /// after the subscription began, and takes many changes as one.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> bool {
        let end = Instant::now() + timeout;
        let mut state = self
            .inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.set {
                state.set = false;
                state.runs.clear();
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .inner
                .woken
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Which runs have changed since the last call; empty although woken when it cannot be told.
    #[must_use]
    pub fn changed(&self) -> BTreeSet<RunId> {
        let mut state = self
            .inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.set = false;
        std::mem::take(&mut state.runs)
    }

    /// Says that the subscriber to a run needs no wake-up for its events up to this number: it wrote them, or is about to.
    /// A number lower than before takes that back. Those who only know that something changed wake it all the same.
    pub fn know(&self, seq: Seq) {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .known = seq;
    }

    /// Keeps something alive for as long as this subscription lives.
    pub(crate) fn kept_by(mut self, watch: Arc<dyn std::any::Any + Send + Sync>) -> Self {
        self._watch = Some(watch);
        self
    }

    /// Calls back on every wake-up from now on, from whatever thread noticed; for callers that have an event loop.
    pub fn on_wake(&self, callback: impl Fn() + Send + Sync + 'static) {
        let mut state = self
            .inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.callback = Some(Arc::new(callback));
    }
}

/// Everybody in this process who is subscribed to one store.
#[derive(Default)]
pub(crate) struct WakeHub {
    subscribers: Mutex<Vec<Weak<Inner>>>,
}

impl WakeHub {
    /// A subscription to one run, or to the list of runs and start requests.
    pub(crate) fn subscribe(&self, run: Option<&RunId>) -> Wake {
        let inner = Arc::new(Inner {
            run: run.cloned(),
            state: Mutex::new(Pending::default()),
            woken: Condvar::new(),
        });
        let mut subscribers = self
            .subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        subscribers.retain(|subscriber| subscriber.strong_count() > 0);
        subscribers.push(Arc::downgrade(&inner));
        Wake {
            inner,
            _watch: None,
        }
    }

    /// Wakes the subscribers of a run, and those of the list when it has changed too.
    pub(crate) fn wake(&self, run: Option<&RunId>, listed: bool) {
        self.wake_for(run, Seq::MAX, listed);
    }

    /// As [`WakeHub::wake`], for events of a run up to a number.
    pub(crate) fn wake_for(&self, run: Option<&RunId>, seq: Seq, listed: bool) {
        let mut callbacks = Vec::new();
        for subscriber in self
            .subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter_map(Weak::upgrade)
        {
            let concerned = match &subscriber.run {
                Some(wanted) => Some(wanted) == run,
                None => listed,
            };
            if !concerned {
                continue;
            }
            let mut state = subscriber
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if subscriber.run.is_some() && seq <= state.known {
                continue;
            }
            state.set = true;
            state.runs.extend(run.cloned());
            callbacks.extend(state.callback.clone());
            drop(state);
            subscriber.woken.notify_all();
        }
        for callback in callbacks {
            callback();
        }
    }

    /// What somebody is subscribed to: runs, and the list (`None`).
    pub(crate) fn wanted(&self) -> BTreeSet<Option<RunId>> {
        self.subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter_map(Weak::upgrade)
            .map(|subscriber| subscriber.run.clone())
            .collect()
    }

    /// Wakes everybody: something may have changed, nobody knows what.
    pub(crate) fn wake_all(&self) {
        for run in self.wanted() {
            self.wake(run.as_ref(), run.is_none());
        }
    }
}
