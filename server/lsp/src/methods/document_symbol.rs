//! `textDocument/documentSymbol`.

use fermata_ide::{Symbol, SymbolKind};
use fermata_syntax::Tree;
use tower_lsp::ls_types::{self as lsp, DocumentSymbol};

use crate::convert;
use crate::session::View;

pub(crate) fn run(view: &View) -> Vec<DocumentSymbol> {
    let Some(tree) = view.snapshot.tree() else {
        return Vec::new();
    };
    fermata_ide::symbols(&view.snapshot)
        .iter()
        .map(|symbol| convert_symbol(view, tree, symbol))
        .collect()
}

fn convert_symbol(view: &View, tree: &Tree, symbol: &Symbol) -> DocumentSymbol {
    let children: Vec<DocumentSymbol> = symbol
        .children
        .iter()
        .map(|child| convert_symbol(view, tree, child))
        .collect();
    #[allow(
        deprecated,
        reason = "the struct still has the field that `tags` replaced"
    )]
    DocumentSymbol {
        name: symbol.name.clone(),
        detail: Some(symbol.detail.clone()),
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: convert::range(tree, symbol.span, view.encoding),
        selection_range: convert::range(tree, symbol.selection, view.encoding),
        children: (!children.is_empty()).then_some(children),
    }
}

/// A kind as the protocol has it.
pub(crate) fn kind(kind: SymbolKind) -> lsp::SymbolKind {
    match kind {
        SymbolKind::Input => lsp::SymbolKind::PROPERTY,
        SymbolKind::Agent => lsp::SymbolKind::CLASS,
        SymbolKind::Process => lsp::SymbolKind::FUNCTION,
        SymbolKind::Decision => lsp::SymbolKind::EVENT,
        SymbolKind::Value => lsp::SymbolKind::VARIABLE,
        SymbolKind::Group => lsp::SymbolKind::NAMESPACE,
        SymbolKind::Workflow => lsp::SymbolKind::MODULE,
        SymbolKind::Other => lsp::SymbolKind::OBJECT,
    }
}
