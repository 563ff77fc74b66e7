//! `textDocument/completion`.

use fermata_ide::CompletionKind;
use tower_lsp::ls_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, MarkupContent,
    MarkupKind, Position, TextEdit,
};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, position: Position) -> Vec<CompletionItem> {
    let Some(tree) = view.snapshot.tree() else {
        return Vec::new();
    };
    let offset = convert::offset(tree, position, view.encoding);
    fermata_ide::completions(&view.snapshot, offset)
        .into_iter()
        .enumerate()
        .map(|(order, found)| CompletionItem {
            kind: Some(match found.kind {
                CompletionKind::Key => CompletionItemKind::PROPERTY,
                CompletionKind::Step => CompletionItemKind::REFERENCE,
                CompletionKind::Word => CompletionItemKind::ENUM_MEMBER,
                CompletionKind::Name => CompletionItemKind::VARIABLE,
            }),
            detail: found.detail,
            documentation: found.documentation.map(|value| {
                Documentation::MarkupContent(MarkupContent {
                    kind: MarkupKind::Markdown,
                    value,
                })
            }),
            sort_text: Some(format!("{order:04}")),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit {
                range: convert::range(tree, found.span, view.encoding),
                new_text: found.insert.unwrap_or_else(|| found.label.clone()),
            })),
            label: found.label,
            ..CompletionItem::default()
        })
        .collect()
}
