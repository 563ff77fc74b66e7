//! From a syntax tree to loaded values: syntax problems, `!file` inclusion,
//! merge keys, scalar rules and environment substitution (load rules L4..L14).

mod compose;
mod environment;
mod printable;
mod scalars;
mod syntax_problems;

use crate::data::Datum;
use crate::source::Sources;
use crate::world::World;

use super::ROOT;
use super::findings::Findings;

pub(super) use environment::substitute;

/// What loading gave.
pub(super) struct Outcome {
    /// The document's value.
    pub(super) root: Option<Datum>,
    /// False when the text had to be healed: what follows would only repeat that.
    pub(super) checkable: bool,
}

/// Loads the root file of `sources`; adds included files to it.
pub(super) fn document(world: &dyn World, sources: &mut Sources, findings: &mut Findings) -> Outcome {
    let Some(tree) = sources.get(ROOT).map(|f| f.tree.clone()) else {
        return Outcome { root: None, checkable: false };
    };
    let checkable = !syntax_problems::report(&tree, findings);
    let mut root = compose::root(world, sources, &tree, findings);
    environment::apply(world, sources, &mut root, findings);
    Outcome { root: Some(root), checkable }
}
