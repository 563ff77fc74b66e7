//! The `fermata` binary: one file per verb under `verbs/`, reports under
//! `report/`. The only crate that links runner and agents: `fermata worker`
//! executes a run, every other verb goes through control.

mod arguments;
mod browser;
mod children;
mod console;
mod discover;
mod exit;
mod follow;
mod left;
mod open;
mod prompt;
mod report;
mod source;
mod verbs;
mod workflows;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Verb};
use console::Console;
use exit::{Exit, Usage};

fn main() -> ExitCode {
    let arguments = Arguments::parse_from(verbs::run::lift_force(std::env::args_os()));
    let console = Console::new(arguments.color, arguments.verb.machine());
    let result = dispatch(&arguments, &console);
    let exit = match result {
        Ok(exit) => exit,
        Err(error) => {
            let (exit, reason) = if error.is::<Usage>() || verbs::is_usage(&error) {
                (Exit::Usage, "usage")
            } else if verbs::is_not_found(&error) {
                (Exit::Failed, "not_found")
            } else {
                (Exit::Failed, "failed")
            };
            let message = format!("{error:#}");
            if arguments.verb.answers_in_json() {
                console.json(&serde_json::json!({
                    "version": 1, "ok": false, "reason": reason, "message": message,
                }));
            }
            console.error(&message);
            exit
        }
    };
    ExitCode::from(exit.code())
}

fn dispatch(arguments: &Arguments, console: &Console) -> anyhow::Result<Exit> {
    let home = arguments.home.as_deref();
    match &arguments.verb {
        Verb::Check(options) => verbs::check::run(options, console),
        Verb::Run(options) => verbs::run::run(options, home, console),
        Verb::Choose(options) => verbs::choose::run(options, home, console),
        Verb::Runs(options) => verbs::runs::run(options, home, console),
        Verb::Show(options) => verbs::show::run(options, home, console),
        Verb::Events(options) => verbs::events::run(options, home, console),
        Verb::Answer(options) => verbs::answer::run(options, home, console),
        Verb::Resume(options) => verbs::resume::run(options, home, console),
        Verb::Abandon(options) => verbs::abandon::run(options, home, console),
        Verb::Stop(options) => verbs::stop::run(options, home, console),
        Verb::Tell(options) => verbs::tell::run(options, home, console),
        Verb::Worktree(options) => verbs::worktree::run(options, home, console),
        Verb::New(options) => verbs::new::run(options, console),
        Verb::Doctor(options) => verbs::doctor::run(options, home, console),
        Verb::Graph(options) => verbs::graph::run(options, console),
        Verb::Explain(options) => verbs::explain::run(options, console),
        Verb::Schema(options) => verbs::schema::run(options, console),
        Verb::Agents(options) => verbs::agents::run(options, home, console),
        Verb::Trust(options) => verbs::trust::run(options, home, console),
        Verb::Eval => verbs::eval::run(console),
        Verb::Panel(options) => verbs::panel::run(options, home, console),
        Verb::Lsp(options) => verbs::lsp::run(options, home),
        Verb::Mcp => verbs::mcp::run(home),
        Verb::Worker(options) => verbs::worker::run(options, home),
        Verb::ScriptedAgent(options) => verbs::scripted_agent::run(options),
    }
}
