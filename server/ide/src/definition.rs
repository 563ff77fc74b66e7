//! Go to definition, references and rename of steps: wherever a step's name is
//! written, in routes, gate options, groups and templates.

use fermata_syntax::{Offset, Span};
use fermata_workflow::model::{END, Workflow};
use fermata_workflow::{FileId, StepKind, Text};

use crate::snapshot::Snapshot;

/// One place where a step's name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// The name's bytes.
    pub span: Span,
    /// Whether this is where the step is defined.
    pub defines: bool,
}

/// The name of the step that an offset is on, with the span it is written in.
#[must_use]
pub fn rename_target(snapshot: &Snapshot, offset: Offset) -> Option<(String, Span)> {
    let workflow = snapshot.workflow()?;
    workflow
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .find_map(|name| {
            let found = occurrences(snapshot, name)
                .into_iter()
                .find(|o| o.span.contains_inclusive(offset))?;
            Some((name.to_owned(), found.span))
        })
}

/// Where the step under an offset is defined.
#[must_use]
pub fn definition(snapshot: &Snapshot, offset: Offset) -> Option<Span> {
    let (name, _) = rename_target(snapshot, offset)?;
    occurrences(snapshot, &name)
        .into_iter()
        .find(|o| o.defines)
        .map(|o| o.span)
}

/// Every place of the document where a step's name is written, from top to bottom.
#[must_use]
pub fn occurrences(snapshot: &Snapshot, name: &str) -> Vec<Occurrence> {
    let Some(workflow) = snapshot.workflow() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut plain = |text: &Text, defines: bool| {
        if text.as_str() == name && text.loc.file == FileId::ROOT && name != END {
            found.push(Occurrence {
                span: inner(snapshot, text),
                defines,
            });
        }
    };
    if let Some(entry) = &workflow.entry {
        plain(entry, false);
    }
    let mut first = true;
    for step in &workflow.steps {
        // Of duplicate names the first is the one that runs.
        plain(&step.name, first && step.name.as_str() == name);
        first &= step.name.as_str() != name;
        for route in &step.routes {
            plain(&route.to, false);
        }
        match &step.kind {
            StepKind::HumanGate(gate) => gate
                .options
                .iter()
                .for_each(|option| plain(&option.route, false)),
            StepKind::Questions(questions) => questions
                .abort_route
                .iter()
                .for_each(|route| plain(route, false)),
            StepKind::Parallel(group) => {
                group.members.iter().for_each(|member| plain(member, false))
            }
            _ => {}
        }
        for needed in step.node.iter().flat_map(|node| &node.depends_on) {
            plain(needed, false);
        }
    }
    found.extend(in_templates(snapshot, workflow, name));
    found.sort_by_key(|o| (o.span.start(), !o.defines));
    found.dedup();
    found
}

/// The text inside quotes.
fn inner(snapshot: &Snapshot, text: &Text) -> Span {
    let loc = snapshot.loaded.sources.locate(text, 0..text.value.len());
    if loc.file == text.loc.file {
        loc.span
    } else {
        text.loc.span
    }
}

/// Roots of references inside templates that name the step.
fn in_templates(snapshot: &Snapshot, workflow: &Workflow, name: &str) -> Vec<Occurrence> {
    fermata_workflow::texts::templates(workflow)
        .into_iter()
        .map(|template| template.text)
        .filter(|text| text.loc.file == FileId::ROOT && !text.substituted && text.contains(name))
        .flat_map(|text| {
            let parsed = fermata_expr::template::parse(text.as_str()).ok();
            let roots = parsed.into_iter().flat_map(|parsed| parsed.references());
            roots
                .filter_map(|reference| reference.path.first().cloned())
                .map(|root| (text, root))
                .collect::<Vec<_>>()
        })
        .filter(|(_, root)| root.name == name)
        .map(|(text, root)| Occurrence {
            span: snapshot.loaded.sources.locate(text, root.span).span,
            defines: false,
        })
        .collect()
}
