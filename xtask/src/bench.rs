//! `cargo xtask bench`: every benchmark of the workspace, in order.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Runs all benchmark targets against a release build; `arguments` go to each
/// (`sessions`: the beginning of a bench's name).
///
/// # Errors
/// When cargo cannot be started.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let names = workspace.targets("bench");
    if names.is_empty() {
        println!("no package has a benchmark (a file in its `benches/`)");
        return Ok(ExitCode::SUCCESS);
    }
    // The sessions are held with the binary that people get.
    let built = workspace
        .cargo(["build", "--release", "--package", "fermata", "--bins"])
        .status()
        .context("cargo could not be started")?;
    if !built.success() {
        return Ok(ExitCode::FAILURE);
    }
    let mut command = workspace.cargo(["bench", "--workspace"]);
    command.env(
        "FERMATA_BIN",
        workspace
            .target
            .join("release")
            .join(format!("fermata{}", std::env::consts::EXE_SUFFIX)),
    );
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
