//! `cargo xtask check`: formatting, lints, file lengths, crate arrows and
//! generated files. What CI runs first; it changes nothing.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, on_path};

/// Files above this many lines are refused; about 500 is the aim.
const MOST_LINES: usize = 600;

/// What of the hand-written source counts.
const LENGTH_CHECKED: [&str; 6] = ["*.rs", "*.ts", "*.tsx", "*.lua", "*.mjs", "*.css"];

type Part = (&'static str, fn(&Workspace) -> Result<()>);

const PARTS: [Part; 6] = [
    ("formatting", formatting),
    ("file lengths", file_lengths),
    ("clippy", clippy),
    ("crate arrows and layers", architecture),
    ("generated files", generated),
    ("Lua formatting", lua_formatting),
];

/// Runs every part, and names all that failed.
///
/// # Errors
/// On unknown options.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    if let Some(word) = arguments.first() {
        bail!("unknown option `{word}`; check takes none");
    }
    let mut failed = Vec::new();
    for (name, part) in PARTS {
        println!("-- {name}");
        if let Err(error) = part(workspace) {
            println!("{name}: {error:#}");
            failed.push(name);
        }
    }
    if failed.is_empty() {
        println!("check: all fine");
        return Ok(ExitCode::SUCCESS);
    }
    println!("check FAILED: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn formatting(workspace: &Workspace) -> Result<()> {
    succeed(
        workspace.cargo(["fmt", "--all", "--check"]),
        "run `cargo fmt`",
    )
}

fn clippy(workspace: &Workspace) -> Result<()> {
    succeed(
        workspace.cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]),
        "each lint above says what it wants",
    )
}

fn architecture(workspace: &Workspace) -> Result<()> {
    succeed(
        workspace.cargo([
            "test",
            "--package",
            "fermata-tests",
            "--test",
            "architecture",
        ]),
        "docs/architecture.md says which way the arrows point",
    )
}

fn generated(workspace: &Workspace) -> Result<()> {
    if workspace.root.join("schemas").is_dir() {
        crate::codegen::check(workspace)
    } else {
        println!("SKIPPED generated files: there is no schemas/ yet");
        Ok(())
    }
}

fn lua_formatting(workspace: &Workspace) -> Result<()> {
    let folder = workspace.root.join("editors/neovim");
    if !folder.is_dir() || on_path("stylua").is_none() {
        println!("SKIPPED Lua formatting: no stylua on PATH, or no editors/neovim");
        return Ok(());
    }
    let mut command = workspace.command("stylua");
    command.arg("--check").arg(folder);
    succeed(command, "run `stylua editors/neovim`")
}

fn file_lengths(workspace: &Workspace) -> Result<()> {
    let mut list = workspace.command("git");
    list.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
    ])
    .args(LENGTH_CHECKED);
    let output = list.output().context("git could not be started")?;
    if !output.status.success() {
        bail!(
            "`git ls-files` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let mut long = Vec::new();
    for name in output.stdout.split(|byte| *byte == 0) {
        let name = String::from_utf8_lossy(name);
        // A tracked file may be gone from the working tree.
        let Ok(text) = std::fs::read_to_string(workspace.root.join(name.as_ref())) else {
            continue;
        };
        let lines = text.lines().count();
        if lines > MOST_LINES && !is_generated(&text) {
            long.push(format!("\n  {name} has {lines} lines"));
        }
    }
    if long.is_empty() {
        return Ok(());
    }
    bail!(
        "no hand-written file may have more than {MOST_LINES} lines; split by what a reader looks for:{}",
        long.concat()
    );
}

/// Whether one of the first lines says that a program wrote the file.
fn is_generated(text: &str) -> bool {
    text.lines().take(5).any(|line| line.contains("@generated"))
}

/// Runs a program with its output shown.
fn succeed(mut command: Command, advice: &str) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("`{}` could not be started", command.get_program().display()))?;
    if !status.success() {
        bail!("{status}; {advice}");
    }
    Ok(())
}
