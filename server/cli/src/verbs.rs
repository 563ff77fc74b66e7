//! One file per verb of the command line.

pub(crate) mod abandon;
pub(crate) mod agents;
pub(crate) mod answer;
pub(crate) mod check;
pub(crate) mod choose;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod graph;
pub(crate) mod lsp;
pub(crate) mod mcp;
pub(crate) mod new;
pub(crate) mod panel;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod scripted_agent;
pub(crate) mod show;
pub(crate) mod stop;
pub(crate) mod tell;
pub(crate) mod trust;
pub(crate) mod worker;
pub(crate) mod worktree;

use anyhow::Result;
use fermata_control::{Act, Control, ControlError, Outcome, StartRefusal};
use fermata_engine::{RunId, Seq};
use serde_json::json;

use crate::console::Console;
use crate::exit::Exit;
use crate::{follow, prompt};

/// Whether a run or a start request that was named does not exist: a refusal.
pub(crate) fn is_not_found(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ControlError::NotFound(_)))
}

/// Whether an error is one of usage: a parameter or a configuration that cannot be read, a name that means several runs.
pub(crate) fn is_usage(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ControlError>().is_some_and(|error| {
        matches!(
            error,
            ControlError::Ambiguous { .. }
                | ControlError::BadRequest { .. }
                | ControlError::Config(_)
        )
    })
}

/// What to do once a request was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct After {
    /// Do not follow.
    pub(crate) detach: bool,
    /// Events up to this one are not printed again.
    pub(crate) told: Seq,
}

/// Carries an outcome on: follows a started run, asks at a choice, or says why not.
///
/// # Errors
/// When the store cannot be read or written.
pub(crate) fn carry_on(
    control: &Control,
    outcome: &Outcome,
    after: After,
    console: &Console,
) -> Result<Exit> {
    match outcome {
        Outcome::Started { run, .. } if after.detach => {
            if console.machine() {
                console.json(&follow::result(control, &control.state(run)?));
            } else {
                console.line(&format!(
                    "run {} started; follow it with `fermata events {} --follow`",
                    run.short(),
                    run.short()
                ));
            }
            Ok(Exit::Fine)
        }
        Outcome::Started { run, .. } => follow::follow(control, run, after.told, console),
        Outcome::Dismissed => {
            if console.machine() {
                console.json(&outcome.to_json());
            } else {
                console.line("the request was dropped; nothing was started");
            }
            Ok(Exit::Fine)
        }
        Outcome::Refused(StartRefusal::Choice(choice)) if console.interactive() => {
            match prompt::choose(choice, console)? {
                Some(answer) => carry_on(
                    control,
                    &control.choose(&choice.start, answer)?,
                    after,
                    console,
                ),
                None => {
                    console.line(&format!(
                        "the request is kept; answer with: fermata choose {} ANSWER",
                        choice.start
                    ));
                    Ok(Exit::Choice)
                }
            }
        }
        Outcome::Refused(refusal) => {
            if console.machine() {
                console.json(&outcome.to_json());
            }
            if let StartRefusal::Choice(choice) = refusal {
                prompt::describe(choice, console);
                console.line(&format!(
                    "answer with: fermata choose {} ANSWER",
                    choice.start
                ));
            } else {
                console.error(&refusal.message());
            }
            Ok(exit_of(outcome))
        }
    }
}

fn exit_of(outcome: &Outcome) -> Exit {
    match outcome.exit_code() {
        0 => Exit::Fine,
        2 => Exit::Usage,
        3 => Exit::Choice,
        4 => Exit::Waiting,
        _ => Exit::Failed,
    }
}

/// Says what came of abandoning, stopping or guiding a run.
pub(crate) fn report(act: &Act, run: &RunId, done: &str, console: &Console) -> Exit {
    match act {
        Act::Done { status } => {
            if console.machine() {
                console.json(&json!({ "ok": true, "run": run, "status": status }));
            } else {
                console.line(&format!("run {}: {done}", run.short()));
            }
            Exit::Fine
        }
        Act::Refused { reason, status } => {
            if console.machine() {
                console
                    .json(&json!({ "ok": false, "run": run, "reason": reason, "status": status }));
            } else {
                console.error(reason);
            }
            Exit::Failed
        }
    }
}
