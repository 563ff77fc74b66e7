//! From the parser's positions to those a person expects: a block scalar
//! begins at its `|`, an empty value stands behind its colon, nothing ends in
//! the next line. Looks at text only, a few bytes around each position.

use std::ops::Range;

use crate::Span;
use crate::build::stack::Slot;
use crate::scalar::ScalarStyle;
use crate::tree::span;

/// The parser's span as bytes inside `text`, at character boundaries.
pub(crate) fn range(text: &str, at: &granit_parser::Span) -> Range<usize> {
    let start = boundary(text, at.start.byte_offset().unwrap_or(text.len()));
    let end = boundary(text, at.end.byte_offset().unwrap_or(start));
    start..end.max(start)
}

/// The character boundary at or before `at`, inside `text`.
pub(crate) fn boundary(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

/// Where the content of the first document may begin: behind its `---`.
pub(crate) fn document_start(text: &str, at: &Range<usize>) -> usize {
    if text[at.start..].starts_with("---") {
        at.start + 3
    } else {
        0
    }
}

/// What shows that another document begins.
pub(crate) fn document_marker(text: &str, at: &Range<usize>) -> Span {
    if text[at.start..].starts_with("---") {
        return span(at.start, at.start + 3);
    }
    let line = text[at.start..].split(['\n', '\r']).next().unwrap_or("");
    span(at.start, at.start + line.trim_end().len())
}

/// Behind what stands between `from` and the next content that is no node:
/// blanks, line breaks, comments.
fn skip_blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'#' => {
                while bytes
                    .get(at)
                    .is_some_and(|byte| !matches!(byte, b'\n' | b'\r'))
                {
                    at += 1;
                }
            }
            _ => break,
        }
    }
    at
}

/// Where a node that is not written stands: right behind its colon or dash,
/// else where the last token ended. `flow` is whether brackets are around it.
pub(crate) fn empty(text: &str, slot: Slot, flow: bool, from: usize, parser: usize) -> usize {
    let indicator = match slot {
        Slot::Value => b':',
        Slot::Item => b'-',
        Slot::Key => b'?',
        Slot::Root => return from.max(parser),
    };
    let bytes = text.as_bytes();
    let at = skip_blank(bytes, from);
    // Otherwise it is the first character of the next token.
    let stands_alone = bytes.get(at + 1).is_none_or(|next| {
        next.is_ascii_whitespace() || (flow && matches!(next, b',' | b']' | b'}'))
    });
    if bytes.get(at) == Some(&indicator) && stands_alone {
        at + 1
    } else {
        from
    }
}

/// The span of a block scalar and of its content, given where the last token
/// before it ended and where the parser saw its text.
pub(crate) fn block(
    text: &str,
    from: usize,
    seen: &Range<usize>,
    style: ScalarStyle,
    value: &str,
) -> (Range<usize>, Range<usize>) {
    let bytes = text.as_bytes();
    let Some(header) = header(bytes, from, seen.end) else {
        return (seen.clone(), seen.clone());
    };
    let indicators = bytes[header + 1..]
        .iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-'))
        .count();
    let header_end = header + 1 + indicators;
    let keep = bytes[header..header_end].contains(&b'+');
    let body = match line_break(bytes, header_end) {
        Some((_, behind)) => behind,
        None => return (header..header_end, header_end..header_end),
    };
    let end = match style {
        _ if keep => line_start(bytes, seen.end.max(body)),
        ScalarStyle::Literal => literal_end(bytes, body, value),
        _ => text_end(text, body, seen.end),
    };
    let end = if keep && !bytes[..seen.end.max(body)].ends_with(b"\n") && seen.end >= bytes.len() {
        bytes.len()
    } else {
        end
    };
    if end <= body && value.is_empty() {
        return (header..header_end, header_end..header_end);
    }
    (header..end.max(body), body..end.max(body))
}

/// The `|` or `>`: between `from` and it stand only indicators, blanks,
/// comments, tag and anchor.
fn header(bytes: &[u8], from: usize, until: usize) -> Option<usize> {
    let mut at = from;
    while at < until {
        at = skip_blank(bytes, at);
        match bytes.get(at) {
            Some(b'|' | b'>') => return Some(at),
            Some(b'!' | b'&') => {
                while bytes
                    .get(at)
                    .is_some_and(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
                {
                    at += 1;
                }
            }
            Some(_) => at += 1,
            None => break,
        }
    }
    None
}

/// The first line break at or behind `at`, and what follows it.
fn line_break(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let at = at
        + bytes
            .get(at..)?
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let crlf = bytes[at..].starts_with(b"\r\n");
    Some((at, at + 1 + usize::from(crlf)))
}

/// `at`, or the start of its line if only blanks lie between.
fn line_start(bytes: &[u8], at: usize) -> usize {
    let at = at.min(bytes.len());
    let mut start = at;
    while start > 0 && matches!(bytes[start - 1], b' ' | b'\t') {
        start -= 1;
    }
    if start > 0 && matches!(bytes[start - 1], b'\n' | b'\r') {
        start
    } else {
        at
    }
}

/// The end of the line that holds the last line of `value` with text.
fn literal_end(bytes: &[u8], body: usize, value: &str) -> usize {
    let value = value.trim_end_matches('\n');
    if value.is_empty() {
        return body;
    }
    let mut at = body;
    for _ in 0..value.bytes().filter(|&byte| byte == b'\n').count() {
        match line_break(bytes, at) {
            Some((_, behind)) => at = behind,
            None => return bytes.len(),
        }
    }
    line_break(bytes, at).map_or(bytes.len(), |(end, _)| end)
}

/// The end of the last line of `body..end` that is not blank.
fn text_end(text: &str, body: usize, end: usize) -> usize {
    let seen = text.get(body..end.max(body)).unwrap_or("");
    let last = body + seen.trim_end_matches([' ', '\t', '\n', '\r']).len();
    if last == body {
        return body;
    }
    line_break(text.as_bytes(), last).map_or(text.len(), |(end, _)| end)
}
