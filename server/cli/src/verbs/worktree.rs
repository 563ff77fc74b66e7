//! `fermata worktree RUN`: where a run's worktree is, what the run has changed
//! in it, taking that over, and cleaning up.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use fermata_control::{Applied, Control, WorktreeRefusal};
use fermata_engine::RunId;
use serde_json::json;

use crate::console::Console;
use crate::exit::Exit;
use crate::open;

/// Options of `worktree`.
#[derive(Debug, Args)]
pub(crate) struct Worktree {
    /// A run: any unique part of its id from either end, or @last.
    run: String,
    /// Print its folder; also without any of these.
    #[arg(long, group = "wish")]
    path: bool,
    /// Print what the run has changed, as a patch.
    #[arg(long, group = "wish")]
    diff: bool,
    /// Bring what the run has changed into the checkout, uncommitted.
    #[arg(long, group = "wish")]
    apply: bool,
    /// Remove the worktree, unless something in it is nowhere else or the run can be resumed.
    #[arg(long, group = "wish")]
    remove: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run or the store cannot be used.
pub(crate) fn run(options: &Worktree, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    control.tick()?;
    let run = control.find(&options.run)?;
    let done = if options.diff {
        diff(&control, &run, console)?
    } else if options.apply {
        apply(&control, &run, console)?
    } else if options.remove {
        remove(&control, &run, console)?
    } else {
        path(&control, &run, console)?
    };
    Ok(match done {
        Ok(()) => Exit::Fine,
        Err(refusal) => {
            if console.machine() {
                console.json(&refusal.to_json());
            } else {
                console.error(&refusal.message);
            }
            Exit::Failed
        }
    })
}

type Done = Result<Result<(), WorktreeRefusal>>;

fn path(control: &Control, run: &RunId, console: &Console) -> Done {
    Ok(control.worktree(run)?.map(|tree| {
        if console.machine() {
            console.json(&tree.to_json());
        } else {
            console.line(&tree.path.display().to_string());
        }
    }))
}

fn diff(control: &Control, run: &RunId, console: &Console) -> Done {
    Ok(control.worktree_diff(run)?.map(|patch| {
        if console.machine() {
            console.json(&json!({
                "version": 1, "ok": true, "diff": String::from_utf8_lossy(&patch),
            }));
        } else {
            console.bytes(&patch);
        }
    }))
}

fn apply(control: &Control, run: &RunId, console: &Console) -> Done {
    Ok(control.worktree_apply(run)?.map(|applied| {
        if console.machine() {
            console.json(&applied.to_json());
            return;
        }
        console.line(match applied {
            Applied::Now => "the run's changes are in the checkout now, uncommitted",
            Applied::Before => "the checkout has the run's changes already",
            Applied::Nothing => "the run has changed nothing",
        });
    }))
}

fn remove(control: &Control, run: &RunId, console: &Console) -> Done {
    Ok(control.worktree_remove(run)?.map(|removed| {
        if console.machine() {
            console.json(&removed.to_json());
            return;
        }
        match &removed.kept_branch {
            None => console.line("the worktree and its branch are gone"),
            Some(branch) => console.line(&format!(
                "the worktree is gone; its branch {branch} is kept, it has commits of its own"
            )),
        }
    }))
}
