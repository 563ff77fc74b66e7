//! Go to definition, references and rename of steps: wherever a step's name is
//! written, in routes, gate options, groups and templates.

use fermata_syntax::{Offset, Span};
use fermata_workflow::dag::Dag;
use fermata_workflow::model::{END, Workflow};
use fermata_workflow::{Dialect, FileId, StepKind, Text};

use crate::archon;
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
    if workflow.dialect == Dialect::Archon {
        let (node, span) = archon::occurrences::target(snapshot, offset)?;
        let name = Dag::new(workflow).nodes[node].step.name.trim().to_owned();
        return Some((name, span));
    }
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
    let archon = snapshot.workflow()?.dialect == Dialect::Archon;
    let other = || {
        archon::occurrences::field(snapshot, offset)
            .or_else(|| archon::occurrences::input(snapshot, offset))
    };
    let step = || {
        occurrences_at(snapshot, offset)
            .into_iter()
            .find(|o| o.defines)
            .map(|o| o.span)
    };
    step().or_else(|| archon.then(other)?)
}

/// Every place where the step under an offset is written, from top to bottom.
#[must_use]
pub fn occurrences_at(snapshot: &Snapshot, offset: Offset) -> Vec<Occurrence> {
    let Some(workflow) = snapshot.workflow() else {
        return Vec::new();
    };
    if workflow.dialect != Dialect::Archon {
        let target = rename_target(snapshot, offset);
        return target.map_or_else(Vec::new, |(name, _)| occurrences(snapshot, &name));
    }
    let found = archon::occurrences::target(snapshot, offset).zip(snapshot.tree());
    found.map_or_else(Vec::new, |((node, _), tree)| {
        archon::occurrences::of(tree, workflow, &Dag::new(workflow), node)
    })
}

/// Whether the step under an offset cannot have a name, because another one has it where it would be seen.
#[must_use]
pub fn is_taken(snapshot: &Snapshot, offset: Offset, name: &str) -> bool {
    let Some(workflow) = snapshot.workflow() else {
        return false;
    };
    if workflow.dialect != Dialect::Archon {
        return !occurrences(snapshot, name).is_empty();
    }
    let dag = Dag::new(workflow);
    archon::occurrences::target(snapshot, offset).is_some_and(|(node, _)| {
        name == "INPUTS"
            || dag.find(node, name).is_some()
            || (0..dag.nodes.len()).any(|other| {
                dag.nodes[other].step.name.trim() == name
                    && dag
                        .visible(other)
                        .contains(&dag.nodes[node].step.name.trim())
            })
    })
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
