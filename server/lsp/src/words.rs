//! Gates and choices in a sentence each: what a notification, a menu or a list
//! says of them. Knows no client.

use fermata_control::{ChoiceAnswer, RunsView, StartSummary};
use fermata_engine::gate::Gate;
use serde_json::{Map, Value, json};

use crate::facts;

/// How much of a question a line carries.
const QUESTION: usize = 200;

/// `looper held at 20/20 before draft: draft → review × 10`.
pub(crate) fn gate(gate: &Gate) -> String {
    match gate.held(&gate.step) {
        Some(held) => {
            let cycle = gate.limit.as_ref().and_then(|limit| limit.cycle.as_ref());
            // A step that repeats itself is named already.
            let cycle = cycle
                .filter(|cycle| cycle.steps != [gate.step.as_str()])
                .map_or_else(String::new, |cycle| {
                    format!(": {} × {}", cycle.steps.join(" → "), cycle.rounds)
                });
            format!("{} {held}{cycle}", gate.workflow)
        }
        None => format!(
            "{} holds at {}: {}",
            gate.workflow,
            gate.step,
            cut(gate.prompt.trim())
        ),
    }
}

/// What a request has to be decided about: the earlier run, or changes that are not committed.
pub(crate) fn start(view: &RunsView, start: &StartSummary) -> String {
    match &start.prior {
        Some(prior) => format!(
            "{}: run {} {}; it was about: {}",
            start.workflow,
            prior.short(),
            facts::start(view, start).stands(),
            facts::prior_message(view, start)
        ),
        None => format!(
            "{} runs in a worktree of its own; not committed: {}",
            start.workflow,
            match start.changes.as_slice() {
                [file] => file.clone(),
                files => format!("{} files", files.len()),
            }
        ),
    }
}

/// An answer to a request, as an entry of a menu.
fn choice(answer: ChoiceAnswer) -> &'static str {
    match answer {
        ChoiceAnswer::Resume => "Resume the earlier run",
        ChoiceAnswer::AbandonAndRun => "Abandon it and run fresh",
        ChoiceAnswer::RunFresh => "Run fresh, keep it",
        ChoiceAnswer::WithChanges => "Run with the uncommitted changes",
        ChoiceAnswer::FromHead => "Run from the last commit, without them",
        ChoiceAnswer::Dismiss => "Dismiss this request",
    }
}

/// The list of runs with a `title` at each gate and start, and `labels` for the answers to a start.
pub(crate) fn titled(view: &RunsView) -> Value {
    let mut list = view.to_json();
    for (run, shown) in view.runs.iter().zip(items(&mut list, "runs")) {
        for (held, shown) in run.gates.iter().zip(items(shown, "gates")) {
            shown["title"] = gate(held).into();
        }
    }
    for (request, shown) in view.starts.iter().zip(items(&mut list, "starts")) {
        shown["title"] = start(view, request).into();
        let labels: Map<String, Value> = request
            .answers
            .iter()
            .map(|answer| (answer.as_str().to_owned(), json!(choice(*answer))))
            .collect();
        shown["labels"] = labels.into();
    }
    list
}

fn items<'v>(value: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    value
        .get_mut(key)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= QUESTION {
        line.to_owned()
    } else {
        line.chars().take(QUESTION).chain(['…']).collect()
    }
}
