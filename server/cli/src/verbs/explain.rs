//! `fermata explain CODE`: the page of a diagnostic.

use anyhow::Result;
use clap::Args;
use fermata_workflow::nearest::nearest;

use crate::console::Console;
use crate::exit::{Exit, Usage};

/// Options of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A diagnostic's code; every code is listed when none is named.
    code: Option<String>,
}

/// Runs the verb.
///
/// # Errors
/// [`Usage`] for a code that no rule has.
pub(crate) fn run(options: &Explain, console: &Console) -> Result<Exit> {
    match &options.code {
        Some(code) => {
            let page = fermata_analysis::explain(code).ok_or_else(|| {
                let names = fermata_analysis::pages().iter().map(|(name, _)| *name);
                let near = nearest(code, names)
                    .map_or_else(String::new, |best| format!("; did you mean `{best}`?"));
                Usage::new(format!(
                    "no diagnostic has the code `{code}`{near}; `fermata explain` lists them"
                ))
            })?;
            console.text(page);
        }
        None => {
            for (code, page) in fermata_analysis::pages() {
                let title = page
                    .lines()
                    .find_map(|line| line.strip_prefix("**")?.strip_suffix("**"))
                    .unwrap_or_default();
                console.line(&format!("{code:<32} {title}"));
            }
        }
    }
    Ok(Exit::Fine)
}
