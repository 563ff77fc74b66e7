//! Answers to a permission request: one of the choices that the agent offers.

use serde_json::Value;

use crate::gate::{Answer, Gate, Refusal};

use super::choices;

fn offered<'a>(gate: &'a Gate, option: &str) -> Option<&'a str> {
    gate.answers
        .iter()
        .filter_map(|spec| spec.answer.get("option").and_then(Value::as_str))
        .find(|word| *word == option)
}

pub(super) fn check(gate: &Gate, option: &str) -> Result<(), Refusal> {
    offered(gate, option)
        .map(|_| ())
        .ok_or_else(|| choices(gate, &format!("`{option}` is not offered")))
}

pub(super) fn read(gate: &Gate, text: &str) -> Result<Answer, Refusal> {
    let folded = text.to_lowercase().replace([' ', '-'], "_");
    let word = match folded.as_str() {
        "allow" | "y" | "yes" => "allow_once",
        "always" => "allow_always",
        "reject" | "deny" | "n" | "no" => "reject_once",
        "never" => "reject_always",
        other => other,
    };
    let by_label = || {
        gate.answers
            .iter()
            .find(|spec| spec.label.eq_ignore_ascii_case(text))
            .and_then(|spec| spec.answer.get("option").and_then(Value::as_str))
    };
    offered(gate, word)
        .or_else(by_label)
        .map(|option| Answer::Permission {
            option: option.to_owned(),
        })
        .ok_or_else(|| choices(gate, &format!("`{text}` is not offered")))
}
