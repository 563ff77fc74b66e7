//! What operators stand between: values, brackets, arguments and subscripts.

use super::{KEYWORDS, Parsed, Parser, Token};
use crate::ast::{Argument, Expr, ExprKind, Literal};

impl Parser<'_> {
    pub(super) fn subscript(&mut self) -> Parsed<Expr> {
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

    pub(super) fn slice(&mut self) -> Parsed<Expr> {
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

    pub(super) fn arguments(&mut self) -> Parsed<Vec<Argument>> {
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
    pub(super) fn comprehension(&mut self, value: Expr, what: &'static str) -> Parsed<Expr> {
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

    pub(super) fn atom(&mut self) -> Parsed<Expr> {
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

    pub(super) fn braces(&mut self) -> Parsed<ExprKind> {
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
}
