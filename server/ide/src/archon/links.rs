//! Links of an Archon file: command files, scripts, included workflows, sub-runs and files of MCP servers.

use std::path::{Path, PathBuf};

use fermata_syntax::{Scalar, Tree};
use fermata_workflow::dag::{self, Dag};
use fermata_workflow::{Surroundings, Workflow};

use crate::links::Link;

/// Every text that names a file, from top to bottom.
pub(crate) fn links(
    tree: &Tree,
    workflow: &Workflow,
    around: &Surroundings,
    file: &Path,
) -> Vec<Link> {
    let root = file
        .ancestors()
        .find(|a| a.ends_with(".archon"))
        .and_then(Path::parent);
    let dag = Dag::new(workflow);
    let mut found = Vec::new();
    for node in &dag.nodes {
        let Some(mapping) = dag::mapping(tree, node.step) else {
            continue;
        };
        let mut add = |path: &[&str], means: &dyn Fn(&str) -> Option<PathBuf>| {
            let scalar: Option<Scalar<'_>> = dag::value(mapping, path).and_then(|n| n.as_scalar());
            if let Some((scalar, path)) = scalar.and_then(|s| Some((s, means(s.value().trim())?))) {
                found.push(Link {
                    span: scalar.content_span(),
                    path,
                });
            }
        };
        let command = |name: &str| around.commands.get(name).cloned();
        let other = |name: &str| Some(around.workflows.get(name)?.path.clone());
        add(&["command"], &command);
        add(&["loop", "command"], &command);
        add(&["script"], &|name| around.scripts.get(name).cloned());
        add(&["include"], &other);
        add(&["workflow"], &other);
        add(&["mcp"], &|name| Some(root?.join(name)));
    }
    found.sort_by_key(|link| link.span.start());
    found
}
