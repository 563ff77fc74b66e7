//! Answers to a questionnaire: all its questions at once, by id; null skips one.

use serde_json::{Map, Value};

use crate::gate::{Answer, Gate, Refusal};

use super::{choices, refuse};

fn questions(gate: &Gate) -> &[Value] {
    gate.extra
        .get("questions")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn id(question: &Value) -> &str {
    question
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn yes(holder: &Value, key: &str, default: bool) -> bool {
    holder.get(key).and_then(Value::as_bool).unwrap_or(default)
}

fn allowed(gate: &Gate, key: &str, default: bool) -> bool {
    gate.extra
        .get(key)
        .and_then(Value::as_bool)
        .unwrap_or(default)
}

pub(super) fn valid(gate: &Gate) -> String {
    let ids: Vec<&str> = questions(gate).iter().map(id).collect();
    let mut text = format!("`id=text` for {}", ids.join(", "));
    if allowed(gate, "allow_skip_all", true) {
        text.push_str(", `skip_all`");
    }
    if allowed(gate, "allow_abort", false) {
        text.push_str(", `abort`");
    }
    text
}

fn without_answer(gate: &Gate, answers: &Map<String, Value>) -> Vec<String> {
    questions(gate)
        .iter()
        .filter(|q| yes(q, "required", false) && q.get("default").is_none_or(Value::is_null))
        .filter(|q| {
            answers
                .get(id(q))
                .and_then(Value::as_str)
                .is_none_or(|text| text.trim().is_empty())
        })
        .map(|q| format!("`{}`", id(q)))
        .collect()
}

pub(super) fn check(
    gate: &Gate,
    answers: &Map<String, Value>,
    decision: &str,
) -> Result<(), Refusal> {
    for (key, value) in answers {
        let Some(question) = questions(gate).iter().find(|q| id(q) == key) else {
            return Err(choices(gate, &format!("there is no question `{key}`")));
        };
        let text = match value {
            Value::Null => {
                if !allowed(gate, "allow_skip", true) {
                    return Err(refuse(format!("`{key}` cannot be skipped")));
                }
                continue;
            }
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                return Err(refuse(format!(
                    "the answer to `{key}` must be a text, or null to skip it"
                )));
            }
        };
        let offered: Vec<&str> = question
            .get("choices")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        if !yes(question, "allow_free_text", true) && !offered.contains(&text.as_str()) {
            return Err(refuse(format!(
                "`{text}` is not a choice of `{key}`: {}",
                offered.join(", ")
            )));
        }
    }
    match decision {
        "submit" => {
            let missing = without_answer(gate, answers);
            if missing.is_empty() {
                Ok(())
            } else {
                Err(refuse(format!(
                    "these questions must be answered: {}",
                    missing.join(", ")
                )))
            }
        }
        "skip_all" => {
            if !allowed(gate, "allow_skip_all", true) {
                return Err(choices(gate, "the questions cannot all be skipped"));
            }
            let missing = without_answer(gate, answers);
            if missing.is_empty() {
                Ok(())
            } else {
                Err(refuse(format!(
                    "cannot skip the rest, these must be answered: {}",
                    missing.join(", ")
                )))
            }
        }
        "abort" if allowed(gate, "allow_abort", false) => Ok(()),
        "abort" => Err(choices(gate, "this questionnaire cannot be aborted")),
        "back" => Err(refuse(
            "every question of this gate is open at once, so there is nothing to go back to: send the answers with `submit`"
                .to_owned(),
        )),
        other => Err(refuse(format!(
            "`do` must be submit, skip_all or abort, not `{other}`"
        ))),
    }
}

/// `id=text` words; the text itself when there is one question; `skip_all`; `abort`.
pub(super) fn read(gate: &Gate, words: &[String], text: &str) -> Result<Answer, Refusal> {
    let decided = |decision: &str| Answer::Questions {
        answers: Map::new(),
        decision: decision.to_owned(),
    };
    match text.to_lowercase().replace([' ', '-'], "_").as_str() {
        "skip_all" => return Ok(decided("skip_all")),
        "abort" if allowed(gate, "allow_abort", false) => return Ok(decided("abort")),
        _ => {}
    }
    let asked = questions(gate);
    let mut answers = Map::new();
    for word in words {
        match word.split_once('=') {
            Some((key, value)) if asked.iter().any(|q| id(q) == key) => {
                answers.insert(key.to_owned(), Value::from(value));
            }
            _ => {
                answers.clear();
                break;
            }
        }
    }
    if answers.is_empty() {
        let [only] = asked else {
            return Err(choices(gate, &format!("`{text}` was not understood")));
        };
        answers.insert(id(only).to_owned(), Value::from(text));
    }
    Ok(Answer::Questions {
        answers,
        decision: "submit".to_owned(),
    })
}
