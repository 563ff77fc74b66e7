//! Applying an editor's incremental changes to a text. Forgiving about
//! positions, exact about line breaks and characters. Knows no YAML.

use crate::lines::{Encoding, Position};

/// Replaces what lies between two positions, or the whole text when there is
/// no range.
///
/// A column behind its line means the line's end (before its line break), a
/// line behind the text means the text's end, a column inside a character
/// means the character's start, and a range whose ends are swapped is turned
/// round: editors do send all of these.
pub fn apply(
    text: &mut String,
    range: Option<(Position, Position)>,
    encoding: Encoding,
    new: &str,
) {
    let Some((start, end)) = range else {
        text.clear();
        text.push_str(new);
        return;
    };
    let (start, end) = (start.min(end), start.max(end));
    let from = offset(text, start, encoding);
    let to = offset(text, end, encoding).max(from);
    text.replace_range(from..to, new);
}

fn offset(text: &str, position: Position, encoding: Encoding) -> usize {
    let bytes = text.as_bytes();
    let mut start = 0;
    for _ in 0..position.line {
        let Some(length) = bytes[start..]
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
        else {
            return text.len();
        };
        let at = start + length;
        let crlf = bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
        start = at + 1 + usize::from(crlf);
    }
    let mut units = 0;
    for (at, c) in text[start..].char_indices() {
        units += encoding.units(c);
        if matches!(c, '\n' | '\r') || units > position.character as usize {
            return start + at;
        }
    }
    text.len()
}
