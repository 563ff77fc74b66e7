//! `textDocument/hover`.

use tower_lsp::ls_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, position: Position) -> Option<Hover> {
    let tree = view.snapshot.tree()?;
    let found = fermata_ide::hover(
        &view.snapshot,
        convert::offset(tree, position, view.encoding),
    )?;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent {
            kind: MarkupKind::Markdown,
            value: found.markdown,
        }),
        range: Some(convert::range(tree, found.span, view.encoding)),
    })
}
