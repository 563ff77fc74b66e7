//! `fermata worker RUN`: executes one run until it is over or parked (internal).

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use fermata_engine::{RunId, Surface};

use crate::exit::Exit;
use crate::open;

/// Options of `worker`.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// The full id of the run.
    run: String,
}

/// Runs the verb.
///
/// # Errors
/// When the run cannot be claimed or the store cannot be used.
pub(crate) fn run(options: &Worker, home: Option<&Path>) -> Result<Exit> {
    let control = open::surface(home, Surface::Policy)?;
    let run = RunId::from(options.run.as_str());
    let state = control.state(&run)?;
    let script = open::script_of(Path::new(&state.request.file));
    let agents = open::registry(&open::user_agents(control.config()), script);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(fermata_runner::run_worker(Arc::clone(control.store()), control.home(), &run, Arc::new(agents)))?;
    Ok(Exit::Fine)
}
