//! `fermata answer RUN [--gate GATE] ANSWER…`: answers a gate. The words are read by the gate's kind only.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use fermata_control::{AnswerInput, AnswerOutcome};
use fermata_engine::GateId;

use crate::console::Console;
use crate::exit::Exit;
use crate::open;

/// Options of `answer`.
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// A run: any unique part of its id from either end, or @last.
    run: String,
    /// The gate; may be left out when one is open.
    #[arg(long)]
    gate: Option<String>,
    /// One JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// `continue N`, `stop` or `abort` at an iteration limit; an option at a human gate; or the answer as JSON.
    #[arg(required = true)]
    answer: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such run or the store cannot be used.
pub(crate) fn run(options: &Answer, home: Option<&Path>, console: &Console) -> Result<Exit> {
    let control = open::terminal(home)?;
    control.tick()?;
    let run = control.find(&options.run)?;
    let gate = options.gate.as_deref().map(GateId::from);
    let outcome = control.answer(&run, gate.as_ref(), input(&options.answer))?;
    if options.json {
        console.json(&outcome.to_json());
    }
    match &outcome {
        AnswerOutcome::Accepted { gate, .. } => {
            if !options.json {
                console.line(&format!(
                    "run {}: gate {gate} answered; the run goes on",
                    run.short()
                ));
            }
            Ok(Exit::Fine)
        }
        AnswerOutcome::Refused(refusal) => {
            if !options.json {
                console.error(&refusal.reason);
            }
            Ok(Exit::Failed)
        }
    }
}

/// One word that is a JSON object is a typed answer; anything else is words.
fn input(words: &[String]) -> AnswerInput {
    if let [word] = words
        && word.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(word)
    {
        return AnswerInput::Json(value);
    }
    AnswerInput::Words(words.to_vec())
}
