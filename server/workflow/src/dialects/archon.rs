//! The Archon dialect (specs/archon.md): loading, the shape of nodes, the graph, includes and resources.
//!
//! Everything wrong is reported at once; what the dialect's own tool would have said, which stops at the first failing
//! stage, is kept beside it.

use std::path::Path;

use fermata_syntax::Tree;

use crate::loader::Loaded;
use crate::model::Dialect;
use crate::source::{FileId, SourceFile, Sources};
use crate::world::World;

mod authors;
pub mod codes;
mod document;
pub mod eval_rows;
pub mod expand;
mod file;
mod findings;
mod fixes;
mod included;
mod lower;
mod node_warnings;
mod nodes;
mod outcome;
mod place;
pub mod project;
mod providers;
mod resource;
mod scalars;
pub mod structure;
mod top;
mod top_warnings;

pub use fermata_expr::archon::schema::json_schema;
pub use file::{File, Parsed};
pub use project::{Found, Project};
pub use providers::REGISTERED as PROVIDERS;

/// Loads the tree of `path` as an Archon workflow of the project it lies in.
pub(crate) fn load(world: &dyn World, path: &Path, tree: Tree) -> Loaded {
    let mut sources = Sources::default();
    sources.add(SourceFile {
        path: path.to_path_buf(),
        tree: tree.clone(),
        raw: false,
    });
    let mut findings = findings::Findings::default();
    let file = file::read(&tree, FileId::ROOT, &mut findings);
    let mut expanded = None;
    let project = Project::around(world, path);
    if let Some(parsed) = file.parsed.as_ref().filter(|_| findings.loads()) {
        let authors = authors::Authors::new(&project, parsed, &tree);
        expanded = project.check(world, path, (&file, parsed), &authors, &mut findings);
        for file in authors.files() {
            sources.add(file);
        }
    }
    let workflow = lower::workflow(&file, expanded.as_ref());
    let (mut diagnostics, agreed) = findings.finish();
    if let Some(map) = file.root.as_ref().and_then(crate::data::Datum::map) {
        fixes::attach(&mut diagnostics, map, &tree);
    }
    included::point(&mut diagnostics, &sources);
    Loaded {
        sources,
        dialect: Some(Dialect::Archon),
        workflow,
        diagnostics,
        children: Vec::new(),
        surroundings: project.surroundings(path, file.root.as_ref()),
        agreed,
    }
}
