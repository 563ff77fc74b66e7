//! `textDocument/completion` and `completionItem/resolve`: the documentation of an item is made when somebody looks at it.

use fermata_ide::{CompletionKind, Subject};
use serde_json::json;
use tower_lsp::ls_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, MarkupContent,
    MarkupKind, Position, TextEdit, Uri,
};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View, position: Position) -> Vec<CompletionItem> {
    let Some(tree) = view.snapshot.tree() else {
        return Vec::new();
    };
    let offset = convert::offset(tree, position, view.encoding);
    let words = |about: &Subject| documentation(view, about).filter(|_| !view.resolves);
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
            documentation: found.about.as_ref().and_then(words),
            data: found.about.as_ref().map(|about| {
                let (kind, name) = about.words();
                json!({ "uri": view.uri, "kind": kind, "name": name })
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

/// The document that an item was offered for.
pub(crate) fn document(item: &CompletionItem) -> Option<Uri> {
    item.data.as_ref()?.get("uri")?.as_str()?.parse().ok()
}

/// The item with its documentation, as the newest text has it.
pub(crate) fn resolve(view: &View, mut item: CompletionItem) -> CompletionItem {
    let word = |name: &str| item.data.as_ref()?.get(name)?.as_str();
    let about = word("kind").zip(word("name"));
    let about = about.and_then(|(kind, name)| Subject::from_words(kind, name));
    if let Some(documentation) = about.and_then(|about| documentation(view, &about)) {
        item.documentation = Some(documentation);
    }
    item
}

fn documentation(view: &View, about: &Subject) -> Option<Documentation> {
    let value = fermata_ide::describe(&view.snapshot, about)?;
    Some(Documentation::MarkupContent(MarkupContent {
        kind: MarkupKind::Markdown,
        value,
    }))
}
