//! Judges: steps that can send work back, and the fields their verdict is in.

use super::refs::{self, Operand, Use};
use super::{EdgeKind, Flow, StepIndex, Target};
use crate::model::{OutputField, Step, StepKind, ValueType, Workflow};

/// A step with a conditional route back to an earlier step of its loop.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The step.
    pub step: StepIndex,
    /// Indices of its routes that lead back.
    pub back_routes: Vec<usize>,
    /// Indices of its routes that leave the loop.
    pub exit_routes: Vec<usize>,
    /// Indices of the routes whose conditions decide about going back: up to and including the last back route.
    pub deciding_routes: Vec<usize>,
    /// Fields of its output that those conditions use.
    pub verdict: Vec<VerdictField>,
    /// Every field of its declared output that is a score or a flag.
    pub declared: Vec<VerdictField>,
    /// The score that passes, as far as the file tells.
    pub threshold: Option<Threshold>,
}

/// What a field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictKind {
    /// A number: how good.
    Score,
    /// A yes or no.
    Flag,
    /// Something else.
    Other,
}

/// A field that a verdict is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictField {
    /// Its name in the judge's output.
    pub name: String,
    /// What it says.
    pub kind: VerdictKind,
}

/// The passing score.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The score that is enough.
    pub value: f64,
    /// Whether it was read out of prose instead of a condition or a schema.
    pub guessed: bool,
}

const SCORES: &[&str] = &["score", "rating", "grade", "points", "confidence", "percent"];
const FLAGS: &[&str] = &["approved", "accepted", "passed", "ok", "lgtm", "verdict", "decision"];

/// What a field is by its type and name.
pub(super) fn kind_of(name: &str, field: Option<&OutputField>) -> VerdictKind {
    match field.map(|f| f.ty) {
        Some(ValueType::Number) => return VerdictKind::Score,
        Some(ValueType::Boolean) => return VerdictKind::Flag,
        _ => {}
    }
    let lower = name.to_lowercase();
    let has = |words: &[&str]| lower.split(|c: char| !c.is_alphanumeric()).any(|part| words.contains(&part));
    if has(SCORES) {
        VerdictKind::Score
    } else if has(FLAGS) {
        VerdictKind::Flag
    } else {
        VerdictKind::Other
    }
}

/// The judges of a loop, in the loop's order.
pub(super) fn find(workflow: &Workflow, flow: &Flow, steps: &[StepIndex]) -> Vec<Judge> {
    steps.iter().filter_map(|&index| judge(workflow, flow, steps, index)).collect()
}

fn judge(workflow: &Workflow, flow: &Flow, steps: &[StepIndex], index: StepIndex) -> Option<Judge> {
    let step = &workflow.steps[index];
    // A person who sends work back is a bound, not a judge.
    if matches!(step.kind, StepKind::HumanGate(_) | StepKind::Questions(_)) {
        return None;
    }
    let mut back_routes = Vec::new();
    let mut exit_routes = Vec::new();
    for edge in flow.out(index) {
        let EdgeKind::Route(route) = edge.kind else { continue };
        match edge.to {
            Target::Step(to) if steps.contains(&to) => {
                // A route behind an unconditional one is dead, and one that every run takes decides nothing.
                if edge.back && edge.conditional {
                    back_routes.push(route);
                }
            }
            Target::Step(_) | Target::End | Target::Unknown => exit_routes.push(route),
        }
    }
    let last = *back_routes.last()?;
    let deciding_routes: Vec<usize> = (0..=last).filter(|route| step.routes[*route].when.is_some()).collect();
    let declared: Vec<VerdictField> = step
        .output
        .iter()
        .flatten()
        .map(|(name, field)| VerdictField { name: name.clone(), kind: kind_of(name, Some(field)) })
        .filter(|field| field.kind != VerdictKind::Other)
        .collect();
    let uses: Vec<Use> = deciding_routes.iter().flat_map(|route| refs::of_route(&step.routes[*route])).collect();
    let mut verdict: Vec<VerdictField> = Vec::new();
    for used in &uses {
        if let Some(name) = own_field(used, step)
            && verdict.iter().all(|field| field.name != name)
        {
            let field = step.output.as_ref().and_then(|fields| fields.get(name));
            verdict.push(VerdictField { name: name.to_owned(), kind: kind_of(name, field) });
        }
    }
    let threshold = threshold(step, &uses);
    Some(Judge { step: index, back_routes, exit_routes, deciding_routes, verdict, declared, threshold })
}

/// The field of the step's own output that a condition uses.
fn own_field<'u>(used: &'u Use, step: &Step) -> Option<&'u str> {
    match &used.operand {
        Operand::OwnOutput(field) => field.first().map(String::as_str),
        Operand::Output { step: of, field } if of == step.name.as_str() => field.first().map(String::as_str),
        _ => None,
    }
}

/// The passing score: from a condition, else from the schema's description, else from the prompt (a guess).
fn threshold(step: &Step, uses: &[Use]) -> Option<Threshold> {
    let score = |name: &str| kind_of(name, step.output.as_ref().and_then(|f| f.get(name))) == VerdictKind::Score;
    let compared = uses.iter().find(|used| own_field(used, step).is_some_and(score));
    if let Some(value) = compared.and_then(|used| used.compared_with) {
        return Some(Threshold { value, guessed: false });
    }
    let described = step.output.iter().flatten().filter(|(name, _)| score(name)).find_map(|(_, field)| {
        let text = field.description.as_ref()?;
        number_beside_words(text)
    });
    if let Some(value) = described {
        return Some(Threshold { value, guessed: false });
    }
    let StepKind::Agent(agent) = &step.kind else { return None };
    let texts = [agent.prompt.as_ref(), agent.system_prompt.as_ref()];
    let guess = texts.into_iter().flatten().find_map(|text| number_beside_words(text))?;
    Some(Threshold { value: guess, guessed: true })
}

/// The first number that follows a word for a threshold closely, or that "is enough".
fn number_beside_words(text: &str) -> Option<f64> {
    let lower = text.to_lowercase();
    for word in ["threshold", "at least", "minimum of", "≥", ">="] {
        for (at, _) in lower.match_indices(word) {
            let rest = &lower[at + word.len()..];
            let near: String = rest.chars().take(24).collect();
            if let Some(value) = first_number(&near) {
                return Some(value);
            }
        }
    }
    let at = lower.find("is enough").or_else(|| lower.find("or more")).or_else(|| lower.find("or higher"))?;
    last_number(&lower[..at])
}

fn first_number(text: &str) -> Option<f64> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let end = text[start..].find(|c: char| !c.is_ascii_digit() && c != '.').map_or(text.len(), |n| start + n);
    text[start..end].trim_end_matches('.').parse().ok()
}

fn last_number(text: &str) -> Option<f64> {
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = text[..end].rfind(|c: char| !c.is_ascii_digit() && c != '.').map_or(0, |n| n + text[n..].chars().next().map_or(1, char::len_utf8));
    text[start..end].trim_start_matches('.').parse().ok()
}
