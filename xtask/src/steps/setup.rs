//! Step `setup`: what the later steps need and a fresh machine lacks. Each
//! script of `tests/editors/environment/` keeps what is still valid, so that a second
//! run takes a moment.

use anyhow::Result;

use crate::steps::with_node;
use crate::test::Session;

/// What a script exits with when this machine cannot have the thing at all
/// (another system, no rights to install packages).
const CANNOT_BE_HAD_HERE: i32 = 3;

const ENVIRONMENTS: [&str; 4] = ["node", "chromium", "vscode", "neovim"];

pub(super) fn run(session: &mut Session<'_>) -> Result<()> {
    for name in ENVIRONMENTS {
        let script = format!("tests/editors/environment/{name}.sh");
        let mut command = session.workspace.command("bash");
        command.arg(&script);
        with_node(session.workspace, &mut command);
        session.run_or_skip(&script, command, CANNOT_BE_HAD_HERE)?;
    }
    Ok(())
}
