//! `fermata panel [RUN]`: serves the live panel on 127.0.0.1 until Ctrl-C, and opens the browser.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use fermata_engine::Surface;
use fermata_serve::Panel as Server;

use crate::console::Console;
use crate::exit::Exit;
use crate::workflows::Here;
use crate::{browser, open};

/// Options of `panel`.
#[derive(Debug, Args)]
pub(crate) struct Panel {
    /// The run to show first: any unique part of its id from either end, or @last.
    run: Option<String>,
    /// Print the address and open nothing.
    #[arg(long)]
    no_open: bool,
    /// The port; a free one when absent.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run, the store cannot be used, or the port cannot be had.
pub(crate) fn run(options: &Panel, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::surface(home, Surface::Panel)?;
    let run = options
        .run
        .as_deref()
        .map(|name| control.find(name))
        .transpose()?;
    let folder = std::env::current_dir().context("the current folder cannot be told")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let served: Result<()> = runtime.block_on(async {
        let server = Server::bind(control, Arc::new(Here { folder }), options.port).await?;
        let address = server.url(run.as_ref().map(|run| run.as_str()));
        console.line(&address);
        if !options.no_open
            && let Err(error) = browser::open(&address)
        {
            console.error(&format!(
                "no browser could be started ({error}); open the address yourself"
            ));
        }
        tokio::select! {
            served = server.serve() => served.context("the panel's server ended"),
            left = tokio::signal::ctrl_c() => left.context("Ctrl-C cannot be noticed"),
        }
    });
    // Streams wait on threads of their own; nobody reads them any more.
    runtime.shutdown_background();
    served?;
    Ok(Exit::Fine)
}
