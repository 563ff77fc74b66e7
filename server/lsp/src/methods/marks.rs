//! Where the steps of a run stand in the text that is open, for `fermata/show`:
//! what an editor puts its signs by.

use std::collections::HashMap;

use serde_json::{Value, json};
use tower_lsp::ls_types::{DocumentSymbol, SymbolKind};

use crate::methods::document_symbol;
use crate::session::View;

/// `[{line, status}]`: each step of a shown run that the text still has; `waiting` where a gate holds.
pub(crate) fn run(view: &View, shown: &Value) -> Value {
    let mut lines = HashMap::new();
    collect(document_symbol::run(view), &mut lines);
    let statuses = statuses(shown);
    let marks = statuses
        .iter()
        .filter_map(|(step, status)| Some(json!({"line": lines.get(*step)?, "status": status})));
    marks.collect()
}

fn collect(symbols: Vec<DocumentSymbol>, lines: &mut HashMap<String, u32>) {
    for symbol in symbols {
        if symbol.kind != SymbolKind::PROPERTY {
            lines.insert(symbol.name, symbol.selection_range.start.line);
        }
        collect(symbol.children.unwrap_or_default(), lines);
    }
}

/// The newest status of each step. A round of a loop is in its loop, which has a status of its own.
fn statuses(shown: &Value) -> HashMap<&str, &str> {
    let list = |key: &str| shown[key].as_array().into_iter().flatten();
    let mut found: HashMap<&str, &str> = HashMap::new();
    for record in list("steps") {
        let word = |key: &str| record[key].as_str().unwrap_or_default();
        if !word("path").ends_with(']') || !found.contains_key(word("step")) {
            found.insert(word("step"), word("status"));
        }
    }
    for gate in list("gates") {
        found.insert(gate["step"].as_str().unwrap_or_default(), "waiting");
    }
    found
}
