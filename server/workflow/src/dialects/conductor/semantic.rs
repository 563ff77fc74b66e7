//! The semantic rules V1..V48, one file per rule or family. What they share is
//! the [`view::View`] of the document.

mod capabilities;
mod coverage;
mod explicit;
mod groups;
mod inputs;
mod names;
mod outputs;
mod plugins;
mod sessions;
mod skills;
mod subworkflows;
mod templates;
mod tools;
mod view;

use std::path::Path;

use crate::data::Map;
use crate::loader::Child;
use crate::source::Sources;
use crate::world::World;

use super::Chain;
use super::findings::Findings;
use view::View;

/// Runs every semantic rule; gives back the sub-workflows that were found.
pub(super) fn check(
    world: &dyn World,
    path: &Path,
    root: &Map,
    sources: &Sources,
    chain: &Chain,
    findings: &mut Findings,
) -> Vec<Child> {
    let view = View::new(root, sources, path);
    names::check(&view, findings);
    inputs::check(&view, findings);
    tools::check(&view, findings);
    groups::check(&view, findings);
    let children = subworkflows::check(world, &view, chain, findings);
    outputs::check(&view, findings);
    coverage::check(&view, findings);
    templates::check(&view, findings);
    explicit::check(&view, findings);
    // What providers can do is only worth saying about a file whose fields are right.
    if findings.schema_passed() {
        capabilities::check(&view, findings);
        skills::check(world, &view, findings);
        plugins::check(world, &view, findings);
        sessions::check(&view, findings);
    }
    children
}
