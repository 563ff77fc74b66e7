//! What is known about the values of a run's context: which fields a step's
//! output, a group's outputs and the workflow's own entries have.

use fermata_workflow::loader::Loaded;
use fermata_workflow::model::{OutputField, SetValue, StepKind, ValueType};
use fermata_workflow::{Step, Workflow};
use indexmap::IndexMap;

/// What is known about a value.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Nothing.
    Open,
    /// A map with these fields and no others.
    Fields(Vec<(String, Shape)>),
}

/// A name of a path that its value does not have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Absent {
    /// Which name of the path.
    pub(crate) at: usize,
    /// What there is instead.
    pub(crate) instead: Vec<String>,
}

/// What the context holds under a step's name.
pub(crate) fn entry(loaded: &Loaded, workflow: &Workflow, step: &Step) -> Shape {
    let open = |names: &[&str]| {
        names
            .iter()
            .map(|n| ((*n).to_owned(), Shape::Open))
            .collect::<Vec<_>>()
    };
    match &step.kind {
        StepKind::Parallel(group) => {
            let outputs = group.members.iter().map(|member| {
                let shape = workflow
                    .step(member)
                    .map_or(Shape::Open, |step| output(loaded, step));
                (member.value.clone(), shape)
            });
            let mut fields = vec![("outputs".to_owned(), Shape::Fields(outputs.collect()))];
            fields.extend(open(&["errors", "type"]));
            Shape::Fields(fields)
        }
        StepKind::ForEach(_) => Shape::Fields(open(&["outputs", "errors", "type", "count"])),
        _ => Shape::Fields(vec![("output".to_owned(), output(loaded, step))]),
    }
}

/// What the conditions of a step's routes see as `output`.
pub(crate) fn own(loaded: &Loaded, workflow: &Workflow, step: &Step) -> Shape {
    match &step.kind {
        StepKind::Parallel(_) | StepKind::ForEach(_) => entry(loaded, workflow, step),
        _ => output(loaded, step),
    }
}

fn output(loaded: &Loaded, step: &Step) -> Shape {
    let fixed = |names: &[&str]| {
        Shape::Fields(
            names
                .iter()
                .map(|n| ((*n).to_owned(), Shape::Open))
                .collect(),
        )
    };
    let declared = step.output.as_ref().filter(|o| !o.is_empty());
    match &step.kind {
        StepKind::Agent(_) => declared.map_or(Shape::Open, of_fields),
        StepKind::Script(_) => match declared.map(of_fields) {
            Some(Shape::Fields(mut fields)) => {
                for name in ["stdout", "stderr", "exit_code"] {
                    fields.push((name.to_owned(), Shape::Open));
                }
                Shape::Fields(fields)
            }
            // Whatever JSON the script prints is laid over the three.
            _ => Shape::Open,
        },
        StepKind::Set(set) => match &set.value {
            SetValue::One(_) => Shape::Open,
            SetValue::Many(values) => {
                Shape::Fields(values.keys().map(|k| (k.clone(), Shape::Open)).collect())
            }
        },
        StepKind::Wait(_) => fixed(&["waited_seconds"]),
        StepKind::HumanGate(_) => fixed(&["selected", "additional_input"]),
        StepKind::Questions(_) => fixed(&[
            "answers",
            "items",
            "transcript",
            "answered_count",
            "skipped_count",
            "answered_any",
            "outcome",
        ]),
        StepKind::SubWorkflow(_) => child_output(loaded, step),
        StepKind::Terminate(_)
        | StepKind::Parallel(_)
        | StepKind::ForEach(_)
        | StepKind::Archon(_) => Shape::Open,
    }
}

/// What a sub-workflow gives back, when its `output` says all of it.
fn child_output(loaded: &Loaded, step: &Step) -> Shape {
    let child = loaded
        .children
        .iter()
        .find(|c| c.step == step.name.as_str())
        .and_then(|c| c.loaded.workflow.as_ref());
    let Some(child) = child.filter(|c| !c.output.is_empty()) else {
        return Shape::Open;
    };
    let more = child.steps.iter().any(|s| {
        let replaced = matches!(&s.kind, StepKind::Terminate(end) if end.output_template.is_some());
        replaced || s.routes.iter().any(|r| !r.output.is_empty())
    });
    if more {
        Shape::Open
    } else {
        Shape::Fields(
            child
                .output
                .keys()
                .map(|k| (k.clone(), Shape::Open))
                .collect(),
        )
    }
}

fn of_fields(fields: &IndexMap<String, OutputField>) -> Shape {
    let shape = |field: &OutputField| {
        if field.ty == ValueType::Object && !field.properties.is_empty() {
            of_fields(&field.properties)
        } else {
            Shape::Open
        }
    };
    Shape::Fields(
        fields
            .iter()
            .map(|(name, field)| (name.clone(), shape(field)))
            .collect(),
    )
}

impl Shape {
    /// The first name of the path, from `from` on, that the value does not
    /// have. A `called` last name is a method and always there.
    pub(crate) fn absent(&self, path: &[String], from: usize, called: bool) -> Option<Absent> {
        let Shape::Fields(fields) = self else {
            return None;
        };
        let name = path.get(from)?;
        match fields.iter().find(|(field, _)| field == name) {
            Some((_, shape)) => shape.absent(path, from + 1, called),
            None if called && from + 1 == path.len() => None,
            None => Some(Absent {
                at: from,
                instead: fields.iter().map(|(field, _)| field.clone()).collect(),
            }),
        }
    }

    /// The names of its fields, if they are known.
    pub(crate) fn fields(&self) -> Option<impl Iterator<Item = &str>> {
        match self {
            Shape::Open => None,
            Shape::Fields(fields) => Some(fields.iter().map(|(name, _)| name.as_str())),
        }
    }
}
