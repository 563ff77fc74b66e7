//! `textDocument/definition`.

use tower_lsp::ls_types::{Location, Position, Range};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, position: Position) -> Option<Location> {
    let tree = view.snapshot.tree()?;
    let offset = convert::offset(tree, position, view.encoding);
    if let Some(span) = fermata_ide::definition(&view.snapshot, offset) {
        return Some(Location {
            uri: view.uri.clone(),
            range: convert::range(tree, span, view.encoding),
        });
    }
    // A name of a file leads to the file.
    let link = fermata_ide::links(&view.snapshot)
        .into_iter()
        .find(|link| link.span.contains_inclusive(offset))?;
    Some(Location {
        uri: convert::uri(&link.path)?,
        range: Range::default(),
    })
}
