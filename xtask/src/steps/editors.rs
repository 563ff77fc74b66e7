//! Step `editors`: the scenarios in `tests/editors`, in the real thing. The
//! drivers' own self-test runs first: when it fails, the environment is
//! broken, not the product.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::steps::{has_script, npm, with_node};
use crate::test::Session;

pub(super) fn run(session: &mut Session<'_>) -> Result<()> {
    let scenarios = session.workspace.root.join("tests/editors");
    browsers(session, &scenarios)?;
    neovims(session, &scenarios)
}

/// VS Code and the panel: `node --test`, a file at a time.
fn browsers(session: &mut Session<'_>, scenarios: &Path) -> Result<()> {
    let cache = session.workspace.cache();
    for (what, place) in [
        ("code-server", cache.join("vscode/.complete")),
        ("Chromium", cache.join("chromium/.complete")),
        ("node", cache.join("node/.complete")),
    ] {
        if !place.exists() {
            session.skip(format!(
                "VS Code and panel in Chromium: no {what} in {}; run the step `setup`",
                cache.display()
            ));
            return Ok(());
        }
    }
    node_tests(session, "drivers in VS Code", &scenarios.join("selftest"))?;
    let binary = session.workspace.binary();
    if !binary.exists() {
        session.skip(format!("no {}; run the step `build`", binary.display()));
        return Ok(());
    }
    if session.workspace.vsix("linux-x64").exists() {
        node_tests(session, "VS Code", &scenarios.join("vscode"))?;
    } else {
        session.skip("VS Code: no extension package; run the step `build`");
    }
    panel(session, scenarios, &cache.join("chromium/chromium"))
}

/// The panel's own scenes, and those that need the binary behind it.
fn panel(session: &mut Session<'_>, scenarios: &Path, chromium: &Path) -> Result<()> {
    let folder = session.workspace.root.join("editors/panel");
    if has_script(&folder, "e2e") {
        let mut command = npm(session.workspace, &folder, ["run", "e2e"]);
        environment(session, &mut command);
        command.env("CHROMIUM", chromium);
        session.run("panel in Chromium: its own scenes", command)?;
    } else {
        session.skip("panel in Chromium: editors/panel has no script `e2e`");
    }
    node_tests(session, "panel in Chromium", &scenarios.join("panel"))
}

fn node_tests(session: &mut Session<'_>, what: &str, folder: &Path) -> Result<()> {
    let files = files_ending(folder, ".e2e.mjs");
    if files.is_empty() {
        session.skip(format!("{what}: no *.e2e.mjs in {}", folder.display()));
    }
    for file in files {
        let mut command = session.workspace.command("node");
        command
            .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
            .arg(&file);
        environment(session, &mut command);
        session.run(&title(what, &file), command)?;
    }
    Ok(())
}

/// Each scenario in the oldest Neovim we promise and in the newest there is.
fn neovims(session: &mut Session<'_>, scenarios: &Path) -> Result<()> {
    let cache = session.workspace.cache();
    for version in ["floor", "newest"] {
        let editor = cache.join(format!("neovim-{version}"));
        if !editor.join(".complete").exists() {
            session.skip(format!(
                "Neovim ({version}): not in {}; run the step `setup`",
                cache.display()
            ));
            continue;
        }
        let mut files = files_ending(&scenarios.join("selftest"), ".spec.lua");
        let product = files_ending(&scenarios.join("neovim"), ".spec.lua");
        if product.is_empty() {
            session.skip(format!(
                "Neovim ({version}): no *.spec.lua in tests/editors/neovim"
            ));
        }
        files.extend(product);
        for file in files {
            let mut command = session.workspace.command("bash");
            command
                .arg(scenarios.join("neovim/run.sh"))
                .arg(editor.join("bin/nvim"))
                .arg(&file);
            environment(session, &mut command);
            session.run(&title(&format!("Neovim ({version})"), &file), command)?;
        }
    }
    Ok(())
}

/// What scenarios know about this build.
fn environment(session: &Session<'_>, command: &mut Command) {
    let workspace = session.workspace;
    with_node(workspace, command);
    command
        .env("FERMATA_BIN", workspace.binary())
        .env("FERMATA_VSIX", workspace.vsix("linux-x64"))
        .env("FERMATA_SCREENSHOTS", workspace.target.join("screenshots"));
}

fn title(what: &str, file: &Path) -> String {
    let name = file.file_name().unwrap_or_else(|| OsStr::new("?"));
    format!("{what}: {}", name.to_string_lossy())
}

fn files_ending(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
}
