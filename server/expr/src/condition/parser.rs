//! Parser of the plain condition language. Produces the tree; decides nothing about names.

use super::lexer::{self, Spanned, Token};
use crate::ast::{Argument, Binary, Comparison, Expr, ExprKind, Literal, Piece, Unary};
use crate::error::SyntaxError;
use std::ops::Range;

type Parsed<T> = Result<T, SyntaxError>;

const KEYWORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
    "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
    "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "True",
    "False", "None",
];

/// Nesting the parser follows before it gives up.
const DEPTH: usize = 150;

pub(super) struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Spanned>,
    at: usize,
    depth: usize,
}

/// Reads the first statement of `source`; what follows it must be well-formed too.
///
/// Leading and trailing blanks are not part of the language's text. An assignment reads as its right side.
pub(super) fn parse(source: &str) -> Parsed<Option<Expr>> {
    let mut parser = Parser {
        source,
        tokens: lexer::tokens(source)?,
        at: 0,
        depth: 0,
    };
    let mut first = None;
    loop {
        while parser.peek() == &Token::End {
            if parser.at + 1 >= parser.tokens.len() {
                return Ok(first);
            }
            if parser.source[parser.span()].starts_with(';') {
                return Err(parser.unexpected("an expression"));
            }
            parser.at += 1;
        }
        let statement = parser.statement()?;
        first.get_or_insert(statement);
        if parser.peek() != &Token::End {
            return Err(parser.unexpected("an operator or the end"));
        }
        if parser.at + 1 < parser.tokens.len() {
            parser.at += 1;
        }
    }
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].token
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].span.clone()
    }

    fn previous_end(&self) -> usize {
        self.at
            .checked_sub(1)
            .map_or(0, |at| self.tokens[at].span.end)
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        let span = self.span();
        let found = match self.peek() {
            Token::End if span.start >= self.source.len() => "the end".to_owned(),
            Token::End => "the end of the line".to_owned(),
            _ => format!("'{}'", &self.source[span.clone()]),
        };
        SyntaxError {
            message: format!("expected {wanted}, found {found}"),
            span,
        }
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let hit = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        if hit {
            self.at += 1;
        }
        hit
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("'{symbol}'")))
        }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(found) if found == word)
    }

    fn word(&mut self, word: &str) -> bool {
        let hit = self.is_word(word);
        if hit {
            self.at += 1;
        }
        hit
    }

    fn finish(&self, start: usize, kind: ExprKind) -> Expr {
        Expr::new(kind, start..self.previous_end())
    }

    fn nested<T>(&mut self, body: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(SyntaxError {
                message: format!("nested more than {DEPTH} levels deep"),
                span: self.span(),
            });
        }
        let result = stacker::maybe_grow(64 * 1024, 1024 * 1024, || body(self));
        self.depth -= 1;
        result
    }

    fn statement(&mut self) -> Parsed<Expr> {
        let mut value = self.tuple()?;
        const AUGMENTED: &[&str] = &[
            "+=", "-=", "*=", "/=", "//=", "%=", "**=", ">>=", "<<=", "&=", "|=", "^=", "@=",
        ];
        let augmented = matches!(self.peek(), Token::Symbol(s) if AUGMENTED.contains(s));
        if augmented || matches!(self.peek(), Token::Symbol("=")) {
            loop {
                if !matches!(
                    value.kind,
                    ExprKind::Name(_) | ExprKind::Attribute { .. } | ExprKind::Item(..)
                ) {
                    return Err(SyntaxError {
                        message: "expected '==' to compare; only a name can be assigned to"
                            .to_owned(),
                        span: self.span(),
                    });
                }
                self.at += 1;
                value = self.tuple()?;
                if augmented || !matches!(self.peek(), Token::Symbol("=")) {
                    break;
                }
            }
        }
        Ok(value)
    }

    /// Expressions with commas between make a tuple.
    fn tuple(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let first = self.expression()?;
        if !matches!(self.peek(), Token::Symbol(",")) {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.symbol(",") {
            if matches!(
                self.peek(),
                Token::End | Token::Symbol(")" | "]" | "}" | "=" | ":")
            ) {
                break;
            }
            items.push(self.expression()?);
        }
        Ok(self.finish(start, ExprKind::Tuple(items)))
    }

    fn expression(&mut self) -> Parsed<Expr> {
        self.nested(Self::conditional)
    }

    fn conditional(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        if self.word("lambda") {
            while !self.symbol(":") {
                match self.peek() {
                    Token::Name(_) | Token::Symbol("," | "*" | "**") => self.at += 1,
                    Token::Symbol("=") => {
                        self.at += 1;
                        self.expression()?;
                    }
                    _ => return Err(self.unexpected("a parameter or ':'")),
                }
            }
            self.expression()?;
            return Ok(self.finish(start, ExprKind::Unavailable("Lambda")));
        }
        if self.symbol("*") {
            self.binary(0)?;
            return Ok(self.finish(start, ExprKind::Unavailable("Starred")));
        }
        let then = self.binary(0)?;
        if matches!(self.peek(), Token::Symbol(":=")) {
            if !matches!(then.kind, ExprKind::Name(_)) {
                return Err(self.unexpected("an operator or the end"));
            }
            self.at += 1;
            self.expression()?;
            return Ok(self.finish(start, ExprKind::Unavailable("NamedExpr")));
        }
        if !self.word("if") {
            return Ok(then);
        }
        let test = Box::new(self.binary(0)?);
        if !self.word("else") {
            return Err(self.unexpected("'else'"));
        }
        let otherwise = Some(Box::new(self.expression()?));
        Ok(self.finish(
            start,
            ExprKind::Conditional {
                test,
                then: Box::new(then),
                otherwise,
            },
        ))
    }

    /// Precedence climbing: 0 `or`, 1 `and`, 2 `not`, 3 comparison, 4 `|` … 9 `*`, 10 unary.
    fn binary(&mut self, level: usize) -> Parsed<Expr> {
        let start = self.span().start;
        let mut chain = 0;
        match level {
            0 | 1 => {
                let word = if level == 0 { "or" } else { "and" };
                let mut left = self.binary(level + 1)?;
                while self.word(word) {
                    self.bound_chain(&mut chain)?;
                    let right = Box::new(self.binary(level + 1)?);
                    let kind = if level == 0 {
                        ExprKind::Or(Box::new(left), right)
                    } else {
                        ExprKind::And(Box::new(left), right)
                    };
                    left = self.finish(start, kind);
                }
                Ok(left)
            }
            2 => {
                if self.word("not") {
                    let inner = self.nested(|p| p.binary(2))?;
                    return Ok(self.finish(start, ExprKind::Unary(Unary::Not, Box::new(inner))));
                }
                self.comparison()
            }
            _ => {
                let mut left = if level >= 8 {
                    self.unary()?
                } else {
                    self.binary(level + 1)?
                };
                while let Some(operator) = self.operator(level) {
                    self.bound_chain(&mut chain)?;
                    let right = if level >= 8 {
                        self.unary()?
                    } else {
                        self.binary(level + 1)?
                    };
                    left = self.finish(
                        start,
                        ExprKind::Binary(operator, Box::new(left), Box::new(right)),
                    );
                }
                Ok(left)
            }
        }
    }

    fn bound_chain(&self, chain: &mut usize) -> Parsed<()> {
        *chain += 1;
        if *chain > DEPTH {
            return Err(SyntaxError {
                message: format!("more than {DEPTH} operators in one chain"),
                span: self.span(),
            });
        }
        Ok(())
    }

    fn operator(&mut self, level: usize) -> Option<Binary> {
        let Token::Symbol(symbol) = self.peek() else {
            return None;
        };
        let operator = match (level, *symbol) {
            (3, "|") => Binary::BitOr,
            (4, "^") => Binary::BitXor,
            (5, "&") => Binary::BitAnd,
            (6, "<<") => Binary::ShiftLeft,
            (6, ">>") => Binary::ShiftRight,
            (7, "+") => Binary::Add,
            (7, "-") => Binary::Subtract,
            (8, "*") => Binary::Multiply,
            (8, "/") => Binary::Divide,
            (8, "//") => Binary::FloorDivide,
            (8, "%") => Binary::Remainder,
            (8, "@") => Binary::MatrixMultiply,
            _ => return None,
        };
        self.at += 1;
        Some(operator)
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let first = self.binary(3)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.comparison_operator() {
            rest.push((operator, self.binary(3)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(self.finish(start, ExprKind::Compare(Box::new(first), rest)))
    }

    fn comparison_operator(&mut self) -> Option<Comparison> {
        let operator = match self.peek() {
            Token::Symbol("==") => Comparison::Equal,
            Token::Symbol("!=") => Comparison::NotEqual,
            Token::Symbol("<") => Comparison::Less,
            Token::Symbol("<=") => Comparison::LessEqual,
            Token::Symbol(">") => Comparison::Greater,
            Token::Symbol(">=") => Comparison::GreaterEqual,
            Token::Name(word) if word == "in" => Comparison::In,
            Token::Name(word) if word == "is" => {
                self.at += 1;
                return Some(if self.word("not") {
                    Comparison::IsNot
                } else {
                    Comparison::Is
                });
            }
            Token::Name(word) if word == "not" => {
                let next = self.tokens.get(self.at + 1);
                if !matches!(next, Some(Spanned { token: Token::Name(word), .. }) if word == "in") {
                    return None;
                }
                self.at += 1;
                Comparison::NotIn
            }
            _ => return None,
        };
        self.at += 1;
        Some(operator)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let operator = match self.peek() {
            Token::Symbol("-") => Unary::Minus,
            Token::Symbol("+") => Unary::Plus,
            Token::Symbol("~") => Unary::Invert,
            _ => return self.power(),
        };
        self.at += 1;
        let inner = self.nested(Self::unary)?;
        Ok(self.finish(start, ExprKind::Unary(operator, Box::new(inner))))
    }

    fn power(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let awaited = self.word("await");
        let base = self.postfix()?;
        if awaited {
            return Ok(self.finish(start, ExprKind::Unavailable("Await")));
        }
        if !self.symbol("**") {
            return Ok(base);
        }
        let exponent = self.nested(Self::unary)?;
        Ok(self.finish(
            start,
            ExprKind::Binary(Binary::Power, Box::new(base), Box::new(exponent)),
        ))
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let mut value = self.atom()?;
        let mut chain = 0;
        loop {
            self.bound_chain(&mut chain)?;
            let kind = if self.symbol(".") {
                let name_span = self.span();
                let Token::Name(name) = self.peek().clone() else {
                    return Err(self.unexpected("a name"));
                };
                if KEYWORDS.contains(&name.as_str()) {
                    return Err(SyntaxError {
                        message: format!(
                            "'{name}' is a word of the language and cannot be read as a field"
                        ),
                        span: name_span,
                    });
                }
                self.at += 1;
                ExprKind::Attribute {
                    base: Box::new(value),
                    name,
                    name_span,
                }
            } else if self.symbol("(") {
                let args = self.arguments()?;
                ExprKind::Call(Box::new(value), args)
            } else if self.symbol("[") {
                let key = self.subscript()?;
                self.expect("]")?;
                ExprKind::Item(Box::new(value), Box::new(key))
            } else {
                return Ok(value);
            };
            value = self.finish(start, kind);
        }
    }

    fn subscript(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let first = self.slice()?;
        if !matches!(self.peek(), Token::Symbol(",")) {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.symbol(",") {
            if matches!(self.peek(), Token::Symbol("]")) {
                break;
            }
            items.push(self.slice()?);
        }
        Ok(self.finish(start, ExprKind::Tuple(items)))
    }

    fn slice(&mut self) -> Parsed<Expr> {
        let start_at = self.span().start;
        let start = if matches!(self.peek(), Token::Symbol(":")) {
            None
        } else {
            Some(self.expression()?)
        };
        if !self.symbol(":") {
            return start.ok_or_else(|| self.unexpected("an index"));
        }
        let bound = |parser: &mut Self| {
            if matches!(parser.peek(), Token::Symbol(":" | "]" | ",")) {
                Ok(None)
            } else {
                parser.expression().map(|e| Some(Box::new(e)))
            }
        };
        let stop = bound(self)?;
        let step = if self.symbol(":") { bound(self)? } else { None };
        Ok(self.finish(
            start_at,
            ExprKind::Slice {
                start: start.map(Box::new),
                stop,
                step,
            },
        ))
    }

    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        let mut args = Vec::new();
        let mut named = false;
        while !self.symbol(")") {
            if self.symbol("**") {
                args.push(Argument::SpreadNamed(self.expression()?));
                named = true;
            } else if self.symbol("*") {
                args.push(Argument::Spread(self.expression()?));
            } else {
                let next = self.tokens.get(self.at + 1).map(|t| &t.token);
                if let (Token::Name(name), Some(Token::Symbol("="))) = (self.peek().clone(), next) {
                    if KEYWORDS.contains(&name.as_str()) {
                        return Err(self.unexpected("an argument"));
                    }
                    self.at += 2;
                    args.push(Argument::Named(name, self.expression()?));
                    named = true;
                } else if named {
                    return Err(self.unexpected("a named argument"));
                } else {
                    let value = self.expression()?;
                    let value = self.comprehension(value, "GeneratorExp")?;
                    args.push(Argument::Positional(value));
                }
            }
            if !self.symbol(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(args)
    }

    /// Skips over the `for` clauses after `value`, where there are any.
    fn comprehension(&mut self, value: Expr, what: &'static str) -> Parsed<Expr> {
        let start = value.span.start;
        let mut any = false;
        while self.is_word("for") || self.is_word("async") {
            self.word("async");
            if !self.word("for") {
                return Err(self.unexpected("'for'"));
            }
            any = true;
            loop {
                self.binary(3)?;
                if !self.symbol(",") {
                    break;
                }
            }
            if !self.word("in") {
                return Err(self.unexpected("'in'"));
            }
            self.binary(0)?;
            while self.word("if") {
                self.binary(0)?;
            }
        }
        Ok(if any {
            self.finish(start, ExprKind::Unavailable(what))
        } else {
            value
        })
    }

    fn atom(&mut self) -> Parsed<Expr> {
        let start = self.span().start;
        let token = self.peek().clone();
        let kind = match token {
            Token::Name(name) => {
                let kind = match name.as_str() {
                    "True" => ExprKind::Literal(Literal::Bool(true)),
                    "False" => ExprKind::Literal(Literal::Bool(false)),
                    "None" => ExprKind::Literal(Literal::None),
                    word if KEYWORDS.contains(&word) => return Err(self.unexpected("a value")),
                    _ => ExprKind::Name(name),
                };
                self.at += 1;
                kind
            }
            Token::Int(value) => {
                self.at += 1;
                ExprKind::Literal(Literal::Int(value))
            }
            Token::Float(value) => {
                self.at += 1;
                ExprKind::Literal(Literal::Float(value))
            }
            Token::Imaginary => {
                self.at += 1;
                ExprKind::Unavailable("a complex number")
            }
            Token::Text { .. } => self.strings()?,
            Token::Symbol("...") => {
                self.at += 1;
                ExprKind::Unavailable("Ellipsis")
            }
            Token::Symbol("(") => {
                self.at += 1;
                if self.symbol(")") {
                    return Ok(self.finish(start, ExprKind::Tuple(Vec::new())));
                }
                if self.is_word("yield") {
                    return Err(self.unexpected("a value"));
                }
                let inner = self.tuple()?;
                let inner = self.comprehension(inner, "GeneratorExp")?;
                self.expect(")")?;
                return Ok(self.finish(start, inner.kind));
            }
            Token::Symbol("[") => {
                self.at += 1;
                if self.symbol("]") {
                    return Ok(self.finish(start, ExprKind::List(Vec::new())));
                }
                let inner = self.tuple()?;
                let inner = self.comprehension(inner, "ListComp")?;
                self.expect("]")?;
                match inner.kind {
                    ExprKind::Tuple(items) => ExprKind::List(items),
                    kind @ ExprKind::Unavailable("ListComp") => kind,
                    kind => ExprKind::List(vec![Expr::new(kind, inner.span)]),
                }
            }
            Token::Symbol("{") => self.braces()?,
            _ => return Err(self.unexpected("a value")),
        };
        Ok(self.finish(start, kind))
    }

    fn braces(&mut self) -> Parsed<ExprKind> {
        self.expect("{")?;
        let mut pairs = Vec::new();
        let mut set = false;
        while !self.symbol("}") {
            if self.symbol("**") {
                self.binary(3)?;
                set = true;
            } else {
                let key = self.expression()?;
                if self.symbol(":") {
                    let value = self.expression()?;
                    let value = self.comprehension(value, "DictComp")?;
                    set |= matches!(value.kind, ExprKind::Unavailable("DictComp"));
                    pairs.push((key, value));
                } else {
                    self.comprehension(key, "SetComp")?;
                    set = true;
                }
            }
            if !self.symbol(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(if set {
            ExprKind::Unavailable("Set")
        } else {
            ExprKind::Dict(pairs)
        })
    }

    /// Adjacent strings are one string.
    fn strings(&mut self) -> Parsed<ExprKind> {
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

    fn format_pieces(
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
    fn format_field(
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
