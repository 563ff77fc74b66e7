//! `fermata run WORKFLOW [MESSAGE…]`: requests a run and follows it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use fermata_control::{GatesPolicy, Isolation, StartRequest};
use fermata_store::OsWorld;
use fermata_workflow::loader;
use serde_json::{Map, Value};

use crate::console::Console;
use crate::exit::{Exit, Usage};
use crate::verbs::{After, carry_on};
use crate::{discover, left, open, source};

/// Options of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A workflow file, or the name of a workflow below here.
    workflow: PathBuf,
    /// What the run is about; the words are joined by a blank.
    message: Vec<String>,
    /// An input as NAME=VALUE; NAME=@FILE reads the value from a file.
    #[arg(short, long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    /// Run fresh without asking about an earlier run, which stays as it is.
    #[arg(long)]
    force: bool,
    /// Do not follow the run.
    #[arg(long)]
    detach: bool,
    /// What to do at gates: ask, stop, continue:N or first; as the user's configuration says when absent, else ask.
    #[arg(long, value_name = "POLICY")]
    gates: Option<GatesPolicy>,
    /// A conversation that an earlier run must belong to, to be asked about.
    #[arg(long)]
    scope: Option<String>,
    /// Run in a git worktree of its own.
    #[arg(long, conflicts_with_all = ["no_worktree", "share_checkout"])]
    worktree: bool,
    /// Run in this checkout.
    #[arg(long, conflicts_with = "share_checkout")]
    no_worktree: bool,
    /// Run in this checkout even if another run holds it.
    #[arg(long)]
    share_checkout: bool,
    /// The same id twice is one run.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Run a file although its dialect's own validator would reject it.
    #[arg(long)]
    allow_errors: bool,
    /// An agent by name, `scripted`, or `scripted:FILE`, for every prompt.
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Decide everything without starting agents or programs.
    #[arg(long)]
    dry_run: bool,
    /// Answers of agents and programs in a dry run.
    #[arg(long, requires = "dry_run", value_name = "FILE")]
    stubs: Option<PathBuf>,
    /// Allow a secret as a literal input; it is stored.
    #[arg(long)]
    allow_secret_input: bool,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the verb.
///
/// # Errors
/// [`Usage`] for inputs that cannot be read; else when the store cannot be used.
pub(crate) fn run(options: &Run, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let here = std::env::current_dir().context("the current folder cannot be told")?;
    let file = discover::locate(&options.workflow, &here)?;
    source::readable(&file, &options.workflow)?;
    let looked_at = loader::load(&OsWorld::new(), &file);
    if looked_at.dialect.is_none() {
        return Err(source::not_a_workflow(&options.workflow, &looked_at).into());
    }
    drop(looked_at);
    let stubs = options.stubs.as_deref().map(stubs).transpose()?;
    let isolation = match (
        options.worktree,
        options.no_worktree,
        options.share_checkout,
    ) {
        (true, _, _) => Isolation::Worktree,
        (_, true, _) => Isolation::NoWorktree,
        (_, _, true) => Isolation::ShareCheckout,
        _ => Isolation::Default,
    };
    let request = StartRequest {
        file,
        inputs: inputs(&options.inputs)?,
        message: (!options.message.is_empty()).then(|| options.message.join(" ")),
        force: options.force,
        agent: options.agent.clone(),
        request: options.request_id.clone(),
        conversation: options.scope.clone(),
        gates: options.gates,
        isolation,
        cwd: Some(here),
        allow_errors: options.allow_errors,
        dry_run: options.dry_run,
        stubs,
        allow_secret_inputs: options.allow_secret_input,
        // Typing the command is consent for this run.
        trusted: true,
        ..StartRequest::default()
    };
    let control = open::terminal(home)?;
    // From here on there may be a run: who leaves is told which, and how to come back to it.
    if !options.detach {
        left::watch();
    }
    let outcome = control.start(request)?;
    carry_on(
        &control,
        &outcome,
        After {
            detach: options.detach,
            told: 0,
        },
        console,
    )
}

/// The file of stubs as the worker finds it, read once so that a mistake in it is told before anything starts.
fn stubs(file: &Path) -> Result<PathBuf> {
    fermata_agents::Stubs::read(Some(file)).map_err(|error| Usage::new(error.to_string()))?;
    Ok(std::path::absolute(file)?)
}

/// `-i k=v` as values: read as the dialect's own command line reads them.
fn inputs(words: &[String]) -> Result<Map<String, Value>> {
    let mut inputs = Map::new();
    for word in words {
        let (name, value) = word
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| Usage::new(format!("an input is NAME=VALUE, found `{word}`")))?;
        let value = match value.strip_prefix('@') {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Usage::new(format!("input {name}: {path}: {error}")))?;
                Value::String(text)
            }
            None => fermata_expr::coerce::cli_coerce(value),
        };
        inputs.insert(name.to_owned(), value);
    }
    Ok(inputs)
}

/// `--force` is a word of its own anywhere before `--`, also behind the message:
/// it moves to the front of the verb's arguments, where clap looks for it.
pub(crate) fn lift_force(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    let Some(verb) = words.iter().position(|word| word == "run") else {
        return words;
    };
    let end = words
        .iter()
        .position(|word| word == "--")
        .unwrap_or(words.len());
    let found: Vec<usize> = (verb + 1..end)
        .filter(|at| words[*at] == "--force")
        .collect();
    for at in found.iter().rev() {
        words.remove(*at);
    }
    if !found.is_empty() {
        words.insert(verb + 1, "--force".into());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifted(words: &[&str]) -> Vec<String> {
        let lifted = lift_force(words.iter().map(OsString::from));
        lifted
            .into_iter()
            .map(|word| word.into_string().unwrap())
            .collect()
    }

    #[test]
    fn force_is_found_behind_the_message() {
        assert_eq!(
            lifted(&["fermata", "run", "a.yaml", "do", "it", "--force"]),
            ["fermata", "run", "--force", "a.yaml", "do", "it"]
        );
    }

    #[test]
    fn force_inside_a_quoted_argument_or_behind_two_dashes_is_text() {
        for words in [
            ["fermata", "run", "a.yaml", "please --force it"].as_slice(),
            &["fermata", "run", "a.yaml", "--", "--force"],
        ] {
            assert_eq!(lifted(words), words);
        }
    }

    #[test]
    fn inputs_are_typed_and_bad_ones_are_named() {
        let read = inputs(&["n=5".to_owned(), "t=x=y".to_owned()]).unwrap();
        assert_eq!(read["n"], 5);
        assert_eq!(read["t"], "x=y");
        assert!(
            inputs(&["=5".to_owned()])
                .unwrap_err()
                .to_string()
                .contains("`=5`")
        );
    }
}
