//! `textDocument/documentLink`.

use tower_lsp::ls_types::DocumentLink;

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View) -> Vec<DocumentLink> {
    let Some(tree) = view.snapshot.tree() else {
        return Vec::new();
    };
    fermata_ide::links(&view.snapshot)
        .into_iter()
        .map(|link| DocumentLink {
            range: convert::range(tree, link.span, view.encoding),
            target: convert::uri(&link.path),
            tooltip: None,
            data: None,
        })
        .collect()
}
