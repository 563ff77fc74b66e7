//! `output_type` (specs/archon.md 4.12): the output of a node is kept as a file
//! among the artifacts, with what kind of thing it is beside it.

use serde_json::{Value, json};

use super::place;
use crate::definition::Definition;
use crate::ids::StepPath;

/// Where an output is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// File of the output's text, absolute.
    pub file: String,
    /// File of the facts, absolute.
    pub meta: String,
    /// The facts, but for the time.
    pub facts: Value,
}

/// Where the output of the attempt at a path is kept, when it is at all.
#[must_use]
pub fn kept(definition: &Definition, path: &StepPath) -> Option<Kept> {
    let place = place::find(definition, path)?;
    let ty = place.node.text("output_type")?;
    let folder = format!("{}/nodes", definition.archon()?.setting().artifacts);
    let name = path.as_str().replace('/', ".");
    Some(Kept {
        file: format!("{folder}/{name}.md"),
        meta: format!("{folder}/{name}.meta.json"),
        facts: json!({"node": place.node.id(), "type": ty}),
    })
}
