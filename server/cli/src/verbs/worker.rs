//! `fermata worker RUN`: executes one run until it is over or parked (internal).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use fermata_agents::Stubs;
use fermata_control::{Control, Permission, RepositoryConfig, root_of};
use fermata_engine::{EventBody, RunId, Status};
use fermata_runner::agent::{AgentProvider, PermissionPolicy, PermissionRule};
use fermata_runner::{Surroundings, run_worker};
use fermata_store::{PinnedWorld, RunLock, StoreError};

use crate::children::Nursery;
use crate::exit::Exit;
use crate::open;

/// How long a worker waits for the lock of a run that is still in the queue.
const PATIENCE: Duration = Duration::from_secs(30);

/// Options of `worker`.
#[derive(Debug, Args)]
pub(crate) struct Worker {
    /// The full id of the run.
    run: String,
}

/// Runs the verb.
///
/// # Errors
/// When somebody else works on the run, or the store cannot be used.
pub(crate) fn run(options: &Worker, home: Option<&Path>) -> Result<Exit> {
    fermata_runner::blot_panics();
    let run = RunId::from(options.run.as_str());
    let control = open::worker(home, &run)?;
    // Whoever put the run into the queue counts on this worker: only another worker takes its place.
    let end = Instant::now() + PATIENCE;
    let lock = RunLock::acquire_while(&control.home().locks(), &run, || {
        let queued = control.store().run(&run)?.status == Status::Queued;
        Ok::<_, StoreError>(queued && Instant::now() < end)
    })?;
    let Some(lock) = lock else {
        bail!("run {run} is worked on by another process");
    };
    let state = control.state(&run)?;
    let script = fermata_control::script_of(Path::new(&state.request.file));
    let agents: Arc<dyn AgentProvider> = if state.request.dry_run {
        let stubs = state.request.agent.as_deref().and_then(stub_file);
        Arc::new(Stubs::read(stubs.or(script).as_deref())?)
    } else {
        let own = open::user_agents(control.config());
        Arc::new(open::registry(own, script))
    };
    let world = pinned(&control, &run)?;
    let mut surroundings = Surroundings::new(Arc::clone(control.store()), agents, Arc::new(world));
    surroundings.children = Some(Arc::new(Nursery(control.clone())));
    surroundings.home = control.home().root().to_path_buf();
    if let Some(parallel) = control.config().parallel {
        surroundings.width = parallel.get();
    }
    if let Some(seconds) = control.config().park_after {
        surroundings.park_after = Duration::from_secs(u64::from(seconds));
    }
    surroundings.permissions = permissions(&control, Path::new(&state.request.file))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let ended = runtime.block_on(run_worker(&run, lock, surroundings))?;
    tracing::info!(?ended, %run, "the worker is done");
    control.released(&run)?;
    // A blocking read of a pipe must not keep a worker that is done.
    runtime.shutdown_background();
    Ok(Exit::Fine)
}

/// The file of stubs that a dry run names as its agent.
fn stub_file(agent: &str) -> Option<PathBuf> {
    let file = agent
        .strip_prefix("stubs:")
        .or_else(|| agent.strip_prefix("scripted:"))?;
    Some(PathBuf::from(file))
}

/// The definition as it was pinned last: at the start, or when an edited one was taken over.
fn pinned(control: &Control, run: &RunId) -> Result<PinnedWorld> {
    let mut files = Vec::new();
    let mut from = 1;
    loop {
        let events = control.events(run, from, 500)?;
        let Some(last) = events.last() else { break };
        from = last.seq + 1;
        for event in &events {
            if let EventBody::DefinitionPinned { files: pinned, .. } = &event.body {
                files.clone_from(pinned);
            }
        }
    }
    Ok(PinnedWorld::load(control.store().as_ref(), &files)?)
}

/// The user's permissions, narrowed by what the repository says.
fn permissions(control: &Control, workflow: &Path) -> Result<PermissionPolicy> {
    let rule = |permission: &Permission| match permission {
        Permission::Ask => PermissionRule::Ask,
        Permission::Allow => PermissionRule::Allow,
        Permission::Reject => PermissionRule::Reject,
    };
    let mut policy = PermissionPolicy::default();
    let repository = RepositoryConfig::read(&root_of(workflow))?;
    for (kind, permission) in &control.config().permissions_in(&repository) {
        if kind == "default" {
            policy.default = rule(permission);
        } else {
            policy.by_kind.push((kind.clone(), rule(permission)));
        }
    }
    Ok(policy)
}
