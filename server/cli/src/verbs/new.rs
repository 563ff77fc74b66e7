//! `fermata new [NAME]`: a commented starter workflow, its loop bounded. It never overwrites a file.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::console::Console;
use crate::exit::{Exit, Usage};

const CONDUCTOR: &str = include_str!("new/conductor.yaml");

/// Options of `new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The workflow's name; NAME.yaml is written into the current folder.
    #[arg(default_value = "write-and-review")]
    name: String,
    /// The dialect to write it in.
    #[arg(long, value_enum, default_value_t = Dialect::Conductor)]
    dialect: Dialect,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Dialect {
    Conductor,
}

/// Runs the verb.
///
/// # Errors
/// [`Usage`] for a name that is no file's name, or one that is taken.
pub(crate) fn run(options: &New, console: &Console) -> Result<Exit> {
    let name = options.name.trim_end_matches(".yaml");
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Usage::new(format!(
            "a workflow's name has letters, digits, `-` and `_`, found `{}`",
            options.name
        ))
        .into());
    }
    let text = match options.dialect {
        Dialect::Conductor => CONDUCTOR.replace("NAME", name),
    };
    let file = format!("{name}.yaml");
    let mut out = match std::fs::File::create_new(&file) {
        Ok(out) => out,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Usage::new(format!(
                "{file} is there already and is not overwritten; give another name"
            ))
            .into());
        }
        Err(error) => return Err(error).with_context(|| format!("{file} cannot be written")),
    };
    out.write_all(text.as_bytes())
        .with_context(|| format!("{file} cannot be written"))?;
    console.line(&format!(
        "wrote {file}; see its route graph with `fermata graph {file}`, start it with `fermata run {file} \"what to write about\"`"
    ));
    Ok(Exit::Fine)
}
