//! `textDocument/definition`.

use tower_lsp::ls_types::{Location, Position};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, position: Position) -> Option<Location> {
    let tree = view.snapshot.tree()?;
    let span = fermata_ide::definition(
        &view.snapshot,
        convert::offset(tree, position, view.encoding),
    )?;
    Some(Location {
        uri: view.uri.clone(),
        range: convert::range(tree, span, view.encoding),
    })
}
