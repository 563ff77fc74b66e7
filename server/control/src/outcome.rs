//! How requests come out. Refusals are results with a reason that machines
//! know and a sentence that people can act on.

use std::path::PathBuf;

use fermata_engine::gate::Refusal;
use fermata_engine::{Cause, GateId, RunId, Status};
use serde_json::Value;

use crate::launch::WorkerReport;
use crate::options::NoAgent;
use crate::request::ChoiceAnswer;

/// How a start, a choice or a resume came out.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// That run goes on.
    Started {
        /// The run.
        run: RunId,
        /// It was there before: the same request id, a resume, or a run that is simply followed.
        existing: bool,
        /// What became of its worker.
        worker: WorkerReport,
    },
    /// Nothing was started.
    Refused(StartRefusal),
    /// The start request was dismissed.
    Dismissed,
}

/// Why nothing was started.
#[derive(Debug, Clone, PartialEq)]
pub enum StartRefusal {
    /// The last run of this workflow, or what becomes of uncommitted changes, has to be decided about first.
    Choice(Box<Choice>),
    /// Required inputs are missing.
    InputsNeeded {
        /// Which.
        missing: Vec<InputNeeded>,
    },
    /// The user has not trusted the repository.
    Untrusted {
        /// Its root.
        root: PathBuf,
    },
    /// Another run holds the checkout.
    CheckoutBusy {
        /// Who.
        run: RunId,
        /// The folder.
        checkout: String,
        /// Ways out.
        message: String,
    },
    /// The dialect's own tool would refuse the file.
    Rejected {
        /// Why.
        problems: Vec<Problem>,
    },
    /// No agent can carry out its prompts.
    NoAgent {
        /// Which agent was asked for.
        agent: String,
        /// What was looked for, and what to do.
        why: NoAgent,
        /// The script beside the workflow, where there is one.
        scripted: Option<PathBuf>,
    },
    /// The file has changed since the run started, and nothing was said about it.
    DefinitionChanged {
        /// The run.
        run: RunId,
        /// Steps that are not what they were, added and removed ones included.
        steps: Vec<String>,
        /// Whether `edited` is possible: every finished step and every route taken is as it was.
        edited: bool,
        /// In one sentence.
        message: String,
    },
    /// There is no such run, request or file; or it was answered before.
    NotFound {
        /// In one sentence.
        message: String,
    },
    /// That run cannot be resumed.
    NotResumable {
        /// The run.
        run: RunId,
        /// In one sentence; names who holds it or who was first.
        reason: String,
        /// Where it stands.
        status: Status,
    },
}

/// A required input that was not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputNeeded {
    /// Its name.
    pub name: String,
    /// Declared type; `string` where the dialect has none.
    pub ty: String,
    /// Declared description.
    pub description: Option<String>,
}

/// A diagnostic, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its code.
    pub code: String,
    /// The dialect's rule number.
    pub upstream: Option<String>,
    /// One sentence.
    pub message: String,
    /// The file.
    pub path: PathBuf,
    /// Line, from 0.
    pub line: usize,
    /// The step it belongs to.
    pub step: Option<String>,
}

/// A choice about an earlier run, or about what becomes of uncommitted changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Id of the open start request.
    pub start: String,
    /// Name of the workflow.
    pub workflow: String,
    /// The earlier run; `None` when the choice is about uncommitted changes.
    pub prior: Option<PriorRun>,
    /// Files with uncommitted changes that the choice is about.
    pub changes: Vec<String>,
    /// The new request, as it would be sent.
    pub request: Value,
    /// What can be answered.
    pub answers: Vec<ChoiceAnswer>,
}

/// The earlier run of a choice.
#[derive(Debug, Clone, PartialEq)]
pub struct PriorRun {
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub status: Status,
    /// Why it failed.
    pub cause: Option<Cause>,
    /// When it was queued, UTC ms.
    pub started: u64,
    /// How far: `5 of 9 steps`.
    pub progress: Option<String>,
    /// Preview of its message.
    pub message: String,
    /// Whether the file has changed since.
    pub changed: bool,
    /// The gate it holds at: kind and step.
    pub gate: Option<Value>,
}

/// How abandon, stop or tell came out.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Done, or asked of the worker that is alive.
    Done {
        /// Where the run stands now.
        status: Status,
    },
    /// Not done.
    Refused {
        /// In one sentence.
        reason: String,
        /// Where the run stands.
        status: Status,
    },
}

/// How an answer came out.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerOutcome {
    /// Taken.
    Accepted {
        /// The run.
        run: RunId,
        /// The gate.
        gate: GateId,
        /// The worker that goes on, where a new one was needed.
        worker: Option<WorkerReport>,
    },
    /// Not taken; nothing was changed.
    Refused(Refusal),
}
