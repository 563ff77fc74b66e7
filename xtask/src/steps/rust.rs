//! Step `rust`: all Rust tests but those with a step of their own. Also the
//! one way in which any step runs Rust tests: cargo-nextest where it is
//! installed, else `cargo test`, with the same selection.

use std::path::PathBuf;

use anyhow::Result;

use crate::test::Session;
use crate::workspace::on_path;

/// Integration tests whose file name starts with one of these belong to the
/// step of that name.
const OWN_STEP: [&str; 2] = ["conformance", "reliability"];

/// How often loops go round, and how many sequences are played, in `cargo xtask test --slow`.
const SLOW: [(&str, &str); 2] = [("FERMATA_ROUNDS", "500"), ("FERMATA_CASES", "20000")];

pub(super) fn run(session: &mut Session<'_>) -> Result<()> {
    let rest: Vec<String> = session
        .workspace
        .targets("test")
        .into_iter()
        .filter(|name| !OWN_STEP.iter().any(|own| name.starts_with(own)))
        .collect();
    run_tests(session, &["--lib", "--bins"], &rest)?;
    session.run(
        "documentation tests",
        session
            .workspace
            .cargo(["test", "--workspace", "--doc", "--no-fail-fast"]),
    )?;
    Ok(())
}

/// Runs the integration tests whose names start with `prefix`.
///
/// # Errors
/// When the step's log cannot be written.
pub(super) fn run_own_step(session: &mut Session<'_>, prefix: &str) -> Result<()> {
    let names: Vec<String> = session
        .workspace
        .targets("test")
        .into_iter()
        .filter(|name| name.starts_with(prefix))
        .collect();
    if names.is_empty() {
        session.skip(format!("no package has an integration test `{prefix}*`"));
        return Ok(());
    }
    run_tests(session, &[], &names)
}

/// The conformance data: `FERMATA_CORPUS`, else beside the checkout.
pub(super) fn corpus(session: &Session<'_>) -> Option<PathBuf> {
    let place = std::env::var_os("FERMATA_CORPUS").map_or_else(
        || session.workspace.root.join("../shared/corpus"),
        PathBuf::from,
    );
    place
        .is_dir()
        .then(|| place.canonicalize().unwrap_or(place))
}

fn run_tests(session: &mut Session<'_>, kinds: &[&str], targets: &[String]) -> Result<()> {
    let nextest = on_path("cargo-nextest").is_some();
    let mut command = if nextest {
        session.workspace.cargo(["nextest", "run"])
    } else {
        session.workspace.cargo(["test"])
    };
    command.args(["--workspace", "--no-fail-fast"]).args(kinds);
    for target in targets {
        command.args(["--test", target]);
    }
    if nextest {
        // Output of passing tests is kept for the lines that say SKIPPED.
        command.args(["--no-tests", "pass", "--success-output", "immediate"]);
    } else {
        command.args(["--", "--show-output"]);
    }
    if let Some(corpus) = corpus(session) {
        command.env("FERMATA_CORPUS", corpus);
    }
    if session.slow {
        for (name, value) in SLOW {
            command.env(name, value);
        }
    }
    session.run("Rust tests", command)?;
    Ok(())
}
