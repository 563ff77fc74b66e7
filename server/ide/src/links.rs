//! Document links: included files and sub-workflows.

use std::path::{Path, PathBuf};

use fermata_syntax::{Kind, Node, Span};
use fermata_workflow::{Dialect, FileId, StepKind};

use crate::snapshot::Snapshot;

/// A text that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The text.
    pub span: Span,
    /// The file, absolute; it need not exist.
    pub path: PathBuf,
}

/// The links of a document.
#[must_use]
pub fn links(snapshot: &Snapshot) -> Vec<Link> {
    let Some(source) = snapshot.loaded.sources.get(FileId::ROOT) else {
        return Vec::new();
    };
    if let Some(workflow) = snapshot.workflow().filter(|w| w.dialect == Dialect::Archon) {
        let around = &snapshot.loaded.surroundings;
        return crate::archon::links::links(&source.tree, workflow, around, &source.path);
    }
    let folder = source.path.parent().unwrap_or(Path::new("/"));
    let mut found = Vec::new();
    if let Some(root) = source.tree.root() {
        included(root, folder, &mut found);
    }
    for (_, step) in snapshot.own_steps() {
        let step = match &step.kind {
            StepKind::ForEach(each) => &each.agent,
            _ => step,
        };
        if let StepKind::SubWorkflow(sub) = &step.kind
            && sub.workflow.loc.file == FileId::ROOT
            && !sub.workflow.contains('@')
        {
            found.push(Link {
                span: sub.workflow.loc.span,
                path: folder.join(sub.workflow.as_str()),
            });
        }
    }
    found.sort_by_key(|link| link.span.start());
    found
}

fn included(node: Node<'_>, folder: &Path, found: &mut Vec<Link>) {
    if node.tag() == Some("!file")
        && let Some(scalar) = node.as_scalar()
    {
        found.push(Link {
            span: scalar.content_span(),
            path: folder.join(scalar.value()),
        });
        return;
    }
    match node.kind() {
        Kind::Mapping(mapping) => mapping
            .entries()
            .for_each(|entry| included(entry.value, folder, found)),
        Kind::Sequence(sequence) => sequence
            .items()
            .for_each(|item| included(item, folder, found)),
        Kind::Scalar(_) | Kind::Alias(_) => {}
    }
}
