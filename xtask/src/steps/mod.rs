//! The steps of `cargo xtask test`, in the order they run: one file each.
//! A step says what it lacks (`skip`) and what broke (`fail`); it never prints
//! a verdict of its own.

mod build;
mod conformance;
mod editors;
mod lints;
mod node;
mod reliability;
mod rust;
mod setup;
mod typescript;

use std::time::Duration;

use anyhow::Result;

use crate::test::Session;

pub(crate) use node::{has_script, is_installed, npm, with_node};

/// One step: what it is called, what it is for, how long it may take.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) budget: Duration,
    pub(crate) run: fn(&mut Session<'_>) -> Result<()>,
}

const fn step(
    name: &'static str,
    about: &'static str,
    minutes: u64,
    run: fn(&mut Session<'_>) -> Result<()>,
) -> Step {
    Step {
        name,
        about,
        budget: Duration::from_secs(minutes * 60),
        run,
    }
}

/// All steps. The budgets add up to more than CI's limit on purpose: each
/// bounds a hang, and `test` bounds the whole.
pub(crate) const ALL: &[Step] = &[
    step(
        "setup",
        "node, browser and editors for the tests below",
        12,
        setup::run,
    ),
    step("lints", "cargo xtask check", 15, lints::run),
    step(
        "build",
        "panel, extension package and binary",
        15,
        build::run,
    ),
    step(
        "rust",
        "unit, integration and documentation tests",
        25,
        rust::run,
    ),
    step(
        "typescript",
        "types and tests of panel and extension",
        8,
        typescript::run,
    ),
    step(
        "editors",
        "real VS Code, Neovim and Chromium",
        15,
        editors::run,
    ),
    step(
        "conformance",
        "agreement with the dialects' own tools",
        15,
        conformance::run,
    ),
    step(
        "reliability",
        "killed workers, races, lost power",
        12,
        reliability::run,
    ),
];
