//! Step `lints`: `cargo xtask check`, as its own process so that its output
//! has a log.

use anyhow::{Context, Result};

use crate::test::Session;

pub(super) fn run(session: &mut Session<'_>) -> Result<()> {
    let myself = std::env::current_exe().context("this program does not know where it is")?;
    let mut command = session.workspace.command(myself);
    command.arg("check");
    session.run("cargo xtask check", command)?;
    Ok(())
}
