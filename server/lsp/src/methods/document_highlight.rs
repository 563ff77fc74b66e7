//! `textDocument/documentHighlight`.

use tower_lsp::ls_types::{DocumentHighlight, DocumentHighlightKind, Position};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, position: Position) -> Option<Vec<DocumentHighlight>> {
    let tree = view.snapshot.tree()?;
    let offset = convert::offset(tree, position, view.encoding);
    fermata_ide::rename_target(&view.snapshot, offset)?;
    let highlight = |o: &fermata_ide::Occurrence| DocumentHighlight {
        range: convert::range(tree, o.span, view.encoding),
        kind: Some(if o.defines {
            DocumentHighlightKind::WRITE
        } else {
            DocumentHighlightKind::READ
        }),
    };
    Some(
        fermata_ide::occurrences_at(&view.snapshot, offset)
            .iter()
            .map(highlight)
            .collect(),
    )
}
