//! Which byte of the file each byte of a scalar's value came from, for each
//! of the five scalar styles. Reads text and value side by side; the value
//! itself was made by the parser. Where the two cannot be brought together,
//! the value maps to its content as one whole.

use std::ops::Range;

use crate::Span;
use crate::scalar::ScalarStyle;
use crate::segments::Segments;

/// The map for one scalar; covers all of `value`.
pub(crate) fn segments(text: &str, content: Span, style: ScalarStyle, value: &str) -> Segments {
    let range = Range::<usize>::from(content);
    let source = text.get(range.clone()).unwrap_or("");
    if source == value {
        return whole(value, range);
    }
    let found = match style {
        ScalarStyle::Plain => Some(flow(source, range.start, style)),
        ScalarStyle::SingleQuoted => Some(flow(source, range.start, style)),
        ScalarStyle::DoubleQuoted => Some(flow(source, range.start, style)),
        ScalarStyle::Literal => literal(source, range.start, value),
        ScalarStyle::Folded => folded(source, range.start, value),
    };
    found
        .filter(|segments| segments.cooked_len() as usize == value.len())
        .unwrap_or_else(|| whole(value, range))
}

fn whole(value: &str, range: Range<usize>) -> Segments {
    let mut segments = Segments::default();
    segments.push(value.len(), range);
    segments
}

/// Plain and quoted scalars: escapes, and line breaks folded with the blanks
/// around them.
fn flow(source: &str, base: usize, style: ScalarStyle) -> Segments {
    let bytes = source.as_bytes();
    let mut segments = Segments::default();
    let mut run = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\n' | b'\r' => {
                let mut text_end = at;
                while text_end > run && matches!(bytes[text_end - 1], b' ' | b'\t') {
                    text_end -= 1;
                }
                segments.push(text_end - run, base + run..base + text_end);
                let (breaks, end) = skip_breaks(bytes, at);
                let cooked = if breaks == 1 { 1 } else { breaks - 1 };
                segments.push(cooked, base + text_end..base + end);
                (run, at) = (end, end);
            }
            b'\'' if style == ScalarStyle::SingleQuoted => {
                segments.push(at - run, base + run..base + at);
                let end = (at + 2).min(bytes.len());
                segments.push(1, base + at..base + end);
                (run, at) = (end, end);
            }
            b'\\' if style == ScalarStyle::DoubleQuoted => {
                segments.push(at - run, base + run..base + at);
                let end = match bytes.get(at + 1) {
                    Some(b'\n' | b'\r') => {
                        let (breaks, end) = skip_breaks(bytes, at + 1);
                        segments.push(breaks - 1, base + at..base + end);
                        end
                    }
                    _ => {
                        let (cooked, len) = escape(&source[at..]);
                        let end = (at + len).min(bytes.len());
                        segments.push(cooked, base + at..base + end);
                        end
                    }
                };
                (run, at) = (end, end);
            }
            _ => at += 1,
        }
    }
    segments.push(at - run, base + run..base + at);
    segments
}

/// From a line break at `at`: how many breaks until the next character that
/// is not blank, and where that character is.
fn skip_breaks(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let mut breaks = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => {
                breaks += 1;
                at += 2;
            }
            b'\n' | b'\r' => {
                breaks += 1;
                at += 1;
            }
            b' ' | b'\t' => at += 1,
            _ => break,
        }
    }
    (breaks, at)
}

/// The escape that `source` begins with: bytes of the character it means, and
/// its own length in bytes.
fn escape(source: &str) -> (usize, usize) {
    let hex = |from: usize, digits: usize| {
        let code = source.get(from..from + digits)?;
        u32::from_str_radix(code, 16).ok()
    };
    let bytes = source.as_bytes();
    let digits = match bytes.get(1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        Some(b'N' | b'_') => return (2, 2),
        Some(b'L' | b'P') => return (3, 2),
        Some(_) => {
            let len = source[1..].chars().next().map_or(0, char::len_utf8);
            return (1, 1 + len);
        }
        None => return (0, 1),
    };
    let code = hex(2, digits).unwrap_or(0);
    if (0xd800..0xdc00).contains(&code) && bytes.get(6) == Some(&b'\\') {
        let second = if bytes.get(7) == Some(&b'U') { 10 } else { 6 };
        return (4, 2 + digits + second);
    }
    (char::from_u32(code).map_or(1, char::len_utf8), 2 + digits)
}

/// The lines of `source`: start, end before the break, end behind it.
fn lines(source: &str) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
    let bytes = source.as_bytes();
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let end = bytes[start..]
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .map_or(bytes.len(), |length| start + length);
        let crlf = bytes[end..].starts_with(b"\r\n");
        let behind = (end + 1 + usize::from(crlf)).min(bytes.len());
        next = (end < bytes.len()).then_some(behind);
        Some((start, end, behind))
    })
}

/// Literal blocks: line by line the same text, less indentation. Aligning the
/// ends of the lines needs no knowledge of how deep the indentation is.
fn literal(source: &str, base: usize, value: &str) -> Option<Segments> {
    let mut segments = Segments::default();
    let mut source_lines = lines(source);
    let mut cooked_lines = value.split('\n').peekable();
    while let Some(line) = cooked_lines.next() {
        let (start, end, behind) =
            source_lines
                .next()
                .unwrap_or((source.len(), source.len(), source.len()));
        let from = end.checked_sub(line.len()).filter(|&from| from >= start);
        if !line.is_empty() {
            let from = from?;
            if source.get(from..end) != Some(line) {
                return None;
            }
            segments.push(line.len(), base + from..base + end);
        }
        if cooked_lines.peek().is_some() {
            segments.push(1, base + end..base + behind);
        }
    }
    Some(segments)
}

/// Folded blocks. The indentation is what the first line with text has more
/// in the file than in the value; a few other depths are tried for blocks that
/// begin with lines of blanks.
fn folded(source: &str, base: usize, value: &str) -> Option<Segments> {
    let blanks = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
    let first = lines(source)
        .map(|(start, end, _)| &source[start..end])
        .find(|line| blanks(line) < line.len())?;
    let in_value = value
        .lines()
        .find(|line| blanks(line) < line.len())
        .map_or(0, blanks);
    let likely = blanks(first).saturating_sub(in_value);
    std::iter::once(likely)
        .chain((0..=blanks(first).min(16)).filter(|&depth| depth != likely))
        .find_map(|depth| folded_at(source, base, value, depth))
}

fn folded_at(source: &str, base: usize, value: &str, depth: usize) -> Option<Segments> {
    let mut segments = Segments::default();
    let mut cooked = 0;
    let mut gap = 0;
    for (start, end, _) in lines(source) {
        if cooked == value.len() {
            break;
        }
        let line = &source[start..end];
        let indent = line
            .bytes()
            .take(depth)
            .take_while(|&byte| byte == b' ')
            .count();
        let line = &line[indent..];
        if line.is_empty() {
            continue;
        }
        let rest = &value[cooked..];
        let fold = gap > 0 && rest.starts_with(' ') && !line.starts_with([' ', '\t']);
        let between = if fold {
            1
        } else {
            rest.len() - rest.trim_start_matches('\n').len()
        };
        if !rest[between..].starts_with(line) {
            return None;
        }
        segments.push(between, base + gap..base + start + indent);
        segments.push(line.len(), base + start + indent..base + end);
        cooked += between + line.len();
        gap = end;
    }
    // Lines of blanks at the end are not part of the content span.
    let rest = &value[cooked..];
    if rest.bytes().any(|byte| !byte.is_ascii_whitespace()) {
        return None;
    }
    segments.push(rest.len(), base + gap..base + source.len());
    Some(segments)
}
