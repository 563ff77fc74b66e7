//! The host's side of the agent protocol: one process per agent and environment,
//! kept for the run; one session per conversation; turns. Nothing here knows
//! which agents exist (see `registry`) or what a step is.

mod connection;
mod failure;
mod host;
mod passing;
mod permission;
mod process;
mod routes;
mod session;
mod settings;
mod tool_calls;
mod turn;

pub(crate) use host::Host;

use std::ffi::OsString;
use std::path::PathBuf;

/// How an agent is started and what is particular about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Launch {
    /// The agent's name, for messages.
    pub name: String,
    /// The program, found already.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Added to the environment.
    pub env: Vec<(String, String)>,
    /// Mode to set in every session, where the agent offers it.
    pub mode: Option<String>,
    /// Model for steps that name none.
    pub model: Option<String>,
    /// Flag that takes a model, for agents that cannot change it in a session.
    pub model_flag: Option<String>,
    /// Command that logs in.
    pub login: Option<String>,
    /// Start of model names that its maker hosts and that it falls back to without being asked.
    pub hosted_default: Option<String>,
    /// What every session is opened with under `_meta`.
    pub session_meta: Option<serde_json::Map<String, serde_json::Value>>,
    /// Whether it reports the tokens of the whole session with every turn.
    pub sums_usage: bool,
    /// Whether it drops tool servers that are processes without a word, although every agent has to take them.
    pub drops_process_servers: bool,
    /// Whether it is the scripted agent, to which models and tools mean nothing.
    pub scripted: bool,
}

impl Launch {
    /// What is started, as people would type it.
    pub(crate) fn command_line(&self) -> String {
        let mut words = vec![self.program.display().to_string()];
        let args = self.args.iter();
        words.extend(args.map(|arg| arg.to_string_lossy().into_owned()));
        words.join(" ")
    }
}
