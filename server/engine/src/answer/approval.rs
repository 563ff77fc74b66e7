//! Answers to an approval. Free text counts only when the whole answer, folded
//! for case and punctuation, is in a written list; a refusal may be followed by
//! its reason, and a decision that is named as it is offered by `:` and a text.
//! Anything else shows the choices again.

use serde_json::Value;

use crate::gate::{Answer, AnswerSpec, Gate, Refusal};

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

/// The decision whose id or label a text is, in any case.
fn named<'a>(gate: &'a Gate, text: &str) -> Option<&'a str> {
    let text = text.to_lowercase();
    let decision = |spec: &'a AnswerSpec| spec.answer.get("decision").and_then(Value::as_str);
    gate.answers
        .iter()
        .filter_map(decision)
        .find(|id| id.to_lowercase() == text)
        .or_else(|| {
            let labelled = |spec: &&AnswerSpec| spec.label.to_lowercase() == text;
            gate.answers.iter().find(labelled).and_then(decision)
        })
}

/// What it takes, as a list for messages: every decision, and where its text goes.
pub(super) fn valid(gate: &Gate, words: &[String]) -> String {
    let list = words.join(", ");
    let texts = gate.answers.iter().filter(|spec| !spec.fields.is_empty());
    let example = texts
        .filter_map(|spec| spec.answer.get("decision").and_then(Value::as_str))
        .next();
    match example {
        Some(word) => format!("{list}; a text goes behind a colon (`{word}: TEXT`)"),
        None => list,
    }
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
    if let Some(decision) = named(gate, text) {
        return Ok(answer(decision, None));
    }
    // `yes: but later` is not this: only the gate's own word opens a text.
    if let Some((head, words)) = text.split_once(':')
        && let Some(decision) = named(gate, head.trim())
    {
        return Ok(answer(decision, Some(words.trim())));
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
