//! `cargo xtask bench`: every benchmark of the workspace, in order.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Runs all benchmark targets; `arguments` go to each (for criterion: a filter,
/// `--save-baseline NAME`, `--baseline NAME`).
///
/// # Errors
/// When cargo cannot be started.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let names = workspace.targets("bench");
    if names.is_empty() {
        println!("no package has a benchmark (a file in its `benches/`)");
        return Ok(ExitCode::SUCCESS);
    }
    let mut command = workspace.cargo(["bench", "--workspace"]);
    for name in &names {
        command.args(["--bench", name]);
    }
    let status = command
        .arg("--")
        .args(arguments)
        .status()
        .context("cargo could not be started")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
