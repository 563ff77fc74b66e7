//! `textDocument/codeLens`.

use tower_lsp::ls_types::CodeLens;

use crate::convert;
use crate::methods::command;
use crate::session::View;

pub(crate) fn run(view: &View) -> Vec<CodeLens> {
    let Some(tree) = view.snapshot.tree() else {
        return Vec::new();
    };
    fermata_ide::lenses(&view.snapshot)
        .into_iter()
        .map(|lens| CodeLens {
            range: convert::range(tree, lens.span, view.encoding),
            command: Some(command(&lens.title, &lens.act, &view.uri)),
            data: None,
        })
        .collect()
}
