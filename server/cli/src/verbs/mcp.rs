//! `fermata mcp`: the MCP server on standard input and output.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use fermata_engine::Surface;

use crate::exit::Exit;
use crate::open;
use crate::workflows::Here;

/// Runs the verb.
///
/// # Errors
/// When the store cannot be opened or the input breaks.
pub(crate) fn run(home: Option<&Path>) -> Result<Exit> {
    let control = open::surface(home, Surface::Mcp)?;
    let folder = std::env::current_dir().context("the current folder cannot be told")?;
    fermata_serve::serve_mcp(
        std::io::stdin().lock(),
        std::io::stdout(),
        control,
        Arc::new(Here { folder }),
    )
    .context("standard input cannot be read")?;
    Ok(Exit::Fine)
}
