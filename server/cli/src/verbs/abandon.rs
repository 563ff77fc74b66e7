//! `fermata abandon RUN`: cancels a run that is not over, with its children.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::console::Console;
use crate::exit::Exit;
use crate::open;
use crate::verbs::report;

/// Options of `abandon`.
#[derive(Debug, Args)]
pub(crate) struct Abandon {
    /// A run: any unique part of its id from either end, or @last.
    run: String,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run or the store cannot be used.
pub(crate) fn run(options: &Abandon, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    control.tick()?;
    let run = control.find(&options.run)?;
    let act = control.abandon(&run)?;
    Ok(report(&act, &run, "cancelled", console))
}
