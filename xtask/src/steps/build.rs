//! Step `build`: the binary, and the extension package with panel and binary
//! inside, as users get them but with debug assertions on.

use anyhow::{Context, Result};

use crate::test::Session;

pub(super) fn run(session: &mut Session<'_>) -> Result<()> {
    let workspace = session.workspace;
    if workspace.root.join("editors/vscode/package.json").exists() {
        let myself = std::env::current_exe().context("this program does not know where it is")?;
        let mut command = workspace.command(myself);
        command.args(["dist", "--debug"]);
        session.run("cargo xtask dist --debug", command)?;
    } else {
        session.skip("extension package: editors/vscode has no package.json yet");
        session.run(
            "cargo build",
            workspace.cargo(["build", "--workspace", "--bins"]),
        )?;
    }
    Ok(())
}
