//! The Conductor dialect (specs/conductor.md): loading, the schema, lowering
//! into the model and the semantic rules of its `validate`.
//!
//! Everything wrong is reported at once; what the dialect's own tool would have
//! said, which stops at the first failing stage, is kept beside it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use fermata_syntax::Tree;

use crate::data::{Datum, Shape};
use crate::diagnostic::{Diagnostic, Severity};
use crate::loader::Loaded;
use crate::model::Dialect;
use crate::source::{FileId, SourceFile, Sources};
use crate::world::World;

pub mod codes;
pub mod duration;
mod findings;
mod load;
mod lower;
mod pattern;
pub mod providers;
pub mod references;
pub mod schema;
mod semantic;

use findings::Findings;

/// How a chain of sub-workflows led here.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// Canonical paths of the sub-workflows being checked, outermost first. The root is not among them.
    stack: Vec<PathBuf>,
    /// Loads that are left for the whole check: files that all name each other would never end.
    left: Rc<Cell<usize>>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            stack: Vec::new(),
            left: Rc::new(Cell::new(200)),
        }
    }
}

impl Chain {
    /// The chain one level down.
    fn with(&self, file: PathBuf) -> Self {
        let mut deeper = self.clone();
        deeper.stack.push(file);
        deeper
    }

    /// Counts one load; true when none was left.
    fn spend(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left == 0
    }
}

/// Loads the tree of `path` as a Conductor workflow.
pub(crate) fn load(world: &dyn World, path: &Path, tree: Tree, chain: &Chain) -> Loaded {
    let mut sources = Sources::default();
    sources.add(SourceFile {
        path: path.to_path_buf(),
        tree,
        raw: false,
    });
    let mut findings = Findings::default();
    let outcome = load::document(world, &mut sources, &mut findings);
    let mut children = Vec::new();
    let mut workflow = None;
    if let Some(root) = &outcome.root {
        if let Some(map) = root.map() {
            if outcome.checkable {
                schema::check(map, root, &mut findings);
            }
            let lowered = lower::workflow(map, root);
            if outcome.checkable {
                children = semantic::check(world, path, map, &sources, chain, &mut findings);
            }
            workflow = Some(lowered);
        } else {
            findings.load(not_a_mapping(root));
        }
    }
    let (diagnostics, agreed) = findings.finish();
    Loaded {
        sources,
        dialect: Some(Dialect::Conductor),
        workflow,
        diagnostics,
        children,
        surroundings: crate::surroundings::Surroundings::default(),
        agreed,
    }
}

/// The values of a file as its schema sees them: `!file`, merge keys and variables resolved. What JSON cannot say,
/// dates and tagged values, is an object with the one key `!yaml`. `None` where loading fails.
#[must_use]
pub fn values(world: &dyn World, path: &Path) -> Option<serde_json::Value> {
    let text = String::from_utf8(world.read(path).ok()?).ok()?;
    let mut sources = Sources::default();
    sources.add(SourceFile {
        path: path.to_path_buf(),
        tree: fermata_syntax::parse(&text),
        raw: false,
    });
    let mut findings = Findings::default();
    let outcome = load::document(world, &mut sources, &mut findings);
    let (diagnostics, _) = findings.finish();
    let fine = diagnostics.iter().all(|d| d.severity != Severity::Error);
    outcome.root.filter(|_| fine).map(|root| told(&root))
}

fn told(datum: &Datum) -> serde_json::Value {
    match &datum.shape {
        Shape::Date(text) | Shape::Tagged(text) => serde_json::json!({ "!yaml": text }),
        Shape::List(items) => items.iter().map(told).collect(),
        Shape::Map(map) => map
            .entries
            .iter()
            .map(|field| (key(&field.key), told(&field.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        _ => datum.to_json(),
    }
}

/// A key that is no string is none that the schema knows.
fn key(datum: &Datum) -> String {
    match &datum.shape {
        Shape::Text(text) => text.value.clone(),
        _ => format!("!yaml {}", datum.key_string()),
    }
}

fn not_a_mapping(root: &Datum) -> Diagnostic {
    let at = root.loc;
    match root.shape {
        Shape::Null => Diagnostic::new(
            "empty-document",
            Severity::Error,
            at,
            "The file holds no workflow; it needs a `workflow:` mapping and a list of `agents:`",
        )
        .upstream("L8"),
        _ => Diagnostic::new(
            "not-a-mapping",
            Severity::Error,
            at,
            format!(
                "A workflow is a mapping with `workflow:` and `agents:`, this file holds {}",
                root.word()
            ),
        )
        .upstream("L9"),
    }
}

/// The root file's id, for findings that have no better place.
pub(crate) const ROOT: FileId = FileId::ROOT;
