//! From a syntax tree to loaded values: syntax problems, `!file` inclusion,
//! merge keys, scalar rules and environment substitution (load rules L4..L14).

mod compose;
mod environment;
mod partials;
mod printable;
mod scalars;
mod syntax_problems;

use crate::data::Datum;
use crate::source::Sources;
use crate::world::World;

use super::ROOT;
use super::findings::Findings;

/// What loading gave.
pub(super) struct Outcome {
    /// The document's value.
    pub(super) root: Option<Datum>,
    /// False when the text had to be healed: what follows would only repeat that.
    pub(super) checkable: bool,
}

/// Loads the root file of `sources`; adds included files to it.
pub(super) fn document(
    world: &dyn World,
    sources: &mut Sources,
    findings: &mut Findings,
) -> Outcome {
    let Some(tree) = sources.get(ROOT).map(|f| f.tree.clone()) else {
        return Outcome {
            root: None,
            checkable: false,
        };
    };
    let read = printable::with_plain_breaks(tree.text()).map(|text| fermata_syntax::parse(&text));
    let foreign = read.is_some();
    let tree = read.unwrap_or(tree);
    let checkable = !syntax_problems::report(&tree, findings);
    let mut root = compose::root(world, sources, &tree, foreign, findings);
    environment::apply(world, sources, &mut root, findings);
    partials::apply(world, sources, &mut root);
    Outcome {
        root: Some(root),
        checkable,
    }
}

/// Sources and value of a text, for tests of single rules.
#[cfg(test)]
pub(super) fn document_of_text(text: &str) -> (Sources, Datum) {
    let mut sources = Sources::default();
    let path = std::path::PathBuf::from("/w/w.yaml");
    sources.add(crate::source::SourceFile {
        path,
        tree: fermata_syntax::parse(text),
        raw: false,
    });
    let mut findings = Findings::default();
    let outcome = document(
        &crate::memory::MemoryWorld::new(),
        &mut sources,
        &mut findings,
    );
    (sources, outcome.root.expect("a document"))
}
