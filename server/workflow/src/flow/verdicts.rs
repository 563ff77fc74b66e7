//! Verdict fields: output fields that conditions of a back route use, whether
//! each is a score or a flag, and from which value on a score passes.

use crate::model::{OutputField, ValueType, Workflow};

use super::conditions::{Condition, Subject};
use super::graph::FlowEdge;
use super::judges::back_conditions;
use super::passing::passing;

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

const SCORES: &[&str] = &[
    "score",
    "rating",
    "grade",
    "points",
    "confidence",
    "percent",
];
const FLAGS: &[&str] = &[
    "approved", "accepted", "passed", "ok", "lgtm", "verdict", "decision",
];

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
    let like = |list: &[&str]| {
        words.iter().any(|w| {
            list.iter()
                .any(|l| w == l || w.strip_suffix('s') == Some(l))
        })
    };
    if like(SCORES) {
        FieldClass::Score
    } else if like(FLAGS) {
        FieldClass::Flag
    } else {
        FieldClass::Other
    }
}

/// The fields that the conditions of a judge's back edges use, each once.
pub(super) fn verdict_fields(
    workflow: &Workflow,
    judge: usize,
    edges: &[FlowEdge],
) -> Vec<VerdictField> {
    let Some(step) = workflow.steps.get(judge) else {
        return Vec::new();
    };
    let mut found: Vec<VerdictField> = Vec::new();
    for when in edges.iter().flat_map(|e| back_conditions(step, e)) {
        let condition = Condition::read(workflow, judge, when);
        for mention in &condition.mentions {
            let Subject::Output {
                step: on,
                field: Some(name),
            } = &mention.subject
            else {
                continue;
            };
            if found.iter().any(|f| f.step == *on && f.name == *name) {
                continue;
            }
            let declared = workflow
                .steps
                .get(*on)
                .and_then(|s| s.output.as_ref())
                .and_then(|o| o.get(name));
            let class = field_class(name, declared);
            let threshold = (class == FieldClass::Score)
                .then(|| threshold(workflow, *on, name, &condition))
                .flatten();
            found.push(VerdictField {
                step: *on,
                name: name.clone(),
                class,
                threshold,
            });
        }
    }
    found
}

/// From where on a score passes: from the condition, else from the field's
/// declaration, else guessed from the step's prompt.
#[must_use]
pub fn threshold(
    workflow: &Workflow,
    step: usize,
    field: &str,
    condition: &Condition,
) -> Option<Threshold> {
    let from_condition = condition.comparisons.iter().find_map(|c| {
        let same = matches!(&c.subject, Subject::Output { step: s, field: Some(f) } if *s == step && f == field);
        c.compared.constant.as_f64().filter(|_| same)
    });
    if let Some(value) = from_condition {
        return Some(Threshold {
            value,
            origin: ThresholdOrigin::Condition,
        });
    }
    passing(workflow.steps.get(step)?, field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_scores_or_flags_by_type_and_then_by_name() {
        assert_eq!(field_class("quality_score", None), FieldClass::Score);
        assert_eq!(field_class("percent", None), FieldClass::Score);
        assert_eq!(field_class("approved", None), FieldClass::Flag);
        assert_eq!(field_class("final_decision", None), FieldClass::Flag);
        assert_eq!(field_class("underscored", None), FieldClass::Other);
        assert_eq!(field_class("feedback", None), FieldClass::Other);
    }
}
