//! What surfaces ask for. Plain data; how it is typed or sent is theirs.

use std::path::PathBuf;
use std::str::FromStr;

use fermata_engine::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A wish to run a workflow.
#[derive(Debug, Clone, Default)]
pub struct StartRequest {
    /// The workflow file.
    pub file: PathBuf,
    /// Inputs as given.
    pub inputs: Map<String, Value>,
    /// Message: Archon's `$ARGUMENTS`; for Conductor the one required string input not given otherwise.
    pub message: Option<String>,
    /// Start fresh whatever the last run is.
    pub force: bool,
    /// Agent for every prompt (`NAME`, `scripted`, `scripted:FILE`).
    pub agent: Option<String>,
    /// Request id; made up when absent. The same id twice is one run.
    pub request: Option<String>,
    /// Conversation, where the surface has one: part of the scope.
    pub conversation: Option<String>,
    /// What happens at gates; the user's configuration says when absent, and `ask` when that does not.
    pub gates: Option<GatesPolicy>,
    /// Where it works.
    pub isolation: Isolation,
    /// What becomes of uncommitted changes when it works in a worktree of its own.
    pub changes: ChangesWish,
    /// Open documents with unsaved text: absolute path and bytes.
    pub overlay: Vec<(PathBuf, Vec<u8>)>,
    /// Folder that scripts and agents run in; the workspace root when absent.
    pub cwd: Option<PathBuf>,
    /// Run although upstream's checks other than loading and schema find errors.
    pub allow_errors: bool,
    /// Stubs instead of agents and scripts.
    pub dry_run: bool,
    /// Stubs of a dry run.
    pub stubs: Option<PathBuf>,
    /// Store literal values of secret-named inputs.
    pub allow_secret_inputs: bool,
    /// The surface vouches for the repository: a person typed the command, or the editor trusts the workspace.
    pub trusted: bool,
}

/// What happens when a run reaches a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum GatesPolicy {
    /// Somebody is asked.
    #[default]
    Ask,
    /// Iteration limits stop; all other gates wait for people.
    Stop,
    /// Iteration limits go on with so many more, or as many as are needed; all other gates wait for people.
    Continue(u64),
    /// Human gates take their first option, questions are skipped, tools are not allowed, iteration limits stop;
    /// approvals wait for people.
    First,
}

impl std::fmt::Display for GatesPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ask => f.write_str("ask"),
            Self::Stop => f.write_str("stop"),
            Self::Continue(n) => write!(f, "continue:{n}"),
            Self::First => f.write_str("first"),
        }
    }
}

impl From<GatesPolicy> for String {
    fn from(policy: GatesPolicy) -> Self {
        policy.to_string()
    }
}

impl TryFrom<String> for GatesPolicy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for GatesPolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = || {
            let digits = text.strip_prefix("continue:")?;
            digits.parse().ok().filter(|n| *n > 0)
        };
        match text {
            "ask" => Ok(Self::Ask),
            "stop" => Ok(Self::Stop),
            "first" => Ok(Self::First),
            _ => number().map(Self::Continue).ok_or_else(|| {
                format!("expected ask, stop, continue:N (N from 1) or first, found `{text}`")
            }),
        }
    }
}

/// Where a run works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// As the dialect, the workflow and the user's configuration say.
    #[default]
    Default,
    /// In a git worktree of its own.
    Worktree,
    /// In the checkout, which it holds while it is live.
    NoWorktree,
    /// In the checkout, side by side with others.
    ShareCheckout,
}

/// What becomes of uncommitted changes of tracked files when a worktree is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangesWish {
    /// As the user's configuration says, else as was answered in this scope, else somebody is asked.
    #[default]
    Ask,
    /// They go along.
    Take,
    /// It begins from HEAD.
    Leave,
}

/// An answer to an open start request.
pub type ChoiceAnswer = fermata_store::StartAnswer;

/// How to resume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResumeOptions {
    /// Which definition, when the file has changed since.
    pub definition: Option<DefinitionChoice>,
    /// Run again from this finished step.
    pub from: Option<String>,
    /// Another agent from now on.
    pub agent: Option<String>,
}

/// Which definition a resumed run goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefinitionChoice {
    /// As pinned when it started.
    Pinned,
    /// As the file is now.
    Edited,
}

impl DefinitionChoice {
    /// The word in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Edited => "edited",
        }
    }
}

/// An answer to a gate, in whatever form the surface has it.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerInput {
    /// Typed already.
    Typed(Answer),
    /// An object of design/protocol.md, or a string that is read as the terminal reads it.
    Json(Value),
    /// Words from a terminal.
    Words(Vec<String>),
}

/// Which runs to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunsFilter {
    /// Child runs too.
    pub all: bool,
    /// Only runs whose workspace root is one of these or lies in one; empty means every scope.
    pub roots: Vec<PathBuf>,
    /// Only runs of this workflow file.
    pub workflow: Option<PathBuf>,
    /// At most so many.
    pub limit: Option<usize>,
}
