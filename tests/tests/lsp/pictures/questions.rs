//! What is asked about documents: of a server that has seen much and of one that has seen nothing alike.

use serde_json::{Value, json};

/// Questions about a place, and about a document.
pub(super) const ABOUT_PLACES: [&str; 4] = [
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentHighlight",
];
pub(super) const ABOUT_DOCUMENTS: [&str; 6] = [
    "textDocument/documentSymbol",
    "textDocument/codeLens",
    "textDocument/semanticTokens/full",
    "textDocument/documentLink",
    "textDocument/foldingRange",
    "fermata/graph",
];

/// Everything that is asked about a document.
pub(super) fn questions(uri: &str, text: &str) -> Vec<(&'static str, Value)> {
    let document = json!({ "uri": uri });
    let mut questions = Vec::new();
    for (line, words) in text.split('\n').enumerate().take(12) {
        let length = words.encode_utf16().count();
        for character in [length / 3, length * 2 / 3, length.saturating_sub(4)] {
            for method in ABOUT_PLACES {
                let at = json!({"line": line, "character": character});
                let context = json!({"includeDeclaration": true});
                questions.push((
                    method,
                    json!({"textDocument": document, "position": at, "context": context}),
                ));
            }
        }
    }
    for method in ABOUT_DOCUMENTS {
        questions.push((method, json!({"textDocument": document, "uri": uri})));
    }
    let end = json!({"line": 99, "character": 0});
    let range = json!({"start": {"line": 0, "character": 0}, "end": end});
    questions.push((
        "textDocument/inlayHint",
        json!({"textDocument": document, "range": range}),
    ));
    let context = json!({"diagnostics": []});
    questions.push((
        "textDocument/codeAction",
        json!({"textDocument": document, "range": range, "context": context}),
    ));
    questions
}
