//! Document symbols: inputs and steps, with the steps of groups below their group.

use fermata_syntax::Span;
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{FileId, StepKind};

use crate::snapshot::Snapshot;

/// What a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SymbolKind {
    Input,
    Agent,
    Process,
    Decision,
    Value,
    Group,
    Workflow,
    Other,
}

/// One entry of the outline.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// The kind's word, or an input's type.
    pub detail: String,
    /// What it is.
    pub kind: SymbolKind,
    /// The whole entry.
    pub span: Span,
    /// Its name's place.
    pub selection: Span,
    /// What is inside.
    pub children: Vec<Symbol>,
}

/// The outline of a document.
#[must_use]
pub fn symbols(snapshot: &Snapshot) -> Vec<Symbol> {
    let Some(workflow) = snapshot.workflow() else {
        return Vec::new();
    };
    let inputs = workflow
        .inputs
        .values()
        .filter(|input| input.loc.file == FileId::ROOT)
        .map(|input| Symbol {
            name: input.name.as_str().to_owned(),
            detail: input.ty.map_or("input", |ty| ty.word()).to_owned(),
            kind: SymbolKind::Input,
            span: input.loc.span.cover(input.name.loc.span),
            selection: input.name.loc.span,
            children: Vec::new(),
        });
    inputs
        .chain(snapshot.own_steps().map(|(_, step)| symbol(step)))
        .collect()
}

/// The entry of one step.
pub(crate) fn symbol(step: &fermata_workflow::Step) -> Symbol {
    let children = match &step.kind {
        StepKind::ForEach(each) if each.agent.loc.file == step.loc.file => {
            vec![symbol(&each.agent)]
        }
        StepKind::Archon(kind) => match kind.as_ref() {
            ArchonKind::LoopGroup { nodes, .. } => nodes.iter().map(symbol).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    // A step whose name is missing or included from elsewhere is selected as a whole.
    let inside =
        step.name.loc.file == step.loc.file && step.loc.span.contains_range(step.name.loc.span);
    Symbol {
        name: if step.name.is_empty() {
            "(no name)".to_owned()
        } else {
            step.name.as_str().to_owned()
        },
        detail: step.kind.word().to_owned(),
        kind: kind(&step.kind),
        span: step.loc.span,
        selection: if inside {
            step.name.loc.span
        } else {
            step.loc.span
        },
        children,
    }
}

fn kind(kind: &StepKind) -> SymbolKind {
    match kind {
        StepKind::Agent(_) => SymbolKind::Agent,
        StepKind::Script(_) => SymbolKind::Process,
        StepKind::HumanGate(_) | StepKind::Questions(_) => SymbolKind::Decision,
        StepKind::Set(_) | StepKind::Wait(_) => SymbolKind::Value,
        StepKind::Parallel(_) | StepKind::ForEach(_) => SymbolKind::Group,
        StepKind::SubWorkflow(_) => SymbolKind::Workflow,
        StepKind::Archon(kind) => match kind.as_ref() {
            ArchonKind::Command { .. } | ArchonKind::Prompt { .. } | ArchonKind::Loop(_) => {
                SymbolKind::Agent
            }
            ArchonKind::Bash { .. } | ArchonKind::Script { .. } => SymbolKind::Process,
            ArchonKind::Approval { .. } => SymbolKind::Decision,
            ArchonKind::LoopGroup { .. } => SymbolKind::Group,
            ArchonKind::Include { .. } | ArchonKind::Workflow { .. } => SymbolKind::Workflow,
            ArchonKind::Cancel { .. } => SymbolKind::Other,
        },
        StepKind::Terminate(_) => SymbolKind::Other,
    }
}
