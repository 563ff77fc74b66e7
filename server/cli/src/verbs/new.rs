//! `fermata new [NAME]`: a commented starter workflow, its loop bounded. It never overwrites a file.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::console::Console;
use crate::exit::{Exit, Usage};

const CONDUCTOR: &str = include_str!("new/conductor.yaml");
const ARCHON: &str = include_str!("new/archon.yaml");
/// Where Archon looks for the workflows of a repository.
const ARCHON_FOLDER: &str = ".archon/workflows";

/// Options of `new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The workflow's name; NAME.yaml is written into the current folder, for Archon into its `.archon/workflows`.
    #[arg(default_value = "write-and-review")]
    name: String,
    /// The dialect to write it in; archon where there is an `.archon` folder, else conductor, when absent.
    #[arg(long, value_enum)]
    dialect: Option<Dialect>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Dialect {
    Conductor,
    Archon,
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
    let usual = || match Path::new(".archon").is_dir() {
        true => Dialect::Archon,
        false => Dialect::Conductor,
    };
    let (file, template) = match options.dialect.unwrap_or_else(usual) {
        Dialect::Conductor => (format!("{name}.yaml"), CONDUCTOR),
        Dialect::Archon => {
            std::fs::create_dir_all(ARCHON_FOLDER)
                .with_context(|| format!("{ARCHON_FOLDER} cannot be made"))?;
            (format!("{ARCHON_FOLDER}/{name}.yaml"), ARCHON)
        }
    };
    let text = template.replace("NAME", name).replace("FILE", &file);
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
        "wrote {file}; see its graph with `fermata graph {file}`, start it with `fermata run {file} \"what to do\"`"
    ));
    Ok(Exit::Fine)
}
