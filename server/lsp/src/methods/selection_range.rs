//! `textDocument/selectionRange`: one chain for each position that was asked about.

use tower_lsp::ls_types::{Position, SelectionRange};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, positions: &[Position]) -> Vec<SelectionRange> {
    let Some(tree) = view.snapshot.tree() else {
        return Vec::new();
    };
    let chain = |position: &Position| {
        let offset = convert::offset(tree, *position, view.encoding);
        let found = fermata_ide::selections(&view.snapshot, offset);
        found
            .into_iter()
            .rev()
            .fold(None, |parent: Option<SelectionRange>, span| {
                Some(SelectionRange {
                    range: convert::range(tree, span, view.encoding),
                    parent: parent.map(Box::new),
                })
            })
    };
    positions.iter().filter_map(chain).collect()
}
