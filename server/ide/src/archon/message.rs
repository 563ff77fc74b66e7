//! Whether the words that a run is started with are read by it: an editor that
//! can ask for them does so then.

use fermata_workflow::dag::{self, Dag, DagNode};
use fermata_workflow::model::ArchonKind;
use fermata_workflow::{FileId, Loaded};

/// The two names under which texts read the words.
const NAMES: [&str; 2] = ["$ARGUMENTS", "$USER_MESSAGE"];

/// Whether a workflow of Archon reads the words of its request. What is in
/// other files, commands and included workflows, is taken to do so.
#[must_use]
pub fn reads_message(loaded: &Loaded) -> bool {
    loaded
        .workflow
        .as_ref()
        .is_some_and(|workflow| Dag::new(workflow).nodes.iter().any(|n| reads(loaded, n)))
}

fn reads(loaded: &Loaded, node: &DagNode<'_>) -> bool {
    match node.kind {
        ArchonKind::Command { .. } | ArchonKind::Include { .. } => return true,
        ArchonKind::Loop(own) if own.prompt.is_none() => return true,
        _ => {}
    }
    loaded.sources.get(FileId::ROOT).is_some_and(|file| {
        dag::texts(&file.tree, node.step)
            .iter()
            .any(|text| NAMES.iter().any(|name| text.text().contains(name)))
    })
}
