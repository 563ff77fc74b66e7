//! Opens control for this program: the terminal as surface, the installed agents behind it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use fermata_agents::{Agents, AgentsConfig, UserAgent};
use fermata_control::{AgentCheck, Control, NoAgent, Options, UserConfig};
use fermata_engine::{RunId, Surface};
use fermata_runner::agent::AgentProvider as _;

/// What is installed on this machine, asked before a run is accepted.
#[derive(Debug, Default)]
struct Installed {
    user: OnceLock<BTreeMap<String, UserAgent>>,
}

impl AgentCheck for Installed {
    fn available(
        &self,
        agent: &str,
        scripted_beside: Option<&Path>,
    ) -> std::result::Result<(), NoAgent> {
        let user = self.user.get().cloned().unwrap_or_default();
        let agents = registry(user, scripted_beside.map(Path::to_path_buf));
        agents.available(agent).map_err(|missing| NoAgent {
            looked_for: missing.looked_for,
            hint: missing.advice,
        })
    }
}

/// Control with the terminal as its surface.
pub(crate) fn terminal(home: Option<&Path>) -> Result<Control> {
    surface(home, Surface::Terminal)
}

/// Control for any surface that this program serves.
pub(crate) fn surface(home: Option<&Path>, surface: Surface) -> Result<Control> {
    opened(home, surface, None)
}

/// Control for the worker of a run: what it asks of other runs, the run asks.
pub(crate) fn worker(home: Option<&Path>, run: &RunId) -> Result<Control> {
    opened(home, Surface::Policy, Some(format!("run {}", run.short())))
}

fn opened(home: Option<&Path>, surface: Surface, by: Option<String>) -> Result<Control> {
    let installed = Arc::new(Installed::default());
    let mut options = Options::new(surface, installed.clone());
    if let Some(by) = by {
        options.by = by;
    }
    options.home = home.map(Path::to_path_buf);
    let control = Control::open(options)?;
    // The check is only asked once control is open, so the agents are always there by then.
    let _ = installed.user.set(user_agents(control.config()));
    Ok(control)
}

/// The agents of the user's configuration by name.
pub(crate) fn user_agents(config: &UserConfig) -> BTreeMap<String, UserAgent> {
    let user = |agent: &fermata_control::AgentConfig| UserAgent {
        command: agent.command.clone(),
        args: agent.args.clone(),
        env: agent.env.clone(),
        mode: agent.mode.clone(),
        model: agent.model.clone(),
        login: agent.login.clone(),
    };
    config
        .agents
        .iter()
        .map(|(name, agent)| (name.clone(), user(agent)))
        .collect()
}

/// The agents of this machine for one workflow.
pub(crate) fn registry(user: BTreeMap<String, UserAgent>, script: Option<PathBuf>) -> Agents {
    let exe = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("fermata"));
    Agents::new(AgentsConfig {
        user,
        script,
        exe,
        path: std::env::var_os("PATH"),
        ..AgentsConfig::default()
    })
}
