//! What a judging step said: a score, a flag, the first line of its feedback.
//! Fields count when a route of the step reads them, or by their usual names.

use fermata_workflow::Step;
use serde_json::{Map, Value};

use crate::gate::Verdict;

const SCORES: [&str; 7] = [
    "score",
    "rating",
    "quality",
    "grade",
    "confidence",
    "quality_score",
    "overall_score",
];
const FLAGS: [&str; 12] = [
    "approved",
    "passed",
    "pass",
    "accepted",
    "done",
    "complete",
    "ok",
    "ready",
    "satisfied",
    "success",
    "is_approved",
    "valid",
];
const FEEDBACK: [&str; 9] = [
    "feedback",
    "comments",
    "issues",
    "critique",
    "reason",
    "reasoning",
    "suggestions",
    "notes",
    "summary",
];

/// Longest feedback line, in characters.
const FEEDBACK_CHARS: usize = 160;

/// The verdict in an output, if the step judges.
pub(super) fn of(step: &Step, output: &Value, round: u64) -> Option<Verdict> {
    let output = output.as_object()?;
    let conditions: Vec<&str> = step
        .routes
        .iter()
        .filter_map(|route| route.when.as_ref().map(|when| when.as_str()))
        .collect();
    let read = |name: &str| conditions.iter().any(|when| names(when).any(|n| n == name));
    let score = pick(output, &SCORES, &read, Value::as_f64);
    let flag = pick(output, &FLAGS, &read, Value::as_bool);
    if score.is_none() && flag.is_none() {
        return None;
    }
    let feedback = FEEDBACK
        .iter()
        .find_map(|name| output.get(*name).and_then(first_line));
    Some(Verdict {
        step: step.name.value.clone(),
        round,
        score,
        flag,
        feedback,
    })
}

/// A field that a route reads, else one with a usual name.
fn pick<T>(
    output: &Map<String, Value>,
    usual: &[&str],
    read: &impl Fn(&str) -> bool,
    value: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    output
        .iter()
        .filter(|(name, _)| read(name))
        .find_map(|(_, v)| value(v))
        .or_else(|| {
            usual
                .iter()
                .find_map(|name| output.get(*name).and_then(&value))
        })
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|part| !part.is_empty())
}

fn first_line(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Array(list) => list.first()?.as_str()?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let mut cut: String = line.chars().take(FEEDBACK_CHARS).collect();
    if cut.len() < line.len() {
        cut.push('…');
    }
    Some(cut)
}
