//! `fermata tell RUN TEXT`: guidance for the next prompt of a run.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::console::Console;
use crate::exit::Exit;
use crate::open;
use crate::verbs::report;

/// Options of `tell`.
#[derive(Debug, Args)]
pub(crate) struct Tell {
    /// A run: any unique part of its id from either end, or @last.
    run: String,
    /// What to say; the words are joined by a blank.
    #[arg(required = true)]
    text: Vec<String>,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run or the store cannot be used.
pub(crate) fn run(options: &Tell, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    control.tick()?;
    let run = control.find(&options.run)?;
    let act = control.tell(&run, &options.text.join(" "))?;
    Ok(report(&act, &run, "noted for its next prompt", console))
}
