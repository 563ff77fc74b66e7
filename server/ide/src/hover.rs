//! Hover: what a key means, and what a step is and where it stands in a loop.

use std::fmt::Write as _;

use fermata_syntax::{Offset, Span};
use fermata_workflow::model::END;
use fermata_workflow::{Dialect, Step, Workflow};

use crate::keys;
use crate::place::{Place, place};
use crate::snapshot::Snapshot;

/// Markdown about a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// What it is about.
    pub span: Span,
    /// The text.
    pub markdown: String,
}

/// What is to be said about an offset; `None` where there is nothing.
#[must_use]
pub fn hover(snapshot: &Snapshot, offset: Offset) -> Option<Hover> {
    let workflow = snapshot.workflow()?;
    if workflow.dialect == Dialect::Archon {
        return crate::archon::hover::hover(snapshot, offset);
    }
    let place = place(snapshot.tree()?, offset);
    if place.on_key {
        let (_, span) = place.key.as_ref()?;
        return Some(Hover {
            span: *span,
            markdown: of_key(&place.path)?,
        });
    }
    let (value, span) = place.value.as_ref()?;
    let markdown = if names_step(&place) {
        if value == END {
            "Ends the workflow and renders its output.".to_owned()
        } else {
            of_step(snapshot, workflow, value)?
        }
    } else {
        of_key(&place.path)?
    };
    Some(Hover {
        span: *span,
        markdown,
    })
}

/// Whether the value at a place is a step's name.
pub(crate) fn names_step(place: &Place) -> bool {
    [
        "entry_point",
        "routes[].to",
        "options[].route",
        "abort_route",
        "depends_on[]",
        "parallel[].agents[]",
        "[].name",
        "nodes[].id",
    ]
    .iter()
    .any(|end| place.path.ends_with(end))
}

fn of_key(path: &str) -> Option<String> {
    let key = keys::find(path)?;
    let must = if key.required { " · required" } else { "" };
    Some(format!(
        "**{}** · {}{must}\n\n{}",
        key.name,
        keys::type_words(&key.kind),
        key.doc
    ))
}

/// What a step is: its kind, description, output and loops.
pub(crate) fn of_step(snapshot: &Snapshot, workflow: &Workflow, name: &str) -> Option<String> {
    let step = workflow.step(name)?;
    let mut text = format!("**{name}** · {}", step.kind.word());
    if let Some(description) = &step.description {
        let _ = write!(text, "\n\n{}", description.as_str());
    }
    if let Some(fields) = output_fields(step) {
        let _ = write!(text, "\n\nYields {fields}.");
    }
    let flow = snapshot.flow()?;
    let index = workflow.steps.iter().position(|s| std::ptr::eq(s, step))?;
    for found in flow.loops(workflow).iter().filter(|l| l.contains(index)) {
        let _ = write!(text, "\n\nIn the loop {}", found.name);
        let limit = u64::from(workflow.limits.max_iterations());
        let length = found.round_length().max(1) as u64;
        let _ = write!(
            text,
            ", about {} rounds until the limit of {limit} iterations.",
            limit / length
        );
    }
    if let Some(run) = snapshot
        .facts
        .runs
        .iter()
        .find(|run| run.gates.iter().any(|gate| gate.step == name))
    {
        let _ = write!(text, "\n\nRun {} holds here.", run.short);
    }
    Some(text)
}

fn output_fields(step: &Step) -> Option<String> {
    let fields = step.output.as_ref().filter(|fields| !fields.is_empty())?;
    let words: Vec<String> = fields
        .iter()
        .map(|(name, field)| format!("`{name}` ({})", field.ty.word()))
        .collect();
    Some(words.join(", "))
}
