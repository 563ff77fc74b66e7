//! From the list of runs to what one document's features need to know.

use std::path::Path;

use fermata_control::{RunSummary, RunsView, StartSummary, script_of};
use fermata_engine::gate::Gate;
use fermata_engine::{RunId, RunState};
use fermata_ide::{AnswerFact, GateFact, RunFact, RunFacts, StartFact, StepTime};
use serde_json::Value;

/// Before the first reading.
pub(crate) fn nothing() -> RunsView {
    RunsView {
        runs: Vec::new(),
        starts: Vec::new(),
    }
}

/// What is known of the runs of a file.
pub(crate) fn of(view: &RunsView, path: &Path) -> RunFacts {
    let same = |other: &Path| other == path || canonical(other) == canonical(path);
    RunFacts {
        runs: view
            .runs
            .iter()
            .filter(|run| same(&run.path))
            .map(run)
            .collect(),
        starts: view
            .starts
            .iter()
            .filter(|start| path_of(start).is_some_and(|path| same(&path)))
            .map(|s| start(view, s))
            .collect(),
        times: Vec::new(),
        scripted: script_of(path).is_some(),
        trusted: false,
    }
}

/// The newest run of a file.
pub(crate) fn newest<'v>(view: &'v RunsView, path: &Path) -> Option<&'v RunSummary> {
    let canonically = canonical(path);
    let same = |run: &&RunSummary| run.path == path || canonical(&run.path) == canonically;
    view.runs.iter().find(same)
}

/// How long the steps of a run took, the last time that each of them ended.
pub(crate) fn times(run: &RunId, state: &RunState) -> Vec<StepTime> {
    let mut times: Vec<StepTime> = Vec::new();
    for record in state.steps.values() {
        let Some(ended) = record.ended else { continue };
        let took = ended.saturating_sub(record.started);
        match times.iter_mut().find(|time| time.step == record.step) {
            Some(time) => time.took = took,
            None => times.push(StepTime {
                step: record.step.clone(),
                took,
                run: run.short().to_owned(),
            }),
        }
    }
    times
}

fn canonical(path: &Path) -> std::path::PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// The word of a value that serialises to one.
pub(crate) fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn run(run: &RunSummary) -> RunFact {
    RunFact {
        run: run.run.to_string(),
        short: run.run.short().to_owned(),
        status: run.status.as_str().to_owned(),
        cause: run.cause.as_ref().map(word),
        gates: run.gates.iter().map(gate).collect(),
    }
}

fn gate(gate: &Gate) -> GateFact {
    GateFact {
        gate: gate.gate.to_string(),
        kind: word(&gate.kind),
        step: gate.step.clone(),
        prompt: gate.prompt.clone(),
        count: gate
            .limit
            .as_ref()
            .map(|limit| (limit.current_iteration, limit.max_iterations)),
        answers: gate
            .answers
            .iter()
            .map(|spec| AnswerFact {
                label: spec.label.clone(),
                answer: spec.answer.clone(),
                // A number has an offer already; a text has to be typed by somebody.
                needs_text: spec.needs_text() || spec.answer == Value::Null,
            })
            .collect(),
    }
}

/// The workflow file of a start request.
pub(crate) fn path_of(start: &StartSummary) -> Option<std::path::PathBuf> {
    start
        .request
        .get("path")
        .and_then(Value::as_str)
        .map(std::path::PathBuf::from)
}

fn prior_of<'a>(view: &'a RunsView, start: &StartSummary) -> Option<&'a RunSummary> {
    let prior = start.prior.as_ref()?;
    view.runs.iter().find(|run| &run.run == prior)
}

/// `failed (iteration_limit)` of the run that a start request has to be decided about.
fn prior_status(view: &RunsView, start: &StartSummary) -> String {
    let prior = prior_of(view, start);
    prior.map_or_else(
        || "still there".to_owned(),
        |run| {
            let cause = run
                .cause
                .as_ref()
                .map_or_else(String::new, |cause| format!(" ({})", word(cause)));
            format!("{}{cause}", run.status.as_str())
        },
    )
}

/// What that run was about.
pub(crate) fn prior_message(view: &RunsView, start: &StartSummary) -> String {
    let prior = prior_of(view, start);
    let given = prior.and_then(|run| match &run.message {
        // Asked for by a form: the inputs are the words.
        None if !run.inputs.is_empty() => Some(
            run.inputs
                .iter()
                .map(|(name, value)| match value {
                    Value::String(text) => format!("{name}: {text}"),
                    other => format!("{name}: {other}"),
                })
                .collect::<Vec<_>>()
                .join(", "),
        ),
        message => message.clone(),
    });
    fermata_control::preview(given.as_deref())
}

/// What a document's features know of a start request.
pub(crate) fn start(view: &RunsView, start: &StartSummary) -> StartFact {
    StartFact {
        start: start.start.clone(),
        prior: start.prior.as_ref().map(|prior| prior.short().to_owned()),
        changes: start.changes.len(),
        status: prior_status(view, start),
        message: prior_message(view, start),
    }
}

/// Runs whose status, step or gates differ between two readings, with the status now.
pub(crate) fn changed_runs(before: &RunsView, now: &RunsView) -> Vec<(String, String)> {
    let known = |run: &RunSummary| before.runs.iter().any(|other| other == run);
    now.runs
        .iter()
        .filter(|run| !known(run))
        .map(|run| (run.run.to_string(), run.status.as_str().to_owned()))
        .collect()
}

/// Whether open start requests came or went.
pub(crate) fn starts_differ(before: &RunsView, now: &RunsView) -> bool {
    before.starts != now.starts
}
