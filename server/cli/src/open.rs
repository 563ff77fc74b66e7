//! Opens control for this program: the terminal as surface, the installed agents behind it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use fermata_agents::{Agents, AgentsConfig, script_beside};
use fermata_control::{AgentCheck, AgentConfig, Control, NoAgent, Options, UserConfig};
use fermata_engine::Surface;

/// What is installed on this machine, asked before a run is accepted.
#[derive(Debug)]
struct Installed {
    user: std::sync::OnceLock<Vec<(String, AgentConfig)>>,
}

impl AgentCheck for Installed {
    fn available(&self, agent: &str, scripted_beside: Option<&Path>) -> Result<(), NoAgent> {
        let user = self.user.get().map_or(&[][..], Vec::as_slice);
        let registry = registry(user, scripted_beside.map(Path::to_path_buf));
        registry.check(agent).map_err(|missing| NoAgent { looked_for: missing.looked_for, hint: missing.hint })
    }
}

/// Control with the terminal as its surface.
pub(crate) fn terminal(home: Option<&Path>) -> Result<Control> {
    surface(home, Surface::Terminal)
}

/// Control for any surface that this program serves.
pub(crate) fn surface(home: Option<&Path>, surface: Surface) -> Result<Control> {
    let installed = Arc::new(Installed { user: std::sync::OnceLock::new() });
    let mut options = Options::new(surface, installed.clone());
    options.home = home.map(Path::to_path_buf);
    let control = Control::open(options).context("the store of runs cannot be opened")?;
    // The check is only asked once control is open, so the list is always there by then.
    let _ = installed.user.set(user_agents(control.config()));
    Ok(control)
}

/// The agents of the user's configuration by name.
pub(crate) fn user_agents(config: &UserConfig) -> Vec<(String, AgentConfig)> {
    config.agents.iter().map(|(name, agent)| (name.clone(), agent.clone())).collect()
}

/// The agents of this machine for one workflow.
pub(crate) fn registry(user: &[(String, AgentConfig)], script: Option<std::path::PathBuf>) -> Agents {
    let mut config = AgentsConfig { script, ..AgentsConfig::default() };
    for (name, agent) in user {
        config.add(name, &agent.command, &agent.args, &agent.env);
    }
    Agents::new(config)
}

/// The script that stands beside a workflow file, if there is one.
pub(crate) fn script_of(workflow: &Path) -> Option<std::path::PathBuf> {
    let script = script_beside(workflow);
    script.is_file().then_some(script)
}
