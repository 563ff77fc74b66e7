//! Step `typescript`: types and unit tests of the panel and the extension.
//! Each folder's `package.json` has the scripts `typecheck` and `test`; the
//! bundles themselves are made by `dist`.

use std::path::Path;

use anyhow::Result;

use crate::steps::{has_script, is_installed, npm};
use crate::test::Session;

const FOLDERS: [&str; 2] = ["editors/panel", "editors/vscode"];

pub(super) fn run(session: &mut Session<'_>) -> Result<()> {
    for name in FOLDERS {
        let folder = session.workspace.root.join(name);
        if folder.join("package.json").exists() {
            one(session, name, &folder)?;
        } else {
            session.skip(format!("{name} has no package.json yet"));
        }
    }
    Ok(())
}

fn one(session: &mut Session<'_>, name: &str, folder: &Path) -> Result<()> {
    let workspace = session.workspace;
    if !is_installed(folder) {
        let install = npm(workspace, folder, ["ci"]);
        if !session
            .run(&format!("{name}: npm ci"), install)?
            .is_success()
        {
            return Ok(());
        }
    }
    for script in ["typecheck", "test"] {
        if has_script(folder, script) {
            let command = npm(workspace, folder, ["run", script]);
            session.run(&format!("{name}: npm run {script}"), command)?;
        } else {
            session.skip(format!("{name}/package.json has no script `{script}`"));
        }
    }
    Ok(())
}
