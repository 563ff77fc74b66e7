//! Characters that the dialect's YAML reader refuses before it parses.

use fermata_syntax::{Offset, Span};

/// The first character outside YAML's printable set, with its place.
pub(super) fn first_forbidden(text: &str) -> Option<(Span, char)> {
    text.char_indices().find(|(_, c)| !allowed(*c)).and_then(|(at, c)| {
        let start = Offset::try_from(at).ok()?;
        Some((Span::at(start, Offset::of(c)), c))
    })
}

fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}
