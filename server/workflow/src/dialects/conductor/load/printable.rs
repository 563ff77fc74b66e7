//! Characters that the dialect's YAML reader refuses before it parses.

use fermata_syntax::{Offset, Span};

/// The first character outside YAML's printable set, with its place.
pub(super) fn first_forbidden(text: &str) -> Option<(Span, char)> {
    text.char_indices()
        .find(|(_, c)| !allowed(*c))
        .and_then(|(at, c)| {
            let start = Offset::try_from(at).ok()?;
            Some((Span::at(start, Offset::of(c)), c))
        })
}

/// The text with the line breaks that only the dialect's reader knows (NEL, LS,
/// PS) written as spaces and a line feed of the same length, so that every span
/// stays true; `None` where there are none.
pub(super) fn with_plain_breaks(text: &str) -> Option<String> {
    let odd = ['\u{85}', '\u{2028}', '\u{2029}'];
    if !text.contains(odd) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{85}' => out.push_str(" \n"),
            '\u{2028}' | '\u{2029}' => out.push_str("  \n"),
            other => out.push(other),
        }
    }
    Some(out)
}

fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}
