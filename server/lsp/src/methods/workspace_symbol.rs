//! `workspace/symbol`: workflows, inputs and steps of all files, the best fits first.

use tower_lsp::ls_types::{Location, OneOf, WorkspaceSymbol};

use crate::convert;
use crate::methods::document_symbol::kind;
use crate::session::View;

/// Most symbols of one answer: whoever wants more types a letter more.
const MOST: usize = 1_000;

pub(crate) fn run(views: &[View], query: &str) -> Vec<WorkspaceSymbol> {
    let mut found = Vec::new();
    for view in views {
        let Some(tree) = view.snapshot.tree() else {
            continue;
        };
        for symbol in fermata_ide::search(&view.snapshot, query) {
            let location = Location {
                uri: view.uri.clone(),
                range: convert::range(tree, symbol.span, view.encoding),
            };
            found.push((
                symbol.fit,
                WorkspaceSymbol {
                    name: symbol.name,
                    kind: kind(symbol.kind),
                    tags: None,
                    container_name: symbol.container,
                    location: OneOf::Left(location),
                    data: None,
                },
            ));
        }
    }
    // Files are in order already.
    found.sort_by(|(fit, a), (other, b)| (fit, &a.name).cmp(&(other, &b.name)));
    found.truncate(MOST);
    found.into_iter().map(|(_, symbol)| symbol).collect()
}
