//! What a worker works with: everything from outside comes through here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fermata_store::Store;
use fermata_workflow::World;

use crate::agent::{AgentProvider, PermissionPolicy};
use crate::child::Children;
use crate::clock::{Clock, SystemClock};

/// Surroundings of a worker.
#[derive(Clone)]
pub struct Surroundings {
    /// Where the log is.
    pub store: Arc<dyn Store>,
    /// Who carries out prompts.
    pub agents: Arc<dyn AgentProvider>,
    /// Where the definition is read from: pinned bytes, with the environment of the requesting surface.
    pub world: Arc<dyn World>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// What to do when agents ask to run tools.
    pub permissions: PermissionPolicy,
    /// How long a run that waits for people keeps its worker before it is parked.
    pub park_after: Duration,
    /// Fermata's home folder: artifacts of runs, and what projects keep between runs, lie below it.
    pub home: PathBuf,
    /// Who starts and ends the runs that steps of this one start; none where that cannot be.
    pub children: Option<Arc<dyn Children>>,
    /// How many processes and turns of one run may be open at once.
    pub width: usize,
    /// How often the log is looked at when no wake-up comes.
    pub poll: Duration,
}

impl Surroundings {
    /// The usual ones around a store, agents and a world.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        agents: Arc<dyn AgentProvider>,
        world: Arc<dyn World>,
    ) -> Self {
        Self {
            store,
            agents,
            world,
            clock: Arc::new(SystemClock),
            permissions: PermissionPolicy::default(),
            park_after: Duration::from_secs(60),
            home: std::env::temp_dir().join("fermata"),
            children: None,
            width: fermata_engine::archon::Setting::WIDTH,
            poll: Duration::from_secs(1),
        }
    }
}
