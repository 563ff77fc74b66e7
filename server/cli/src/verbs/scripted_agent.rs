//! `fermata scripted-agent FILE`: an agent that answers from a file, over the Agent Client Protocol.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::exit::Exit;

/// Options of `scripted-agent`.
#[derive(Debug, Args)]
pub(crate) struct ScriptedAgent {
    /// The script.
    file: PathBuf,
}

/// Runs the verb.
///
/// # Errors
/// When the script cannot be read or the streams break.
pub(crate) fn run(options: &ScriptedAgent) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(fermata_agents::scripted::serve(
        &options.file,
        tokio::io::stdin(),
        tokio::io::stdout(),
    ))?;
    // Standard input is read on a thread that nobody can interrupt.
    runtime.shutdown_background();
    Ok(Exit::Fine)
}
