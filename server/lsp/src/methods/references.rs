//! `textDocument/references`.

use tower_lsp::ls_types::{Location, Position};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, position: Position, with_definition: bool) -> Option<Vec<Location>> {
    let tree = view.snapshot.tree()?;
    let (name, _) = fermata_ide::rename_target(
        &view.snapshot,
        convert::offset(tree, position, view.encoding),
    )?;
    let found = fermata_ide::occurrences(&view.snapshot, &name);
    let location = |span| Location {
        uri: view.uri.clone(),
        range: convert::range(tree, span, view.encoding),
    };
    Some(
        found
            .into_iter()
            .filter(|o| with_definition || !o.defines)
            .map(|o| location(o.span))
            .collect(),
    )
}
