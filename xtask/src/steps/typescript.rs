//! Step `typescript`: types and unit tests of the panel and the extension.
//! Each folder's `package.json` has the scripts `typecheck` and `test`; the
//! bundles themselves are made by `dist`.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::steps::npm;
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
    let manifest = std::fs::read(folder.join("package.json"))
        .with_context(|| format!("could not read {name}/package.json"))?;
    let manifest: Value = serde_json::from_slice(&manifest)
        .with_context(|| format!("{name}/package.json is not JSON"))?;
    let workspace = session.workspace;
    let installed = session.run(&format!("{name}: npm ci"), npm(workspace, folder, ["ci"]))?;
    if !installed.is_success() {
        return Ok(());
    }
    for script in ["typecheck", "test"] {
        if manifest["scripts"][script].is_string() {
            let command = npm(workspace, folder, ["run", script]);
            session.run(&format!("{name}: npm run {script}"), command)?;
        } else {
            session.skip(format!("{name}/package.json has no script `{script}`"));
        }
    }
    Ok(())
}
