//! Own bounds of a loop: what ends it by itself, other than the verdict.

use crate::model::{SetValue, StepKind, Workflow};
use crate::source::Loc;

use super::conditions::{Condition, Subject};
use super::verdicts::{FieldClass, field_class};

/// What bounds a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BoundKind {
    /// A condition on a counter: `context.iteration`, a count kept by a set step, the length of the history.
    Counter,
    /// A condition on a score.
    Score,
    /// A person decides on the way.
    HumanGate,
}

/// One bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnBound {
    /// What bounds it.
    pub kind: BoundKind,
    /// The step it belongs to, by index in `Workflow::steps`.
    pub step: usize,
    /// The condition, or the gate's name.
    pub loc: Loc,
}

/// Every bound among the routes and steps of a component.
pub(super) fn own_bounds(workflow: &Workflow, steps: &[usize]) -> Vec<OwnBound> {
    let mut found = Vec::new();
    for index in steps {
        let Some(step) = workflow.steps.get(*index) else {
            continue;
        };
        if matches!(step.kind, StepKind::HumanGate(_) | StepKind::Questions(_)) {
            found.push(OwnBound {
                kind: BoundKind::HumanGate,
                step: *index,
                loc: step.name.loc,
            });
            continue;
        }
        for when in step.routes.iter().filter_map(|r| r.when.as_ref()) {
            let condition = Condition::read(workflow, *index, when);
            if let Some(kind) = condition
                .mentions
                .iter()
                .find_map(|m| bound(workflow, &m.subject))
            {
                found.push(OwnBound {
                    kind,
                    step: *index,
                    loc: when.loc,
                });
            }
        }
    }
    found
}

fn bound(workflow: &Workflow, subject: &Subject) -> Option<BoundKind> {
    match subject {
        Subject::Iteration | Subject::History => Some(BoundKind::Counter),
        Subject::Output { step, field } => {
            let on = workflow.steps.get(*step)?;
            if let StepKind::Set(set) = &on.kind {
                let template = match (&set.value, field) {
                    (SetValue::One(value), _) => Some(value),
                    (SetValue::Many(values), Some(field)) => values.get(field),
                    (SetValue::Many(_), None) => None,
                };
                return template
                    .filter(|t| counts(t, on.name.as_str()))
                    .map(|_| BoundKind::Counter);
            }
            let name = field.as_ref()?;
            let declared = on.output.as_ref().and_then(|o| o.get(name));
            (field_class(name, declared) == FieldClass::Score).then_some(BoundKind::Score)
        }
        Subject::Input(_) => None,
    }
}

/// Whether a set step's template keeps a count: it adds to what it was, or measures the history.
fn counts(template: &str, own: &str) -> bool {
    let Ok(parsed) = fermata_expr::template::parse(template) else {
        return false;
    };
    parsed.references().iter().any(|r| {
        let name = |at: usize| r.path.get(at).map(|s| s.name.as_str());
        let itself = name(0) == Some(own) && name(1) == Some("output") && template.contains('+');
        let counter =
            name(0) == Some("context") && matches!(name(1), Some("iteration" | "history"));
        itself || counter
    })
}
