//! `fermata doctor`: whether the store is whole, and what can be repaired without inventing anything.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use fermata_store::{Finding, Home, StoreError};
use serde_json::json;

use crate::console::Console;
use crate::exit::Exit;
use crate::open;

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Repair what can be repaired; a run's log is never rewritten.
    #[arg(long)]
    repair: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When the home folder cannot be used at all.
pub(crate) fn run(options: &Doctor, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let root = Home::locate(home, |name| std::env::var_os(name))?;
    let home = Home::open(&root)?;
    let findings = match fermata_store::doctor(&home, options.repair) {
        Ok(findings) => findings,
        // Not even a database: said as a finding, with what is left to do.
        Err(StoreError::Corrupt { path, what }) => vec![Finding {
            advice: format!(
                "nothing in it can be read; copy {} if you want it examined, then move {path} and the files beside it that begin with its name away: the next run begins a new store",
                home.root().display()
            ),
            place: path,
            what,
            repaired: false,
        }],
        Err(error) => return Err(error.into()),
    };
    if findings.is_empty() {
        // As every other verb that looks: who died before telling somebody is found out.
        open::terminal(Some(home.root()))?.tick()?;
    }
    let open = findings.iter().filter(|finding| !finding.repaired).count();
    if options.json {
        console.json(&json!({
            "version": 1,
            "home": home.root(),
            "ok": open == 0,
            "findings": findings,
        }));
    } else {
        for finding in &findings {
            let after = if finding.repaired {
                "repaired".to_owned()
            } else {
                finding.advice.clone()
            };
            console.line(&format!("{}: {}; {after}", finding.place, finding.what));
        }
        console.line(&match (findings.len(), open) {
            (0, _) => format!("{}: the store is whole", home.root().display()),
            (n, 0) => format!("{n} found, all repaired"),
            (n, open) if options.repair => format!("{n} found, {open} left"),
            (n, _) => format!("{n} found; `fermata doctor --repair` repairs what it can"),
        });
    }
    Ok(if open == 0 { Exit::Fine } else { Exit::Failed })
}
