//! The semantic rules V1..V48.

use std::path::Path;

use crate::data::Map;
use crate::loader::Child;
use crate::source::Sources;
use crate::world::World;

use super::Chain;
use super::findings::Findings;

/// Runs every semantic rule.
pub(super) fn check(_world: &dyn World, _path: &Path, _root: &Map, _sources: &Sources, _chain: &Chain, _findings: &mut Findings) -> Vec<Child> {
    Vec::new()
}
