//! `fermata lsp`: the language server on standard input and output.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::exit::Exit;
use crate::open;

/// Options of `lsp`.
#[derive(Debug, Args)]
pub(crate) struct Lsp {
    /// Accepted for clients that add it; standard input and output are all there is.
    #[arg(long)]
    stdio: bool,
}

/// Runs the verb.
///
/// # Errors
/// When the store cannot be opened or the streams break.
pub(crate) fn run(_options: &Lsp, home: Option<&Path>) -> Result<Exit> {
    let home = home.map(Path::to_path_buf);
    // The surface is known once the client has said who it is.
    fermata_lsp::serve_stdio(move |surface| open::surface(home.as_deref(), surface))?;
    Ok(Exit::Fine)
}
