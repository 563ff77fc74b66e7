//! What stands around an Archon workflow: the other workflows, commands and scripts that it can name. Filled by
//! `dialects::archon` on every load; plain data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use indexmap::IndexMap;
use serde_json::Value;

/// Everything that a name in the file can mean.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Sound workflows by name, this one among them.
    pub workflows: BTreeMap<String, Neighbour>,
    /// Files of commands by name, the one that is taken.
    pub commands: BTreeMap<String, PathBuf>,
    /// The texts of those commands that the workflow names.
    pub command_texts: BTreeMap<String, String>,
    /// Files of scripts by name, the one that is taken.
    pub scripts: BTreeMap<String, PathBuf>,
    /// Names of model aliases, with their `@`.
    pub aliases: Vec<String>,
    /// Whether the file loads by itself: then its name is taken, be it sound among the others or not.
    pub is_named: bool,
}

/// Another workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// Its file.
    pub path: PathBuf,
    /// Its declared inputs, whether each is required and its default; `None` when it declares nothing and takes all.
    pub inputs: Option<IndexMap<String, (bool, Option<Value>)>>,
    /// Calls of the agent that a run retries most often: its attempts, times the iterations of the groups around it; 1
    /// where no agent has a `retry`.
    pub retried: u64,
}
