//! `cargo xtask codegen`: writes what is derived from the code. The JSON
//! Schemas come from the binary (so that `fermata schema` and the files cannot
//! differ); types for TypeScript come from the schemas.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::steps::{has_script, npm};
use crate::workspace::Workspace;

/// What `fermata schema` knows.
const SCHEMAS: [&str; 5] = ["archon", "conductor", "config", "events", "protocol"];

/// Folders whose `package.json` may have a script `codegen` that reads
/// `schemas/` and writes into its own sources.
const DERIVED: [&str; 2] = ["editors/panel", "editors/vscode"];

/// Writes everything, or with `--check` only compares.
///
/// # Errors
/// When the binary cannot be built or asked, a file cannot be written, or
/// (with `--check`) a file is not what would be written.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    match arguments {
        [] => write(workspace)?,
        [flag] if flag == "--check" => check(workspace)?,
        other => bail!("unknown options {other:?}; codegen takes only --check"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Compares the schemas in the repository with those of the code.
///
/// # Errors
/// Names the files that differ.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut stale = Vec::new();
    for (name, text) in schemas(workspace)? {
        let file = workspace.root.join("schemas").join(&name);
        if fs::read_to_string(&file).unwrap_or_default() != text {
            stale.push(name);
        }
    }
    if !stale.is_empty() {
        bail!(
            "schemas/ differs from the code in {}; run `cargo xtask codegen`",
            stale.join(", ")
        );
    }
    Ok(())
}

fn write(workspace: &Workspace) -> Result<()> {
    let folder = workspace.root.join("schemas");
    fs::create_dir_all(&folder).context("could not make the folder schemas/")?;
    for (name, text) in schemas(workspace)? {
        let file = folder.join(&name);
        fs::write(&file, text).with_context(|| format!("could not write {}", file.display()))?;
        println!("wrote schemas/{name}");
    }
    for name in DERIVED {
        derive(workspace, name)?;
    }
    Ok(())
}

/// File name and text of every schema, as the binary prints them.
fn schemas(workspace: &Workspace) -> Result<Vec<(String, String)>> {
    let built = workspace
        .cargo(["build", "--quiet", "--package", "fermata"])
        .status()
        .context("cargo could not be started")?;
    if !built.success() {
        bail!("the binary could not be built");
    }
    SCHEMAS
        .iter()
        .map(|name| {
            let output = workspace
                .command(workspace.binary())
                .args(["schema", name])
                .output()
                .context("the binary could not be started")?;
            let text = String::from_utf8(output.stdout)
                .with_context(|| format!("`fermata schema {name}` did not print UTF-8"))?;
            serde_json::from_str::<Value>(&text).with_context(|| {
                format!(
                    "`fermata schema {name}` printed no JSON ({}): {}",
                    output.status,
                    String::from_utf8_lossy(&output.stderr).trim()
                )
            })?;
            Ok((format!("{name}.schema.json"), text))
        })
        .collect()
}

/// Runs the folder's own generator, where it has one.
fn derive(workspace: &Workspace, name: &str) -> Result<()> {
    let folder = workspace.root.join(name);
    if !has_script(&folder, "codegen") {
        println!("nothing derived in {name}: no script `codegen`");
        return Ok(());
    }
    let status = npm(workspace, &folder, ["run", "codegen"])
        .status()
        .context("npm could not be started")?;
    if !status.success() {
        bail!("`npm run codegen` failed in {name} ({status}); is `npm ci` done there?");
    }
    Ok(())
}
