//! The command line as clap reads it. What each verb takes stands in the verb's own file.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::console::Color;
use crate::verbs;

/// The language server and durable runner for agent workflows.
#[derive(Debug, Parser)]
#[command(
    name = "fermata",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    /// Where runs are kept; $FERMATA_HOME or the platform's state folder when absent.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) home: Option<PathBuf>,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Say what is wrong with workflow files.
    Check(verbs::check::Check),
    /// Request a run and follow it.
    Run(verbs::run::Run),
    /// Answer an open choice about an earlier run.
    Choose(verbs::choose::Choose),
    /// List runs, newest first, and open start requests.
    Runs(verbs::runs::Runs),
    /// Show one run whole.
    Show(verbs::show::Show),
    /// Print a run's log.
    Events(verbs::events::Events),
    /// Answer a gate that a run holds at.
    Answer(verbs::answer::Answer),
    /// Go on with a failed run, or present a waiting run's gate again.
    Resume(verbs::resume::Resume),
    /// Cancel a run that is not over.
    Abandon(verbs::abandon::Abandon),
    /// End a run so that it can be resumed.
    Stop(verbs::stop::Stop),
    /// Give the next prompt of a run some guidance.
    Tell(verbs::tell::Tell),
    /// Find, look at, take over or remove a run's worktree.
    Worktree(verbs::worktree::Worktree),
    /// Write a commented starter workflow, its loop bounded.
    New(verbs::new::New),
    /// Draw a workflow's route graph; loops are marked.
    Graph(verbs::graph::Graph),
    /// Serve the live panel on 127.0.0.1 and open the browser.
    Panel(verbs::panel::Panel),
    /// Print the page of a diagnostic.
    Explain(verbs::explain::Explain),
    /// Print a JSON Schema.
    Schema(verbs::schema::Schema),
    /// Say which agents are installed and what is missing.
    Agents(verbs::agents::Agents),
    /// Look whether the store is whole, and repair what can be repaired.
    Doctor(verbs::doctor::Doctor),
    /// Allow runs in this repository.
    Trust(verbs::trust::Trust),
    /// Evaluate rows of the conformance data, a JSON line each.
    #[command(hide = true)]
    Eval,
    /// The language server on standard input and output.
    Lsp(verbs::lsp::Lsp),
    /// The MCP server on standard input and output.
    Mcp,
    /// Execute a run (internal).
    #[command(hide = true)]
    Worker(verbs::worker::Worker),
    /// An agent that answers from a file, over the Agent Client Protocol (internal).
    #[command(hide = true)]
    ScriptedAgent(verbs::scripted_agent::ScriptedAgent),
}

impl Verb {
    /// Whether a program waits for one JSON document on standard output, also where something goes wrong.
    pub(crate) fn answers_in_json(&self) -> bool {
        match self {
            Self::Lsp(_)
            | Self::Mcp
            | Self::Worker(_)
            | Self::ScriptedAgent(_)
            | Self::Eval
            | Self::Events(_) => false,
            Self::Check(o) => o.json(),
            other => other.machine(),
        }
    }

    /// Whether standard output belongs to a program.
    pub(crate) fn machine(&self) -> bool {
        match self {
            Self::Run(o) => o.json,
            Self::Choose(o) => o.json,
            Self::Runs(o) => o.json,
            Self::Show(o) => o.json,
            Self::Events(o) => o.json,
            Self::Answer(o) => o.json,
            Self::Resume(o) => o.json,
            Self::Abandon(o) => o.json,
            Self::Stop(o) => o.json,
            Self::Tell(o) => o.json,
            Self::Worktree(o) => o.json,
            Self::Agents(o) => o.json,
            Self::Lsp(_) | Self::Mcp | Self::Worker(_) | Self::ScriptedAgent(_) | Self::Eval => {
                true
            }
            Self::Check(o) => o.machine(),
            Self::Doctor(o) => o.json,
            Self::New(_)
            | Self::Panel(_)
            | Self::Graph(_)
            | Self::Explain(_)
            | Self::Schema(_)
            | Self::Trust(_) => false,
        }
    }
}
