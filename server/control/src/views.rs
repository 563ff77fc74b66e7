//! Lists: runs and open start requests as surfaces show them.

use std::path::{Path, PathBuf};

use fermata_engine::{Cause, Gate, RunId, Status};
use fermata_store::{RunFilter, RunRow, StartAnswer, StartRow};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::control::Control;
use crate::error::ControlError;
use crate::inputs::is_secret;
use crate::request::RunsFilter;
use crate::scope::Scope;

/// Runs and open start requests, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct RunsView {
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// Start requests that wait for an answer.
    pub starts: Vec<StartSummary>,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Name of its workflow.
    pub workflow: String,
    /// Its file.
    pub path: PathBuf,
    /// Dialect word.
    pub dialect: String,
    /// Where it stands.
    pub status: Status,
    /// Why it failed.
    pub cause: Option<Cause>,
    /// Waits without a worker.
    pub parked: bool,
    /// Its message.
    pub message: Option<String>,
    /// Its inputs as given; literals of secret-named ones are masked.
    pub inputs: Map<String, Value>,
    /// The step that was started last.
    pub step: Option<String>,
    /// Gates that hold.
    pub gates: Vec<Gate>,
    /// When it was queued, UTC ms.
    pub queued: u64,
    /// When it was started first, UTC ms.
    pub started: Option<u64>,
    /// When it ended, UTC ms.
    pub ended: Option<u64>,
    /// Scope key.
    pub scope: String,
    /// Workspace root of the scope.
    pub root: PathBuf,
    /// Parent run.
    pub parent: Option<RunId>,
    /// Archon outcome.
    pub outcome: Option<String>,
    /// How far: `5 of 9 steps`.
    pub progress: Option<String>,
    /// Last event.
    pub last: u64,
}

/// An open start request in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StartSummary {
    /// Its id.
    pub start: String,
    /// Name of the workflow.
    pub workflow: String,
    /// The run that has to be decided about; `None` when it is about uncommitted changes.
    pub prior: Option<RunId>,
    /// Files with uncommitted changes that it is about.
    pub changes: Vec<String>,
    /// What can be answered.
    pub answers: &'static [StartAnswer],
    /// The request.
    pub request: Value,
    /// UTC ms.
    pub created: u64,
    /// Workspace root of the scope.
    pub root: PathBuf,
}

impl From<RunRow> for RunSummary {
    fn from(row: RunRow) -> Self {
        let progress = row.progress();
        Self {
            progress,
            root: PathBuf::from(Scope::root_of_key(&row.scope)),
            gates: if row.status.is_final() {
                Vec::new()
            } else {
                row.gates
            },
            inputs: masked(row.inputs),
            path: PathBuf::from(&row.file),
            run: row.run,
            workflow: row.workflow,
            dialect: row.dialect,
            status: row.status,
            cause: row.cause,
            parked: row.parked,
            message: row.message,
            step: row.step,
            queued: row.queued,
            started: row.started,
            ended: row.ended,
            scope: row.scope,
            parent: row.parent,
            outcome: row.outcome,
            last: row.last_seq,
        }
    }
}

impl From<StartRow> for StartSummary {
    fn from(row: StartRow) -> Self {
        let answers = row.answers();
        let mut request = row.request;
        if let Some(Value::Object(inputs)) = request.get_mut("inputs") {
            *inputs = masked(std::mem::take(inputs));
        }
        Self {
            root: PathBuf::from(Scope::root_of_key(&row.scope)),
            answers,
            start: row.start.0,
            workflow: row.workflow,
            prior: row.prior,
            changes: row.changes,
            request,
            created: row.created,
        }
    }
}

/// Inputs whose literal values nobody should read over a shoulder are covered; references say nothing and stay.
pub(crate) fn masked(mut inputs: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in &mut inputs {
        let reference = value
            .as_str()
            .is_some_and(|text| text.starts_with("env:") || text.starts_with("file:"));
        if is_secret(name) && !reference && !value.is_null() && !value.is_boolean() {
            *value = Value::from("***");
        }
    }
    inputs
}

impl Control {
    /// Runs and open start requests.
    ///
    /// # Errors
    /// [`ControlError::Store`].
    pub fn runs(&self, filter: &RunsFilter) -> Result<RunsView, ControlError> {
        let roots: Vec<PathBuf> = filter.roots.iter().map(|root| canonical(root)).collect();
        let workflow = filter.workflow.as_deref().map(canonical);
        let within = |scope: &str| {
            roots.is_empty()
                || roots
                    .iter()
                    .any(|root| Path::new(Scope::root_of_key(scope)).starts_with(root))
        };
        let mut runs: Vec<RunSummary> = self
            .store()
            .runs(&RunFilter {
                children: filter.all,
                ..RunFilter::default()
            })?
            .into_iter()
            .filter(|row| within(&row.scope))
            .filter(|row| {
                workflow
                    .as_ref()
                    .is_none_or(|file| Path::new(&row.file) == file)
            })
            .map(RunSummary::from)
            .collect();
        if let Some(limit) = filter.limit {
            runs.truncate(limit);
        }
        let starts = self
            .store()
            .starts()?
            .into_iter()
            .filter(|row| within(&row.scope))
            .filter(|row| {
                let path = row.request.get("path").and_then(Value::as_str);
                workflow.as_ref().is_none_or(|file| path == file.to_str())
            })
            .map(StartSummary::from)
            .collect();
        Ok(RunsView { runs, starts })
    }
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}
