//! `textDocument/inlayHint`.

use tower_lsp::ls_types::{
    InlayHint, InlayHintLabel, InlayHintTooltip, MarkupContent, MarkupKind, Range,
};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, range: Range) -> Vec<InlayHint> {
    let Some(tree) = view.snapshot.tree() else {
        return Vec::new();
    };
    let asked = convert::span(tree, range, view.encoding);
    fermata_ide::inlays(&view.snapshot, asked)
        .into_iter()
        .map(|inlay| InlayHint {
            position: convert::position(tree, inlay.at, view.encoding),
            label: InlayHintLabel::String(inlay.label),
            kind: None,
            text_edits: None,
            tooltip: inlay.tooltip.map(|value| {
                InlayHintTooltip::MarkupContent(MarkupContent {
                    kind: MarkupKind::Markdown,
                    value,
                })
            }),
            padding_left: Some(true),
            padding_right: None,
            data: None,
        })
        .collect()
}
