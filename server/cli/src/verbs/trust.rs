//! `fermata trust [DIR]`: allows runs in this repository, or takes that back.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::console::Console;
use crate::exit::{Exit, Usage};
use crate::open;

/// Options of `trust`.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// A folder of the repository; the current one when absent.
    folder: Option<PathBuf>,
    /// Take the trust back.
    #[arg(long)]
    revoke: bool,
}

/// Runs the verb.
///
/// # Errors
/// [`Usage`] when the folder does not exist; else when the store cannot be used.
pub(crate) fn run(options: &Trust, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let here = std::env::current_dir().context("the current folder cannot be told")?;
    let folder = options
        .folder
        .as_ref()
        .map_or(here.clone(), |folder| here.join(folder));
    let folder = folder
        .canonicalize()
        .map_err(|error| Usage::new(format!("{}: {error}; name a folder", folder.display())))?;
    let control = open::terminal(home)?;
    control.trust(&folder, !options.revoke)?;
    let root = fermata_control::root_of(&folder);
    let says = if options.revoke {
        "nothing runs from an editor here any more"
    } else {
        "workflows may be run from editors here"
    };
    console.line(&format!("{}: {says}", root.display()));
    Ok(Exit::Fine)
}
