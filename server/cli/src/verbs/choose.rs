//! `fermata choose START ANSWER`: answers an open choice about an earlier run.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use fermata_control::ChoiceAnswer;

use crate::console::Console;
use crate::exit::{Exit, Usage};
use crate::verbs::{After, carry_on};
use crate::{left, open};

/// Options of `choose`.
#[derive(Debug, Args)]
pub(crate) struct Choose {
    /// The start request, as `fermata runs --starts` lists it.
    start: String,
    /// About an earlier run: resume, abandon_and_run or run_fresh; about uncommitted changes: with_changes or from_head; or dismiss.
    answer: String,
    /// Do not follow the run.
    #[arg(long)]
    detach: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// [`Usage`] for a word that is no answer; else when the store cannot be used.
pub(crate) fn run(options: &Choose, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let answer = ChoiceAnswer::read(&options.answer).map_err(Usage::new)?;
    let control = open::terminal(home)?;
    // From here on there may be a run: who leaves is told which, and how to come back to it.
    if !options.detach {
        left::watch();
    }
    let outcome = control.choose(&options.start, answer)?;
    carry_on(
        &control,
        &outcome,
        After {
            detach: options.detach,
            told: 0,
        },
        console,
    )
}
