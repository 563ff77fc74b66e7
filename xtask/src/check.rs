//! `cargo xtask check`: formatting, lints, file lengths, crate arrows and
//! generated files. What CI runs first; it changes nothing, unless `--fix` asks
//! for formatting to be mended before.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::steps::with_node;
use crate::tally::Tally;
use crate::workspace::Workspace;

/// Files above this many lines are refused; about 500 is the aim.
const MOST_LINES: usize = 600;

/// What of the hand-written source counts.
const LENGTH_CHECKED: [&str; 6] = ["*.rs", "*.ts", "*.tsx", "*.lua", "*.mjs", "*.css"];

/// What a part found when nothing is wrong.
enum Found {
    Fine,
    /// It could not be looked at; why.
    Skipped(&'static str),
}

type Part = (&'static str, fn(&Workspace) -> Result<Found>);

const PARTS: [Part; 8] = [
    ("formatting", formatting),
    ("file lengths", file_lengths),
    ("house rules", house_rules),
    ("documents", documents),
    ("crate arrows and layers", architecture),
    ("clippy", clippy),
    ("generated files", generated),
    ("Lua formatting", lua_formatting),
];

/// Runs every part, and names all that failed. The last line counts them.
///
/// # Errors
/// On unknown options.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    match arguments {
        [] => {}
        [flag] if flag == "--fix" => {
            succeed(
                workspace.cargo(["fmt", "--all"]),
                "what it says above stops it",
            )?;
            format_lua(workspace, true)?;
        }
        other => bail!("unknown options {other:?}; check takes only --fix"),
    }
    let mut tally = Tally::default();
    for (name, part) in PARTS {
        println!("-- {name}");
        match part(workspace) {
            Ok(Found::Fine) => tally.passed += 1,
            Ok(Found::Skipped(why)) => {
                println!("SKIPPED {name}: {why}");
                tally.skipped += 1;
            }
            Err(error) => {
                println!("FAILED {name}: {error:#}");
                tally.failed += 1;
            }
        }
    }
    println!("{tally}");
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn formatting(workspace: &Workspace) -> Result<Found> {
    succeed(
        workspace.cargo(["fmt", "--all", "--check"]),
        "run `cargo xtask check --fix`",
    )
}

fn clippy(workspace: &Workspace) -> Result<Found> {
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

fn architecture(workspace: &Workspace) -> Result<Found> {
    // Its counts belong to the Rust tests; here it is one part.
    let output = workspace
        .cargo(["test", "--quiet", "--package", "fermata-tests"])
        .args(["--test", "architecture"])
        .output()
        .context("cargo could not be started")?;
    if !output.status.success() {
        bail!(
            "docs/architecture.md says which way the arrows point\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(Found::Fine)
}

fn generated(workspace: &Workspace) -> Result<Found> {
    if workspace.root.join("schemas").is_dir() {
        crate::codegen::check(workspace).map(|()| Found::Fine)
    } else {
        Ok(Found::Skipped("there is no schemas/ yet"))
    }
}

fn house_rules(workspace: &Workspace) -> Result<Found> {
    let mut patterns = LENGTH_CHECKED.to_vec();
    patterns.extend(["*.sh", "*package-lock.json"]);
    crate::house_rules::check(workspace, &tracked(workspace, &patterns)?)?;
    Ok(Found::Fine)
}

fn documents(workspace: &Workspace) -> Result<Found> {
    crate::documents::check(workspace, &tracked(workspace, &["*.md"])?)?;
    Ok(Found::Fine)
}

fn lua_formatting(workspace: &Workspace) -> Result<Found> {
    format_lua(workspace, false)
}

fn format_lua(workspace: &Workspace, fix: bool) -> Result<Found> {
    if !workspace.cache().join("node/.complete").exists() {
        return Ok(Found::Skipped(
            "no formatter in the cache; `cargo xtask test --only setup` gets it",
        ));
    }
    let mut command = workspace.command("node");
    with_node(workspace, &mut command);
    command.arg("xtask/format-lua.mjs");
    if fix {
        command.arg("--fix");
    }
    command.args(tracked(workspace, &["*.lua"])?);
    succeed(command, "run `cargo xtask check --fix`")
}

fn file_lengths(workspace: &Workspace) -> Result<Found> {
    let mut long = Vec::new();
    for name in tracked(workspace, &LENGTH_CHECKED)? {
        // A tracked file may be gone from the working tree.
        let Ok(text) = std::fs::read_to_string(workspace.root.join(&name)) else {
            continue;
        };
        let lines = text.lines().count();
        if lines > MOST_LINES && !is_generated(&text) {
            long.push(format!("\n  {name} has {lines} lines"));
        }
    }
    if long.is_empty() {
        return Ok(Found::Fine);
    }
    bail!(
        "no hand-written file may have more than {MOST_LINES} lines; split by what a reader looks for:{}",
        long.concat()
    );
}

/// Files of the checkout that match, new ones too but no ignored ones, relative
/// to its root.
fn tracked(workspace: &Workspace, patterns: &[&str]) -> Result<Vec<String>> {
    let output = workspace
        .command("git")
        // A clone that another user made is still this checkout.
        .args(["-c", "safe.directory=*"])
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
        ])
        .args(patterns)
        .output()
        .context("git could not be started")?;
    if !output.status.success() {
        bail!(
            "`git ls-files` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(output
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .filter(|name| workspace.root.join(name).exists())
        .collect())
}

/// Whether one of the first lines says that a program wrote the file.
fn is_generated(text: &str) -> bool {
    text.lines().take(5).any(|line| line.contains("@generated"))
}

/// Runs a program with its output shown.
fn succeed(mut command: Command, advice: &str) -> Result<Found> {
    let status = command
        .status()
        .with_context(|| format!("`{}` could not be started", command.get_program().display()))?;
    if !status.success() {
        bail!("{status}; {advice}");
    }
    Ok(Found::Fine)
}
