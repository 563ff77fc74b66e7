//! `fermata choose START ANSWER`: answers an open choice about an earlier run.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use fermata_control::ChoiceAnswer;

use crate::console::Console;
use crate::exit::{Exit, Usage};
use crate::open;
use crate::verbs::{After, carry_on};

/// Options of `choose`.
#[derive(Debug, Args)]
pub(crate) struct Choose {
    /// The start request, as `fermata runs --starts` lists it.
    start: String,
    /// resume, abandon_and_run, run_fresh or dismiss.
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
    let answers = [
        ChoiceAnswer::Resume,
        ChoiceAnswer::AbandonAndRun,
        ChoiceAnswer::RunFresh,
        ChoiceAnswer::Dismiss,
    ];
    let answer = answers
        .into_iter()
        .find(|answer| answer.as_str() == options.answer)
        .ok_or_else(|| {
            Usage::new(format!(
                "expected resume, abandon_and_run, run_fresh or dismiss, found `{}`",
                options.answer
            ))
        })?;
    let control = open::terminal(home)?;
    let outcome = control.choose(&options.start, answer)?;
    carry_on(
        &control,
        &outcome,
        After {
            detach: options.detach,
        },
        console,
    )
}
