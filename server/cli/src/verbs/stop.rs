//! `fermata stop RUN [--abort]`: ends a run so that it can be resumed, or for good.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::console::Console;
use crate::exit::Exit;
use crate::open;
use crate::verbs::report;

/// Options of `stop`.
#[derive(Debug, Args)]
pub(crate) struct Stop {
    /// A run: any unique part of its id from either end, or @last.
    run: String,
    /// End it for good.
    #[arg(long)]
    abort: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run or the store cannot be used.
pub(crate) fn run(options: &Stop, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    control.tick()?;
    let run = control.find(&options.run)?;
    let act = control.stop(&run, options.abort)?;
    Ok(report(
        &act,
        &run,
        if options.abort {
            "cancelled"
        } else {
            "stopping; it can be resumed"
        },
        console,
    ))
}
