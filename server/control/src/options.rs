//! What a surface says about itself when it opens the door.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_engine::Surface;

use crate::launch::WorkerCommand;

/// How to open a [`crate::Control`].
pub struct Options {
    /// Home folder; the environment's when absent.
    pub home: Option<PathBuf>,
    /// User configuration file; the platform's when absent.
    pub config: Option<PathBuf>,
    /// How workers are spawned.
    pub worker: WorkerCommand,
    /// Who knows which agents there are.
    pub agents: Arc<dyn AgentCheck>,
    /// The surface that acts.
    pub surface: Surface,
    /// The person that acts.
    pub by: String,
}

impl Options {
    /// Defaults for a surface: home and configuration of the environment, this program as worker, the system's user name.
    #[must_use]
    pub fn new(surface: Surface, agents: Arc<dyn AgentCheck>) -> Self {
        Self {
            home: None,
            config: None,
            worker: WorkerCommand::default(),
            agents,
            surface,
            by: user_name(),
        }
    }
}

fn user_name() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .or_else(|| whoami::username().ok().filter(|name| !name.is_empty()))
        .unwrap_or_else(|| "somebody".to_owned())
}

/// Knows which agents could carry out prompts here. Agents live above this crate.
pub trait AgentCheck: Send + Sync {
    /// Whether an agent (`--agent`, or a workflow's provider name) can be used; `scripted_beside` is the script file
    /// beside the workflow, where there is one.
    ///
    /// # Errors
    /// [`NoAgent`]: what was looked for, and what to do.
    fn available(&self, agent: &str, scripted_beside: Option<&Path>) -> Result<(), NoAgent>;
}

/// No agent of that name can be used here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAgent {
    /// What was looked for: commands, variables.
    pub looked_for: Vec<String>,
    /// What to do, in one sentence.
    pub hint: String,
}

/// Every agent is fine: for surfaces that leave the question to the worker.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnyAgent;

impl AgentCheck for AnyAgent {
    fn available(&self, _agent: &str, _scripted_beside: Option<&Path>) -> Result<(), NoAgent> {
        Ok(())
    }
}
