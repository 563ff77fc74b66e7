//! What bounds a loop besides the workflow's iteration limit, which stops a run
//! and does not decide anything.

use super::judge::{VerdictKind, kind_of};
use super::refs::{self, Operand};
use super::{Flow, StepIndex};
use crate::model::{SetValue, Step, StepKind, Workflow};

/// Something that ends a loop by deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// A route of this step looks at a counter: the iteration, the history's length, or a count kept by a set step.
    Counter(StepIndex),
    /// A route of this step looks at a score.
    Score(StepIndex),
    /// This step asks a person.
    Person(StepIndex),
}

/// Every bound of a loop.
pub(super) fn find(workflow: &Workflow, flow: &Flow, steps: &[StepIndex]) -> Vec<Bound> {
    let _ = flow;
    let mut bounds = Vec::new();
    for &index in steps {
        let step = &workflow.steps[index];
        match &step.kind {
            StepKind::HumanGate(_) | StepKind::Questions(_) => bounds.push(Bound::Person(index)),
            _ => {
                for used in step.routes.iter().flat_map(refs::of_route) {
                    match &used.operand {
                        Operand::Iteration | Operand::History => bounds.push(Bound::Counter(index)),
                        Operand::OwnOutput(field) => bounds.extend(by_output(workflow, index, step, field)),
                        Operand::Output { step: name, field } => {
                            if let Some(of) = workflow.step(name) {
                                bounds.extend(by_output(workflow, index, of, field));
                            }
                        }
                        Operand::Input(_) | Operand::Other => {}
                    }
                }
            }
        }
    }
    bounds.dedup();
    bounds
}

/// The bound that a route of `at` has when it looks at this output of `of`.
fn by_output(workflow: &Workflow, at: StepIndex, of: &Step, field: &[String]) -> Option<Bound> {
    if let StepKind::Set(set) = &of.kind {
        return counts(workflow, of, set).then_some(Bound::Counter(at));
    }
    let name = field.first()?;
    let declared = of.output.as_ref().and_then(|fields| fields.get(name));
    (kind_of(name, declared) == VerdictKind::Score).then_some(Bound::Score(at))
}

/// Whether a set step keeps a count: its value is made from its own last value, the iteration or the history.
fn counts(_workflow: &Workflow, step: &Step, set: &crate::model::SetStep) -> bool {
    let templates: Vec<&str> = match &set.value {
        SetValue::One(text) => vec![text.as_str()],
        SetValue::Many(texts) => texts.values().map(|text| text.as_str()).collect(),
    };
    templates.into_iter().flat_map(refs::of_template).any(|used| match used {
        Operand::Iteration | Operand::History => true,
        Operand::Output { step: of, .. } => of == step.name.as_str(),
        Operand::OwnOutput(_) | Operand::Input(_) | Operand::Other => false,
    })
}
