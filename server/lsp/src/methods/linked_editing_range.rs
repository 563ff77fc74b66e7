//! `textDocument/linkedEditingRange`, on the name of a step where it is defined.

use tower_lsp::ls_types::{LinkedEditingRanges, Position};

use crate::convert;
use crate::session::View;

/// What a name may become while it is typed: anything else ends the linked editing. For regular expressions of JavaScript
/// without their flag for Unicode, which know no classes of letters.
const NAME: &str = r"[\w\u00c0-\uffff-]+";

pub(crate) fn run(view: &View, position: Position) -> Option<LinkedEditingRanges> {
    let tree = view.snapshot.tree()?;
    let offset = convert::offset(tree, position, view.encoding);
    let ranges: Vec<_> = fermata_ide::linked(&view.snapshot, offset)
        .into_iter()
        .map(|span| convert::range(tree, span, view.encoding))
        .collect();
    (!ranges.is_empty()).then(|| LinkedEditingRanges {
        ranges,
        word_pattern: Some(NAME.to_owned()),
    })
}
