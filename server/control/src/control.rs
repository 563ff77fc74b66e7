//! The door itself: what it is made of, and what it gives access to.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fermata_engine::{Actor, Event, RunId, RunState, Seq, Surface};
use fermata_store::{Home, SqliteStore, Store, StoreError};

use crate::announce::Announcing;
use crate::config::UserConfig;
use crate::error::ControlError;
use crate::launch::{Launcher, ProcessLauncher};
use crate::options::{AgentCheck, Options};

/// The one door. Cheap to clone, usable from any thread; all calls block.
#[derive(Clone)]
pub struct Control {
    pub(crate) inner: Arc<Inner>,
}

/// How long a caller waits to see a living worker carry out what it was asked; it is carried out all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After a stop.
    pub stop: Duration,
    /// After an abort, before the worker's process group is ended.
    pub abort: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            stop: Duration::from_secs(3),
            abort: Duration::from_secs(10),
        }
    }
}

/// What a [`Control`] is made of; tests and embedders put their own parts in.
pub struct Parts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The home folder.
    pub home: Home,
    /// The user's configuration.
    pub config: UserConfig,
    /// Who begins the work on a run.
    pub launcher: Arc<dyn Launcher>,
    /// Who knows which agents there are.
    pub agents: Arc<dyn AgentCheck>,
    /// The surface that acts.
    pub surface: Surface,
    /// The person that acts.
    pub by: String,
    /// UTC milliseconds.
    pub clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// How long it waits for workers.
    pub patience: Patience,
}

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    /// Launches of runs that nobody has claimed: how many, and when the last was.
    pub(crate) launches: Mutex<BTreeMap<RunId, (u32, u64)>>,
}

impl Control {
    /// Opens the door of a home folder.
    ///
    /// # Errors
    /// [`ControlError::Store`] when the store cannot be opened, [`ControlError::Config`] when the configuration does not read.
    pub fn open(options: Options) -> Result<Self, ControlError> {
        let env = |name: &str| std::env::var_os(name);
        let root = Home::locate(options.home.as_deref(), env)?;
        let home = match Home::open(&root) {
            // A home that cannot be written can still be looked at.
            Err(StoreError::ReadOnly { .. }) => Home::look_at(&root)?,
            opened => opened?,
        };
        let config = match options.config.or_else(|| UserConfig::place(env)) {
            Some(path) => UserConfig::read(&path)?,
            None => UserConfig::default(),
        };
        let store = Arc::new(match SqliteStore::open(&home) {
            Err(StoreError::ReadOnly { .. }) => SqliteStore::open_to_read(&home)?,
            opened => opened?,
        });
        let store = Announcing::around(store, home.clone(), config.on.clone());
        Ok(Self::of(Parts {
            store,
            launcher: Arc::new(ProcessLauncher {
                command: options.worker,
                home: home.clone(),
                env_file: config.env_file,
            }),
            config,
            home,
            agents: options.agents,
            surface: options.surface,
            by: options.by,
            clock: Arc::new(now),
            patience: Patience::default(),
        }))
    }

    /// A door of these parts.
    #[must_use]
    pub fn of(parts: Parts) -> Self {
        Self {
            inner: Arc::new(Inner {
                parts,
                launches: Mutex::new(BTreeMap::new()),
            }),
        }
    }

    /// The user's configuration.
    #[must_use]
    pub fn config(&self) -> &UserConfig {
        &self.inner.parts.config
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.inner.parts.home
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.parts.store
    }

    /// The run that a prefix or suffix of an id, or `@last`, names.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Ambiguous`].
    pub fn find(&self, name: &str) -> Result<RunId, ControlError> {
        Ok(self.store().find(name)?)
    }

    /// Events of a run from a number on, at most `limit`.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn events(&self, run: &RunId, from: Seq, limit: usize) -> Result<Vec<Event>, ControlError> {
        Ok(self.store().events(run, from, limit)?)
    }

    /// The folded state of a run.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Store`].
    pub fn state(&self, run: &RunId) -> Result<RunState, ControlError> {
        Ok(fermata_store::load_state(self.store().as_ref(), run)?)
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor {
            by: self.inner.parts.by.clone(),
            surface: self.inner.parts.surface,
        }
    }

    pub(crate) fn now(&self) -> u64 {
        (self.inner.parts.clock)()
    }
}

/// UTC milliseconds.
fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

/// A path as it is stored.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
