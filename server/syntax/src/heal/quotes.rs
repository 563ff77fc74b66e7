//! Finds the quote that a scanning error belongs to: the parser names the
//! place where it noticed, a person wants the quote that is not closed.

/// A quoted scalar as it is written, closed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// The opening quote.
    pub(crate) start: usize,
    /// The closing quote; `None` if there is none.
    pub(crate) close: Option<usize>,
}

/// The quoted scalar that begins between `from` and `at` and reaches `at`.
/// `from` must be between tokens.
pub(crate) fn reaching(text: &str, from: usize, at: usize) -> Option<Quoted> {
    let bytes = text.as_bytes();
    let mut pos = from.min(bytes.len());
    while pos <= at {
        match bytes.get(pos)? {
            b'#' if pos == 0 || bytes[pos - 1].is_ascii_whitespace() => {
                pos += bytes[pos..]
                    .iter()
                    .position(|byte| matches!(byte, b'\n' | b'\r'))?;
            }
            &quote @ (b'"' | b'\'') => {
                let close = closing(bytes, pos, quote);
                match close {
                    // The parser stops at most a few blanks behind the quote.
                    Some(end) if end < at && !only_blanks(&bytes[end + 1..at]) => pos = end + 1,
                    _ => return Some(Quoted { start: pos, close }),
                }
            }
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}' => pos += 1,
            b'-' | b'?' | b':' if bytes.get(pos + 1).is_none_or(u8::is_ascii_whitespace) => {
                pos += 1;
            }
            b'!' | b'&' | b'*' => pos += word(&bytes[pos..]),
            b':' => pos += 1,
            _ => pos += plain(&bytes[pos..]),
        }
    }
    None
}

fn only_blanks(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

fn word(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(bytes.len())
        .max(1)
}

/// The length of plain text up to what may end it.
fn plain(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        let ends = match byte {
            b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}' => true,
            b':' => bytes
                .get(at + 1)
                .is_none_or(|next| next.is_ascii_whitespace() || *next == b'"'),
            b'#' => matches!(bytes[at - 1], b' ' | b'\t'),
            _ => false,
        };
        if ends {
            break;
        }
        at += 1;
    }
    at
}

fn closing(bytes: &[u8], start: usize, quote: u8) -> Option<usize> {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            _ if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
}
