//! Tokens of the plain condition language: one Python expression, with byte spans.

use crate::error::SyntaxError;
use crate::value::number;
use num_bigint::BigInt;
use std::ops::Range;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(BigInt),
    Float(f64),
    Imaginary,
    /// A string; `Some` content spans for a formatted one.
    Text {
        value: String,
        formatted: bool,
        raw: bool,
        body: Range<usize>,
        bytes: bool,
    },
    Symbol(&'static str),
    /// The end of a statement: a line break or `;` outside of brackets.
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

const SYMBOLS: &[&str] = &[
    "**=", "//=", ">>=", "<<=", "...", ":=", "->", "**", "//", "<<", ">>", "<=", ">=", "==", "!=",
    "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=", "+", "-", "*", "/", "%", "@", "&", "|",
    "^", "~", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=",
];

fn error(message: impl Into<String>, span: Range<usize>) -> SyntaxError {
    SyntaxError {
        message: message.into(),
        span,
    }
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Splits `source` into tokens; the last one is always [`Token::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Spanned>, SyntaxError> {
    let mut out: Vec<Spanned> = Vec::new();
    let mut at = 0;
    let mut open: Vec<(char, usize)> = Vec::new();
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        if c == '\n' || c == ';' || (c == '\r' && rest.starts_with("\r\n")) {
            if c == ';' || open.is_empty() {
                out.push(Spanned {
                    token: Token::End,
                    span: at..at + 1,
                });
            }
            at += 1;
        } else if c == ' ' || c == '\t' || c == '\u{c}' || c == '\r' {
            at += 1;
        } else if rest.starts_with("\\\n") {
            at += 2;
        } else if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if let Some((prefix, quote)) = string_start(rest) {
            let token = string(source, at, prefix, quote)?;
            at = token.span.end;
            out.push(token);
        } else if starts_name(c) {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            out.push(Spanned {
                token: Token::Name(rest[..end].to_owned()),
                span: at..at + end,
            });
            at += end;
        } else if c.is_ascii_digit()
            || (c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            let token = numeral(source, at)?;
            at = token.span.end;
            out.push(token);
        } else if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            brackets(symbol, at, &mut open)?;
            out.push(Spanned {
                token: Token::Symbol(symbol),
                span: at..at + symbol.len(),
            });
            at += symbol.len();
        } else {
            return Err(error(
                format!("'{c}' has no meaning in a condition"),
                at..at + c.len_utf8(),
            ));
        }
    }
    if let Some((bracket, at)) = open.pop() {
        return Err(error(format!("'{bracket}' is never closed"), at..at + 1));
    }
    out.push(Spanned {
        token: Token::End,
        span: source.len()..source.len(),
    });
    Ok(out)
}

fn brackets(symbol: &str, at: usize, open: &mut Vec<(char, usize)>) -> Result<(), SyntaxError> {
    let opener = match symbol {
        "(" | "[" | "{" => {
            open.push((char::from(symbol.as_bytes()[0]), at));
            if open.len() > 100 {
                return Err(error("brackets are nested more than 100 deep", at..at + 1));
            }
            return Ok(());
        }
        ")" => '(',
        "]" => '[',
        "}" => '{',
        _ => return Ok(()),
    };
    match open.pop() {
        Some((found, _)) if found == opener => Ok(()),
        _ => Err(error(
            format!("'{symbol}' closes nothing that is open"),
            at..at + 1,
        )),
    }
}

fn string_start(rest: &str) -> Option<(&str, &'static str)> {
    // Only the first bytes are looked at: a search to the end would make long texts quadratic.
    let end = rest
        .bytes()
        .take(3)
        .position(|b| matches!(b, b'"' | b'\''))?;
    let prefix = &rest[..end];
    if !matches!(
        prefix.to_ascii_lowercase().as_str(),
        "" | "r" | "u" | "f" | "b" | "rf" | "fr" | "br" | "rb"
    ) {
        return None;
    }
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|q| rest[end..].starts_with(q))?;
    Some((prefix, quote))
}

fn string(source: &str, start: usize, prefix: &str, quote: &str) -> Result<Spanned, SyntaxError> {
    let flags = prefix.to_ascii_lowercase();
    let (raw, formatted, bytes) = (
        flags.contains('r'),
        flags.contains('f'),
        flags.contains('b'),
    );
    let body_start = start + prefix.len() + quote.len();
    let mut at = body_start;
    loop {
        let rest = &source[at..];
        if rest.starts_with(quote) {
            break;
        }
        match rest.chars().next() {
            None => return Err(error("the string is never closed", start..source.len())),
            Some('\n') if quote.len() == 1 => {
                return Err(error(
                    "the string is not closed before the end of its line",
                    start..at,
                ));
            }
            Some('\\') => {
                at += 1;
                at += source[at..].chars().next().map_or(0, char::len_utf8);
            }
            Some(c) => at += c.len_utf8(),
        }
    }
    let body = body_start..at;
    let span = start..at + quote.len();
    let value = if raw || formatted {
        source[body.clone()].to_owned()
    } else {
        unescape(&source[body.clone()]).map_err(|m| error(m, span.clone()))?
    };
    Ok(Spanned {
        token: Token::Text {
            value,
            formatted,
            raw,
            body,
            bytes,
        },
        span,
    })
}

/// Resolves backslash escapes; unknown ones stay as they are.
pub(super) fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(escape) = chars.next() else {
            out.push('\\');
            break;
        };
        let hex = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        match escape {
            '\n' => {}
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            '\\' | '\'' | '"' => out.push(escape),
            '0'..='7' => {
                let mut code = escape.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    if let Some(digit) = chars.peek().and_then(|c| c.to_digit(8)) {
                        code = code * 8 + digit;
                        chars.next();
                    }
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            'x' | 'u' | 'U' => {
                let mut code = 0u32;
                for _ in 0..hex {
                    let digit = chars.next().and_then(|c| c.to_digit(16));
                    let digit = digit.ok_or_else(|| {
                        format!("the escape \\{escape} needs {hex} hexadecimal digits")
                    })?;
                    code = code.wrapping_mul(16).wrapping_add(digit);
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            other => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    Ok(out)
}

fn numeral(source: &str, start: usize) -> Result<Spanned, SyntaxError> {
    let rest = &source[start..];
    let bytes = rest.as_bytes();
    let radix = match bytes.get(..2) {
        Some(b"0x" | b"0X") => 16,
        Some(b"0o" | b"0O") => 8,
        Some(b"0b" | b"0B") => 2,
        _ => 10,
    };
    let mut end = 0;
    let mut float = false;
    while let Some(byte) = bytes.get(end) {
        let sign = matches!(byte, b'+' | b'-')
            && radix == 10
            && end > 0
            && matches!(bytes[end - 1], b'e' | b'E');
        let exponent = radix == 10 && matches!(byte, b'e' | b'E') && {
            let next = bytes.get(end + 1);
            next.is_some_and(u8::is_ascii_digit)
                || (matches!(next, Some(b'+' | b'-'))
                    && bytes.get(end + 2).is_some_and(u8::is_ascii_digit))
        };
        let point = radix == 10 && *byte == b'.' && !rest[..end].contains(['.', 'e', 'E']);
        let digit = if radix == 16 {
            byte.is_ascii_hexdigit()
        } else {
            byte.is_ascii_digit()
        };
        let prefix = end == 1 && radix != 10;
        if !(digit || *byte == b'_' || sign || exponent || point || prefix) {
            break;
        }
        float |= exponent || point;
        end += 1;
    }
    let text = &rest[..end];
    let span = start..start + end;
    let next = rest[end..].chars().next();
    if matches!(next, Some('j' | 'J')) {
        return Ok(Spanned {
            token: Token::Imaginary,
            span: start..start + end + 1,
        });
    }
    if next.is_some_and(starts_name) {
        // `1if x` and `1or 2` are still accepted by the language.
        let word_end = rest[end..]
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .map_or(rest.len(), |i| end + i);
        if !matches!(
            &rest[end..word_end],
            "and" | "or" | "if" | "else" | "in" | "is" | "not" | "for"
        ) {
            return Err(error(
                format!("'{}' is no number", &rest[..word_end]),
                start..start + word_end,
            ));
        }
    }
    let token = if float {
        number::parse_float(text).map(Token::Float)
    } else {
        let plain = text
            .strip_prefix('0')
            .is_none_or(|t| t.bytes().all(|b| b == b'0' || b == b'_'))
            || radix != 10;
        if plain {
            number::parse_int_radix(text, if radix == 10 { 10 } else { 0 }).map(Token::Int)
        } else {
            None
        }
    };
    let token = token.ok_or_else(|| error(format!("'{text}' is no number"), span.clone()))?;
    Ok(Spanned { token, span })
}
