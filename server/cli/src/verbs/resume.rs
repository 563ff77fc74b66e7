//! `fermata resume RUN`: goes on with a failed run, or presents a waiting run's gate again.

use std::path::Path;

use anyhow::Result;
use clap::{Args, ValueEnum};
use fermata_control::{DefinitionChoice, ResumeOptions};

use crate::console::Console;
use crate::exit::Exit;
use crate::verbs::{After, carry_on};
use crate::{left, open};

/// Options of `resume`.
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// A run: any unique part of its id from either end, or @last.
    run: String,
    /// Which definition to go on with, when the file has changed.
    #[arg(long, value_enum)]
    definition: Option<Definition>,
    /// Run again from this finished step.
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// Another agent from now on.
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Do not follow the run.
    #[arg(long)]
    detach: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Definition {
    Pinned,
    Edited,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run or the store cannot be used.
pub(crate) fn run(options: &Resume, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    control.tick()?;
    let run = control.find(&options.run)?;
    let resume = ResumeOptions {
        definition: options.definition.map(|definition| match definition {
            Definition::Pinned => DefinitionChoice::Pinned,
            Definition::Edited => DefinitionChoice::Edited,
        }),
        from: options.from.clone(),
        agent: options.agent.clone(),
    };
    let before = control.store().run(&run)?.last_seq;
    // From here on it goes on: who leaves is told how to come back to it.
    if !options.detach {
        left::watch();
    }
    let outcome = control.resume(&run, resume)?;
    carry_on(
        &control,
        &outcome,
        After {
            detach: options.detach,
            // What it did before it was stopped has been told; `fermata events` has it.
            told: before,
        },
        console,
    )
}
