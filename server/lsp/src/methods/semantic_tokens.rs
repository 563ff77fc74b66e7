//! `textDocument/semanticTokens/full`: each token relative to the one before, in the client's characters.

use fermata_ide::TokenKind;
use tower_lsp::ls_types::{SemanticToken, SemanticTokenType, SemanticTokens, SemanticTokensLegend};

use crate::convert;
use crate::session::View;

/// The kinds, at their numbers on the wire.
const KINDS: &[(TokenKind, SemanticTokenType)] = &[
    (TokenKind::Step, SemanticTokenType::FUNCTION),
    (TokenKind::Field, SemanticTokenType::PROPERTY),
    (TokenKind::Variable, SemanticTokenType::VARIABLE),
    (TokenKind::Operator, SemanticTokenType::OPERATOR),
    (TokenKind::Text, SemanticTokenType::STRING),
    (TokenKind::Number, SemanticTokenType::NUMBER),
    (TokenKind::Keyword, SemanticTokenType::KEYWORD),
];

pub(crate) fn legend() -> SemanticTokensLegend {
    SemanticTokensLegend {
        token_types: KINDS.iter().map(|(_, kind)| kind.clone()).collect(),
        token_modifiers: Vec::new(),
    }
}

pub(crate) fn run(view: &View) -> SemanticTokens {
    let mut data = Vec::new();
    if let Some(tree) = view.snapshot.tree() {
        let (mut line, mut character) = (0, 0);
        for token in fermata_ide::tokens(&view.snapshot) {
            let range = convert::range(tree, token.span, view.encoding);
            let delta_line = range.start.line - line;
            let delta_start = if delta_line == 0 {
                range.start.character - character
            } else {
                range.start.character
            };
            let kind = KINDS.iter().position(|(kind, _)| *kind == token.kind);
            data.push(SemanticToken {
                delta_line,
                delta_start,
                length: range.end.character - range.start.character,
                token_type: kind.and_then(|k| u32::try_from(k).ok()).unwrap_or(0),
                token_modifiers_bitset: 0,
            });
            (line, character) = (range.start.line, range.start.character);
        }
    }
    SemanticTokens {
        result_id: None,
        data,
    }
}
