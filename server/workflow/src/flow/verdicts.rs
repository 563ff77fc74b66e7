//! Verdict fields: output fields that conditions of a back route use, whether
//! each is a score or a flag, and from which value on a score passes.

use crate::model::{OutputField, ValueType, Workflow};

use super::graph::{Flow, FlowEdge};

/// What kind of verdict a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldClass {
    /// A number, or named like one: score, rating, grade, points, confidence, percent.
    Score,
    /// A boolean, or named like one: approved, accepted, passed, ok, lgtm, verdict, decision.
    Flag,
    /// Anything else.
    Other,
}

/// An output field that a back route's condition uses.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictField {
    /// The step whose output it is, by index in `Workflow::steps`.
    pub step: usize,
    /// The field.
    pub name: String,
    /// Score, flag or neither.
    pub class: FieldClass,
    /// From where on the score passes, if it can be told.
    pub threshold: Option<Threshold>,
}

/// A passing score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The value.
    pub value: f64,
    /// Where it was read from.
    pub origin: ThresholdOrigin,
}

/// Where a threshold was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThresholdOrigin {
    /// A comparison in a route's condition.
    Condition,
    /// Bounds or description of the output field.
    Schema,
    /// A number in the judge's prompt; a guess, and to be called one.
    Prompt,
}

const SCORES: &[&str] = &["score", "rating", "grade", "points", "confidence", "percent"];
const FLAGS: &[&str] = &["approved", "accepted", "passed", "ok", "lgtm", "verdict", "decision"];

/// Score, flag or neither, by declared type and then by name.
#[must_use]
pub fn field_class(name: &str, declared: Option<&OutputField>) -> FieldClass {
    match declared.map(|f| f.ty) {
        Some(ValueType::Number) => return FieldClass::Score,
        Some(ValueType::Boolean) => return FieldClass::Flag,
        Some(ValueType::Array | ValueType::Object) => return FieldClass::Other,
        Some(ValueType::String) | None => {}
    }
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let like = |list: &[&str]| words.iter().any(|w| list.iter().any(|l| w == l || w.strip_suffix('s') == Some(l)));
    if like(SCORES) {
        FieldClass::Score
    } else if like(FLAGS) {
        FieldClass::Flag
    } else {
        FieldClass::Other
    }
}

pub(super) fn verdict_fields(_workflow: &Workflow, _flow: &Flow, _step: usize, _edges: &[FlowEdge]) -> Vec<VerdictField> {
    Vec::new()
}
