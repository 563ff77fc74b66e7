//! Strings: adjacent ones and formatted ones, whose fields are expressions again.

use super::{Parsed, Parser, Token, lexer};
use crate::ast::{ExprKind, Literal, Piece};
use crate::error::SyntaxError;
use std::ops::Range;

impl Parser<'_> {
    /// Adjacent strings are one string.
    pub(super) fn strings(&mut self) -> Parsed<ExprKind> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut plain = true;
        let mut byte_string = false;
        while let Token::Text {
            value,
            formatted,
            raw,
            body,
            bytes,
        } = self.peek().clone()
        {
            byte_string |= bytes;
            if formatted {
                plain = false;
                self.format_pieces(body, raw, 0, &mut pieces)?;
            } else {
                pieces.push(Piece::Text(value));
            }
            self.at += 1;
        }
        if byte_string {
            return Ok(ExprKind::Unavailable("Bytes"));
        }
        if plain {
            let text = pieces
                .iter()
                .map(|p| {
                    if let Piece::Text(t) = p {
                        t.as_str()
                    } else {
                        ""
                    }
                })
                .collect();
            return Ok(ExprKind::Literal(Literal::Text(text)));
        }
        Ok(ExprKind::Formatted(pieces))
    }

    pub(super) fn format_pieces(
        &mut self,
        body: Range<usize>,
        raw: bool,
        level: usize,
        out: &mut Vec<Piece>,
    ) -> Parsed<()> {
        let fail = |message: &str, span: Range<usize>| SyntaxError {
            message: message.to_owned(),
            span,
        };
        if level > 2 {
            return Err(fail("f-string: expressions nested too deeply", body));
        }
        let mut text = String::new();
        let mut at = body.start;
        while at < body.end {
            let rest = &self.source[at..body.end];
            let end = rest.find(['{', '}']).unwrap_or(rest.len());
            text.push_str(&rest[..end]);
            at += end;
            let rest = &self.source[at..body.end];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                text.push_str(&rest[..1]);
                at += 2;
            } else if rest.starts_with('}') {
                return Err(fail("f-string: single '}' is not allowed", at..at + 1));
            } else if rest.starts_with('{') {
                let literal = if raw {
                    text.clone()
                } else {
                    lexer::unescape(&text).map_err(|m| fail(&m, at..at))?
                };
                out.push(Piece::Text(literal));
                text.clear();
                at = self.format_field(at + 1..body.end, raw, level, out)?;
            }
        }
        let literal = if raw {
            text
        } else {
            lexer::unescape(&text).map_err(|m| fail(&m, body.clone()))?
        };
        out.push(Piece::Text(literal));
        Ok(())
    }

    /// Reads `expr[!conversion][:specification]}` and returns the position after the brace.
    pub(super) fn format_field(
        &mut self,
        range: Range<usize>,
        raw: bool,
        level: usize,
        out: &mut Vec<Piece>,
    ) -> Parsed<usize> {
        let source = self.source;
        let (mut depth, mut quote) = (0usize, None);
        let (mut colon, mut close) = (None, None);
        let mut spec_depth = 0usize;
        for (offset, c) in source[range.clone()].char_indices() {
            let at = range.start + offset;
            match (c, quote) {
                (c, Some(open)) if c == open => quote = None,
                (_, Some(_)) => {}
                ('"' | '\'', None) if colon.is_none() => quote = Some(c),
                ('{', None) if colon.is_some() => spec_depth += 1,
                ('}', None) if colon.is_some() && spec_depth > 0 => spec_depth -= 1,
                ('(' | '[' | '{', None) => depth += 1,
                (')' | ']', None) => depth = depth.saturating_sub(1),
                ('}', None) if depth > 0 => depth -= 1,
                ('}', None) => {
                    close = Some(at);
                    break;
                }
                (':', None) if depth == 0 && colon.is_none() => colon = Some(at),
                _ => {}
            }
        }
        let fail = |message: &str| SyntaxError {
            message: message.to_owned(),
            span: range.clone(),
        };
        let close = close.ok_or_else(|| fail("f-string: expecting '}'"))?;
        let mut end = colon.unwrap_or(close);
        let inner = &source[range.start..end];
        if let Some(cut) = ["!r", "!s", "!a"]
            .iter()
            .find_map(|c| inner.strip_suffix(c))
        {
            end = range.start + cut.len();
        } else if let Some(cut) = inner
            .trim_end()
            .strip_suffix('=')
            .filter(|c| !c.ends_with(['=', '!', '<', '>']))
        {
            out.push(Piece::Text(inner.to_owned()));
            end = range.start + cut.len();
        }
        let text = &source[range.start..end];
        let blanks = text.len() - text.trim_start().len();
        let mut inner = Parser {
            source: &source[..end],
            tokens: lexer::tokens(text.trim_start())?,
            at: 0,
            depth: self.depth + 1,
        };
        for token in &mut inner.tokens {
            let shift = range.start + blanks;
            token.span = token.span.start + shift..token.span.end + shift;
            if let Token::Text { body, .. } = &mut token.token {
                *body = body.start + shift..body.end + shift;
            }
        }
        let expr = inner.tuple()?;
        if inner.peek() != &Token::End {
            return Err(inner.unexpected("'}'"));
        }
        let specification = match colon {
            Some(colon) => {
                let mut pieces = Vec::new();
                self.format_pieces(colon + 1..close, raw, level + 1, &mut pieces)?;
                Some(pieces)
            }
            None => None,
        };
        out.push(Piece::Value(expr, specification));
        Ok(close + 1)
    }
}
