//! Parser of the plain condition language: statements and operators. Produces the tree; decides nothing about names.

mod atoms;
mod strings;

use super::lexer::{self, Spanned, Token};
use crate::ast::{Binary, Comparison, Expr, ExprKind, Unary};
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
}
