//! `fermata agents`: which agents are installed, and what is missing.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::console::Console;
use crate::exit::Exit;
use crate::open;

/// Options of `agents`.
#[derive(Debug, Args)]
pub(crate) struct Agents {
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When the configuration cannot be read.
pub(crate) fn run(options: &Agents, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    let list = open::registry(open::user_agents(control.config()), None).list();
    if options.json {
        let agents: Vec<_> = list
            .iter()
            .map(|agent| json!({ "name": agent.name, "command": agent.command, "configured": agent.configured, "advice": agent.advice }))
            .collect();
        console.json(&json!({ "version": 1, "agents": agents }));
    } else {
        for agent in &list {
            let what = agent
                .command
                .as_deref()
                .or(agent.advice.as_deref())
                .unwrap_or_default();
            console.line(&format!(
                "{:<12} {:<10} {what}",
                agent.name,
                if agent.command.is_some() {
                    "installed"
                } else {
                    "missing"
                }
            ));
        }
        if list.iter().all(|agent| agent.command.is_none()) {
            console.line(fermata_agents::INSTEAD);
        }
    }
    Ok(Exit::Fine)
}
