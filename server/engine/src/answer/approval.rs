//! Answers to an approval. Free text counts only when the whole answer, folded
//! for case and punctuation, is in a written list; a refusal may be followed by
//! its reason. Anything else shows the choices again.

use serde_json::Value;

use crate::gate::{Answer, Gate, Refusal};

use super::choices;

const APPROVE: [&str; 13] = [
    "approve",
    "approved",
    "yes",
    "y",
    "ok",
    "okay",
    "lgtm",
    "ship it",
    "go",
    "go ahead",
    "looks good",
    "looks good ship it",
    "yes ship it",
];

const REJECT: [&str; 6] = ["reject", "rejected", "no", "n", "stop", "nack"];

fn offered<'a>(gate: &'a Gate, decision: &str) -> Option<&'a str> {
    gate.answers
        .iter()
        .filter_map(|spec| spec.answer.get("decision").and_then(Value::as_str))
        .find(|word| *word == decision)
}

pub(super) fn check(gate: &Gate, decision: &str) -> Result<(), Refusal> {
    offered(gate, decision)
        .map(|_| ())
        .ok_or_else(|| choices(gate, &format!("`{decision}` is not a decision here")))
}

/// Lower case, punctuation to spaces, white space collapsed.
fn fold(text: &str) -> String {
    let spaced: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn read(gate: &Gate, text: &str) -> Result<Answer, Refusal> {
    let answer = |decision: &str, text: Option<&str>| Answer::Approval {
        decision: decision.to_owned(),
        text: text.filter(|t| !t.is_empty()).map(str::to_owned),
    };
    if let Some(decision) = offered(gate, text) {
        return Ok(answer(decision, None));
    }
    if let Some(spec) = gate.answers.iter().find(|spec| spec.label == text)
        && let Some(decision) = spec.answer.get("decision").and_then(Value::as_str)
    {
        return Ok(answer(decision, None));
    }
    let folded = fold(text);
    if APPROVE.contains(&folded.as_str())
        && let Some(decision) = offered(gate, "approve")
    {
        return Ok(answer(decision, None));
    }
    if let Some(decision) = offered(gate, "reject") {
        if REJECT.contains(&folded.as_str()) {
            return Ok(answer(decision, None));
        }
        if let Some((head, reason)) = text.split_once([':', ','])
            && REJECT.contains(&fold(head).as_str())
        {
            return Ok(answer(decision, Some(reason.trim())));
        }
    }
    Err(choices(
        gate,
        &format!("`{text}` is neither an approval nor a rejection"),
    ))
}
