//! Answers: whether one is valid, and how words typed at a terminal are read.
//! Decided here and nowhere else, so that every surface says the same. Nothing
//! is ever guessed: what does not fit is refused with what would fit.

use serde_json::{Map, Value};

use crate::event::Status;
use crate::gate::{Answer, Gate, GateKind, LimitDecision, Refusal};
use crate::ids::GateId;
use crate::state::{ClosedGate, RunState};

mod approval;
mod human;
mod limit;
mod permission;
mod questions;
mod utc;

pub use utc::utc_text;

impl RunState {
    /// Whether the answer may be appended now.
    ///
    /// # Errors
    /// [`Refusal`]: the gate is closed (by whom, when, from where; or why it was withdrawn) or
    /// unknown, or the answer is not one of those that it takes (`needed` for too few iterations).
    pub fn check_answer(&self, gate: &GateId, answer: &Answer) -> Result<(), Refusal> {
        if let Some(open) = self.open_gates.iter().find(|o| o.gate.gate == *gate) {
            if self.status.is_final() {
                return Err(refuse(format!(
                    "the run is {}; its gates take no answers any more",
                    self.status.as_str()
                )));
            }
            return check(&open.gate, answer);
        }
        match self.closed_gates.get(gate) {
            Some(ClosedGate::Answered(by)) => Err(Refusal {
                reason: format!(
                    "gate {gate} was already answered by {} from {} on {}; this answer was not taken",
                    by.by,
                    by.surface,
                    utc_text(by.at)
                ),
                answered: Some(by.clone()),
                needed: None,
            }),
            Some(ClosedGate::Withdrawn(reason)) => Err(refuse(format!(
                "gate {gate} was withdrawn: {reason}; this answer was not taken"
            ))),
            None => {
                let open: Vec<&str> = self
                    .open_gates
                    .iter()
                    .map(|o| o.gate.gate.as_str())
                    .collect();
                Err(refuse(if open.is_empty() {
                    format!("there is no gate {gate} in this run, and none is open")
                } else {
                    format!(
                        "there is no gate {gate} in this run; open: {}",
                        open.join(", ")
                    )
                }))
            }
        }
    }

    /// The gate that an answer without a gate id means: the only open one.
    ///
    /// # Errors
    /// [`Refusal`] when none or several are open; it lists them.
    pub fn only_gate(&self) -> Result<&Gate, Refusal> {
        match self.open_gates.as_slice() {
            [only] => Ok(&only.gate),
            [] => Err(refuse(match self.status {
                Status::Waiting => "the run waits, but no gate is open".to_owned(),
                status => format!("no gate is open; the run is {}", status.as_str()),
            })),
            several => {
                let list: Vec<String> = several
                    .iter()
                    .map(|o| format!("{} ({})", o.gate.gate, o.gate.step))
                    .collect();
                Err(refuse(format!(
                    "{} gates are open, name one with --gate: {}",
                    several.len(),
                    list.join(", ")
                )))
            }
        }
    }
}

/// Whether the answer is one of those that the gate takes.
///
/// # Errors
/// [`Refusal`] with what would fit.
pub fn check(gate: &Gate, answer: &Answer) -> Result<(), Refusal> {
    match (gate.kind, answer) {
        (GateKind::IterationLimit, Answer::IterationLimit { decision, n }) => {
            limit::check(gate, *decision, *n)
        }
        (GateKind::Human, Answer::Human { value, input }) => human::check(gate, value, input),
        (GateKind::Questions, Answer::Questions { answers, decision }) => {
            questions::check(gate, answers, decision)
        }
        (GateKind::Approval, Answer::Approval { decision, .. }) => approval::check(gate, decision),
        (GateKind::Permission, Answer::Permission { option }) => permission::check(gate, option),
        (
            kind @ (GateKind::IterationLimit
            | GateKind::Human
            | GateKind::Questions
            | GateKind::Approval
            | GateKind::Permission),
            _,
        ) => Err(refuse(format!(
            "gate {} takes an answer of kind `{}`, not `{}`",
            gate.gate,
            kind.as_str(),
            kind_of(answer).as_str()
        ))),
    }
}

/// Reads words typed at a terminal, by the gate's kind only: at a human gate `stop` is the option
/// `stop`. The result still has to pass [`RunState::check_answer`].
///
/// # Errors
/// [`Refusal`] that lists what would be understood.
pub fn parse_words(gate: &Gate, words: &[String]) -> Result<Answer, Refusal> {
    let text = words.join(" ");
    let text = text.trim();
    if text.is_empty() {
        return Err(choices(gate, "no answer was given"));
    }
    if text.starts_with('{')
        && let Ok(value @ Value::Object(_)) = serde_json::from_str::<Value>(text)
    {
        return parse(gate, &value);
    }
    match gate.kind {
        GateKind::IterationLimit => limit::read(gate, text),
        GateKind::Human => human::read(gate, text),
        GateKind::Questions => questions::read(gate, words, text),
        GateKind::Approval => approval::read(gate, text),
        GateKind::Permission => permission::read(gate, text),
    }
}

/// Reads an answer from data: an object of design/protocol.md (its `kind` may be left out), or a
/// string, which is read as the terminal reads it.
///
/// # Errors
/// [`Refusal`] that names the field that does not fit.
pub fn parse(gate: &Gate, value: &Value) -> Result<Answer, Refusal> {
    match value {
        Value::String(text) => parse_words(gate, std::slice::from_ref(text)),
        Value::Number(number) => parse_words(gate, &[number.to_string()]),
        Value::Object(fields) => {
            let mut fields = fields.clone();
            fields
                .entry("kind")
                .or_insert_with(|| Value::from(gate.kind.as_str()));
            serde_json::from_value(Value::Object(fields)).map_err(|error| {
                choices(gate, &format!("the answer has the wrong shape ({error})"))
            })
        }
        Value::Null | Value::Bool(_) | Value::Array(_) => {
            Err(choices(gate, "an answer is an object or a string"))
        }
    }
}

/// The decision on an iteration limit in words, for messages.
#[must_use]
pub fn limit_word(decision: LimitDecision) -> &'static str {
    match decision {
        LimitDecision::Continue => "continue",
        LimitDecision::Stop => "stop",
        LimitDecision::Abort => "abort",
    }
}

fn kind_of(answer: &Answer) -> GateKind {
    match answer {
        Answer::IterationLimit { .. } => GateKind::IterationLimit,
        Answer::Human { .. } => GateKind::Human,
        Answer::Questions { .. } => GateKind::Questions,
        Answer::Approval { .. } => GateKind::Approval,
        Answer::Permission { .. } => GateKind::Permission,
    }
}

fn refuse(reason: String) -> Refusal {
    Refusal {
        reason,
        answered: None,
        needed: None,
    }
}

/// The words that a gate takes at a terminal, as a list for messages.
#[must_use]
pub fn taken_words(gate: &Gate) -> String {
    match gate.kind {
        GateKind::IterationLimit => limit::valid(gate),
        GateKind::Human | GateKind::Permission => words_of(gate).join(", "),
        GateKind::Approval => approval::valid(gate, &words_of(gate)),
        GateKind::Questions => questions::valid(gate),
    }
}

/// A refusal that ends with what the gate takes.
fn choices(gate: &Gate, what: &str) -> Refusal {
    let list = taken_words(gate);
    refuse(format!("{what}; gate {} takes: {list}", gate.gate))
}

fn words_of(gate: &Gate) -> Vec<String> {
    let key = match gate.kind {
        GateKind::Human => "value",
        GateKind::Approval => "decision",
        GateKind::Permission => "option",
        GateKind::IterationLimit | GateKind::Questions => "do",
    };
    gate.answers
        .iter()
        .filter_map(|spec| spec.answer.get(key).and_then(Value::as_str))
        .map(|word| format!("`{word}`"))
        .collect()
}

fn text_map(pairs: impl IntoIterator<Item = (String, String)>) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(key, text)| (key, Value::String(text)))
        .collect()
}

#[cfg(test)]
mod tests;
