//! `fermata schema NAME`: a JSON Schema.

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::console::Console;
use crate::exit::Exit;

/// Options of `schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which schema.
    name: Name,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// Workflow files of the Conductor dialect.
    Conductor,
    /// Workflow files of the Archon dialect.
    Archon,
    /// The user's configuration file.
    Config,
    /// An event of a run's log.
    Events,
    /// The JSON documents and parameters of command line, editor and panel.
    Protocol,
}

/// Runs the verb.
///
/// # Errors
/// Never; the signature is that of every verb.
pub(crate) fn run(options: &Schema, console: &Console) -> Result<Exit> {
    let schema = match options.name {
        Name::Conductor => fermata_workflow::dialects::conductor::schema::json_schema(),
        Name::Archon => fermata_workflow::dialects::archon::json_schema(),
        Name::Config => fermata_control::config::schema(),
        Name::Events => fermata_engine::schema::events(),
        Name::Protocol => fermata_control::json::protocol_schema(),
    };
    console.text(&format!("{}\n", serde_json::to_string_pretty(&schema)?));
    Ok(Exit::Fine)
}
