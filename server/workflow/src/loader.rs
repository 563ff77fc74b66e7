//! Reads a workflow file and everything it draws in through the [`World`], and
//! hands it to the dialect it is written in.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fermata_syntax::{Offset, Span};

use crate::detect;
use crate::diagnostic::{Diagnostic, Severity};
use crate::dialects::{archon, conductor};
use crate::model::{Dialect, Workflow};
use crate::source::{FileId, Loc, SourceFile, Sources};
use crate::surroundings::Surroundings;
use crate::world::{PathKind, World};

/// A file, loaded: never fails, what is wrong is in `diagnostics`.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The workflow's text first, then included files in the order they were read.
    pub sources: Sources,
    /// The language it is written in; `None` when it is no workflow.
    pub dialect: Option<Dialect>,
    /// The model, as complete as the file allows.
    pub workflow: Option<Workflow>,
    /// Everything the dialect has to say, in file order.
    pub diagnostics: Vec<Diagnostic>,
    /// Workflows that steps of this one run, as far as they were found.
    pub children: Vec<Child>,
    /// What an Archon workflow can name; empty for the other dialect.
    pub surroundings: Surroundings,
    /// See [`crate::verdict::agreed_rules`].
    pub(crate) agreed: Vec<&'static str>,
}

/// A sub-workflow of a load.
#[derive(Debug, Clone)]
pub struct Child {
    /// The step that runs it.
    pub step: String,
    /// Its file.
    pub path: PathBuf,
    /// The file, loaded.
    pub loaded: Arc<Loaded>,
}

impl Loaded {
    fn unreadable(
        path: &Path,
        dialect: Option<Dialect>,
        rule: &'static str,
        code: &'static str,
        message: String,
    ) -> Self {
        let mut sources = Sources::default();
        sources.add(SourceFile {
            path: path.to_path_buf(),
            tree: fermata_syntax::parse(""),
            raw: false,
        });
        let at = Loc {
            file: FileId::ROOT,
            span: Span::empty(Offset::new(0)),
        };
        let diagnostic = Diagnostic::new(code, Severity::Error, at, message).upstream(rule);
        Self {
            sources,
            dialect,
            workflow: None,
            diagnostics: vec![diagnostic],
            children: Vec::new(),
            surroundings: Surroundings::default(),
            agreed: vec![rule],
        }
    }
}

/// Loads `path` in the dialect that the file itself or its place tells.
///
/// A file that is no workflow of any dialect comes back with `dialect: None`,
/// no model and no diagnostics.
#[must_use]
pub fn load(world: &dyn World, path: &Path) -> Loaded {
    load_with(world, path, None)
}

/// Loads `path` as a workflow of this dialect, whatever it looks like.
#[must_use]
pub fn load_as(world: &dyn World, path: &Path, dialect: Dialect) -> Loaded {
    load_with(world, path, Some(dialect))
}

fn load_with(world: &dyn World, path: &Path, asked: Option<Dialect>) -> Loaded {
    let shown = path.display();
    let dialect_of_place = asked.or_else(|| detect::by_place(path));
    let bytes = match world.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let folder = matches!(world.kind(path), Ok(PathKind::Folder | PathKind::Other));
            return if folder {
                Loaded::unreadable(
                    path,
                    dialect_of_place,
                    "L2",
                    "not-a-file",
                    format!("`{shown}` is not a file; name a workflow file"),
                )
            } else if error.kind() == io::ErrorKind::NotFound {
                Loaded::unreadable(
                    path,
                    dialect_of_place,
                    "L1",
                    "file-missing",
                    format!("There is no file `{shown}`"),
                )
            } else {
                let (rule, code) = match dialect_of_place {
                    Some(Dialect::Archon) => ("R67", "read-error"),
                    Some(Dialect::Conductor) | None => ("L3", "file-unreadable"),
                };
                Loaded::unreadable(
                    path,
                    dialect_of_place,
                    rule,
                    code,
                    format!("`{shown}` cannot be read: {error}"),
                )
            };
        }
    };
    let tree = fermata_syntax::parse_bytes(&bytes);
    match asked.or_else(|| detect::dialect(path, &tree)) {
        Some(Dialect::Conductor) => {
            conductor::load(world, path, tree, &conductor::Chain::default())
        }
        Some(Dialect::Archon) => archon::load(world, path, tree),
        dialect => {
            let mut sources = Sources::default();
            sources.add(SourceFile {
                path: path.to_path_buf(),
                tree,
                raw: false,
            });
            Loaded {
                sources,
                dialect,
                workflow: None,
                diagnostics: Vec::new(),
                children: Vec::new(),
                surroundings: Surroundings::default(),
                agreed: Vec::new(),
            }
        }
    }
}
