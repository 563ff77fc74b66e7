//! `textDocument/references`.

use tower_lsp::ls_types::{Location, Position};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, position: Position, with_definition: bool) -> Option<Vec<Location>> {
    let tree = view.snapshot.tree()?;
    let offset = convert::offset(tree, position, view.encoding);
    fermata_ide::rename_target(&view.snapshot, offset)?;
    let found = fermata_ide::occurrences_at(&view.snapshot, offset);
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
