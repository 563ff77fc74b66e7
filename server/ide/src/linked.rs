//! Linked editing: while a step's name is typed where it is defined, everything in the file that names it follows.

use fermata_syntax::{Offset, Span};

use crate::definition::{occurrences_at, rename_target};
use crate::snapshot::Snapshot;

/// The places that change together when the text at an offset does, from top to bottom.
///
/// Only on the name of a step where it is defined: elsewhere a person means another step. Nothing where a place is
/// written differently (an escape in a quoted text), or where two steps have the name, because half of a rename is worse
/// than none.
#[must_use]
pub fn linked(snapshot: &Snapshot, offset: Offset) -> Vec<Span> {
    let Some(tree) = snapshot.tree() else {
        return Vec::new();
    };
    let Some((name, span)) = rename_target(snapshot, offset) else {
        return Vec::new();
    };
    let found = occurrences_at(snapshot, offset);
    let defined: Vec<Span> = found.iter().filter(|o| o.defines).map(|o| o.span).collect();
    let alike = found.iter().all(|o| tree.text()[o.span] == *name);
    if defined != [span] || !alike || is_doubled(snapshot, &name) {
        return Vec::new();
    }
    found.into_iter().map(|o| o.span).collect()
}

fn is_doubled(snapshot: &Snapshot, name: &str) -> bool {
    let named = |step: &&fermata_workflow::Step| step.name.trim() == name;
    snapshot
        .own_steps()
        .map(|(_, step)| step)
        .filter(named)
        .nth(1)
        .is_some()
}
