//! `cargo xtask dist`: panel, binary and extension put together into one
//! `.vsix` for this platform, the binary inside.
//!
//! Stages everything below `target/dist`, so that a build never changes the
//! checkout: what the extension's folder ships, the panel's bundle within, and
//! the binary as `bin/fermata`.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::steps::{is_installed, npm};
use crate::workspace::Workspace;

/// What is copied from `editors/vscode` into the package, where it exists.
const SHIPPED: [&str; 7] = [
    "package.nls.json",
    "README.md",
    "CHANGELOG.md",
    "dist",
    "media",
    "schemas",
    "walkthrough",
];

/// Builds the package.
///
/// # Errors
/// When a part cannot be built; the message says which.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let mut debug = false;
    let mut platform = host_platform()?.to_owned();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--debug" => debug = true,
            "--target" => {
                platform = words
                    .next()
                    .context("--target needs a platform, as `--target linux-x64`")?
                    .clone();
            }
            other => bail!("unknown option `{other}`; there are --debug and --target"),
        }
    }
    let panel = workspace.root.join("editors/panel");
    if panel.join("package.json").exists() {
        bundle(workspace, &panel)?;
    }
    let mut build = workspace.cargo(["build", "--package", "fermata"]);
    if !debug {
        build.arg("--release");
    }
    succeed(build, "the binary")?;
    let binary = if debug {
        workspace.binary()
    } else {
        let name = workspace.binary();
        let name = name.file_name().context("the binary has a name")?;
        workspace.target.join("release").join(name)
    };
    let extension = workspace.root.join("editors/vscode");
    bundle(workspace, &extension)?;
    let package = workspace.vsix(&platform);
    pack(workspace, &extension, &binary, &package, &platform)?;
    let bytes = fs::metadata(&package)
        .with_context(|| format!("there is no {} after packing", package.display()))?
        .len();
    println!("{} ({:.1} MB)", package.display(), bytes as f64 / 1e6);
    Ok(ExitCode::SUCCESS)
}

/// Installs what the folder needs, and runs its script `build`.
fn bundle(workspace: &Workspace, folder: &Path) -> Result<()> {
    if !is_installed(folder) {
        succeed(npm(workspace, folder, ["ci"]), "npm ci")?;
    }
    succeed(npm(workspace, folder, ["run", "build"]), "npm run build")
}

fn pack(
    workspace: &Workspace,
    extension: &Path,
    binary: &Path,
    package: &Path,
    platform: &str,
) -> Result<()> {
    let stage = workspace.target.join("dist/vscode");
    if stage.exists() {
        fs::remove_dir_all(&stage)
            .with_context(|| format!("could not empty {}", stage.display()))?;
    }
    fs::create_dir_all(stage.join("bin"))
        .with_context(|| format!("could not make {}", stage.display()))?;
    for name in SHIPPED {
        copy_tree(&extension.join(name), &stage.join(name))?;
    }
    manifest(&extension.join("package.json"), &stage.join("package.json"))?;
    copy_tree(&workspace.root.join("LICENSE-MIT"), &stage.join("LICENSE"))?;
    let program = binary.file_name().context("the binary has a name")?;
    copy_tree(binary, &stage.join("bin").join(program))?;
    let vsce = extension.join("node_modules/@vscode/vsce/vsce");
    let mut command = workspace.command("node");
    crate::steps::with_node(workspace, &mut command);
    command
        .current_dir(&stage)
        .arg(vsce)
        .args([
            "package",
            "--no-dependencies",
            "--target",
            platform,
            "--out",
        ])
        .arg(package);
    succeed(command, "vsce package")
}

/// The manifest as users get it: without what only a checkout can run.
fn manifest(from: &Path, to: &Path) -> Result<()> {
    let text = fs::read(from).with_context(|| format!("could not read {}", from.display()))?;
    let mut manifest: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not a JSON object", from.display()))?;
    for name in ["scripts", "devDependencies", "private"] {
        manifest.shift_remove(name);
    }
    fs::write(to, serde_json::to_vec_pretty(&manifest)?)
        .with_context(|| format!("could not write {}", to.display()))
}

/// Copies a file or a folder; nothing when `from` does not exist.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to).with_context(|| format!("could not make {}", to.display()))?;
        let entries =
            fs::read_dir(from).with_context(|| format!("could not read {}", from.display()))?;
        for entry in entries {
            let entry = entry?;
            copy_tree(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if from.exists() {
        fs::copy(from, to)
            .with_context(|| format!("could not copy {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

fn succeed(mut command: Command, what: &str) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("{what}: the program could not be started"))?;
    if !status.success() {
        bail!("{what}: {status}");
    }
    Ok(())
}

/// VS Code's name for the platform that this program runs on.
fn host_platform() -> Result<&'static str> {
    Ok(match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", "aarch64") => "darwin-arm64",
        ("windows", "x86_64") => "win32-x64",
        ("windows", "aarch64") => "win32-arm64",
        (os, arch) => bail!("VS Code has no platform name for {os} on {arch}"),
    })
}
