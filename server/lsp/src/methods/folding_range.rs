//! `textDocument/foldingRange`.

use tower_lsp::ls_types::FoldingRange;

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View) -> Vec<FoldingRange> {
    let Some(tree) = view.snapshot.tree() else {
        return Vec::new();
    };
    fermata_ide::folds(&view.snapshot)
        .into_iter()
        .map(|fold| convert::range(tree, fold.span, view.encoding))
        .filter(|range| range.start.line < range.end.line)
        .map(|range| FoldingRange {
            start_line: range.start.line,
            end_line: range.end.line,
            ..FoldingRange::default()
        })
        .collect()
}
