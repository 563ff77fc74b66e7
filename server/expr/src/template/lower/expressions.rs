//! Expressions: the tree of one, with the spans of its parts.

use super::super::names;
use super::{BLOCK, Lowered, Lowering, range};
use crate::ast::{Argument, Binary, Comparison, Expr, ExprKind, Literal, Unary};
use crate::error::SyntaxError;
use minijinja::machinery::ast;
use minijinja::value::{Value, ValueKind};
use num_bigint::BigInt;
use std::ops::Range;

impl Lowering<'_> {
    pub(super) fn arguments(&mut self, args: &[ast::CallArg<'_>]) -> Lowered<Vec<Argument>> {
        args.iter()
            .map(|arg| {
                Ok(match arg {
                    ast::CallArg::Pos(e) => Argument::Positional(self.expr(e)?),
                    ast::CallArg::Kwarg(name, e) => {
                        Argument::Named((*name).to_owned(), self.expr(e)?)
                    }
                    ast::CallArg::PosSplat(e) => Argument::Spread(self.expr(e)?),
                    ast::CallArg::KwargSplat(e) => Argument::SpreadNamed(self.expr(e)?),
                })
            })
            .collect()
    }

    pub(in super::super) fn expr(&mut self, expr: &ast::Expr<'_>) -> Lowered<Expr> {
        let span = span_of(expr);
        self.nested(span.clone(), |l| l.expression(expr, span))
    }

    pub(super) fn boxed(&mut self, expr: &ast::Expr<'_>) -> Lowered<Box<Expr>> {
        self.expr(expr).map(Box::new)
    }

    pub(super) fn optional(&mut self, expr: &Option<ast::Expr<'_>>) -> Lowered<Option<Box<Expr>>> {
        expr.as_ref().map(|e| self.boxed(e)).transpose()
    }

    pub(super) fn many(&mut self, items: &[ast::Expr<'_>]) -> Lowered<Vec<Expr>> {
        items.iter().map(|e| self.expr(e)).collect()
    }

    fn expression(&mut self, expr: &ast::Expr<'_>, span: Range<usize>) -> Lowered<Expr> {
        let kind = match expr {
            ast::Expr::Var(var) => ExprKind::Name(var.id.to_owned()),
            ast::Expr::Const(constant) => {
                written_as_number(self.source, &span)?;
                constant_kind(&constant.value, &span)?
            }
            ast::Expr::List(list) => ExprKind::List(self.many(&list.items)?),
            ast::Expr::Tuple(tuple) => ExprKind::Tuple(self.many(&tuple.items)?),
            ast::Expr::Map(map) => {
                let mut pairs = Vec::new();
                for (key, value) in map.keys.iter().zip(&map.values) {
                    pairs.push((self.expr(key)?, self.expr(value)?));
                }
                ExprKind::Dict(pairs)
            }
            ast::Expr::Slice(slice) => {
                let base = self.boxed(&slice.expr)?;
                let bounds = ExprKind::Slice {
                    start: self.optional(&slice.start)?,
                    stop: self.optional(&slice.stop)?,
                    step: self.optional(&slice.step)?,
                };
                ExprKind::Item(base, Box::new(Expr::new(bounds, span.clone())))
            }
            ast::Expr::UnaryOp(op) => {
                let operator = match op.op {
                    ast::UnaryOpKind::Not => Unary::Not,
                    ast::UnaryOpKind::Neg => Unary::Minus,
                };
                ExprKind::Unary(operator, self.boxed(&op.expr)?)
            }
            ast::Expr::BinOp(op) => self.binary(op)?,
            ast::Expr::Compare(compare) => {
                let first = self.boxed(&compare.expr)?;
                let mut rest = Vec::new();
                for op in &compare.ops {
                    let operator = match op.op {
                        ast::CompareOpKind::Eq => Comparison::Equal,
                        ast::CompareOpKind::Ne => Comparison::NotEqual,
                        ast::CompareOpKind::Lt => Comparison::Less,
                        ast::CompareOpKind::Lte => Comparison::LessEqual,
                        ast::CompareOpKind::Gt => Comparison::Greater,
                        ast::CompareOpKind::Gte => Comparison::GreaterEqual,
                        ast::CompareOpKind::In => Comparison::In,
                        ast::CompareOpKind::NotIn => Comparison::NotIn,
                    };
                    rest.push((operator, self.expr(&op.expr)?));
                }
                ExprKind::Compare(first, rest)
            }
            ast::Expr::IfExpr(conditional) => self.softened(true, |l| {
                Ok(ExprKind::Conditional {
                    test: l.boxed(&conditional.test_expr)?,
                    then: l.boxed(&conditional.true_expr)?,
                    otherwise: l.optional(&conditional.false_expr)?,
                })
            })?,
            ast::Expr::Filter(filter) => {
                self.known(names::is_filter(filter.name), "filter", filter.name, &span)?;
                let value = match &filter.expr {
                    Some(value) => Some(self.boxed(value)?),
                    None => Some(Box::new(Expr::new(
                        ExprKind::Name(BLOCK.to_owned()),
                        span.start..span.start,
                    ))),
                };
                ExprKind::Filter {
                    name: filter.name.to_owned(),
                    value,
                    args: self.arguments(&filter.args)?,
                }
            }
            ast::Expr::Test(test) => return self.test(test, span),
            ast::Expr::GetAttr(attr) => {
                let base = self.boxed(&attr.expr)?;
                let start = span.end.saturating_sub(attr.name.len());
                let name_span = if self.source.get(start..span.end) == Some(attr.name) {
                    start..span.end
                } else {
                    span.clone()
                };
                let whole = base.span.start.min(span.start)..span.end;
                let kind = ExprKind::Attribute {
                    base,
                    name: attr.name.to_owned(),
                    name_span,
                };
                return Ok(Expr::new(kind, whole));
            }
            ast::Expr::GetItem(item) => {
                let base = self.boxed(&item.expr)?;
                let key = self.boxed(&item.subscript_expr)?;
                let whole = base.span.start.min(span.start)..span.end;
                return Ok(Expr::new(ExprKind::Item(base, key), whole));
            }
            ast::Expr::Call(call) => {
                let callee = self.boxed(&call.expr)?;
                let args = self.arguments(&call.args)?;
                let whole = callee.span.start.min(span.start)..span.end;
                return Ok(Expr::new(ExprKind::Call(callee, args), whole));
            }
        };
        Ok(Expr::new(kind, span))
    }

    fn known(&self, known: bool, what: &str, name: &str, span: &Range<usize>) -> Lowered<()> {
        if known || self.soft {
            return Ok(());
        }
        Err(SyntaxError {
            message: format!("there is no {what} named '{name}'"),
            span: span.clone(),
        })
    }

    /// A test takes an argument without parentheses, but never one that starts with a sign:
    /// `n is le -4` subtracts 4 from the answer.
    fn test(&mut self, test: &ast::Spanned<ast::Test<'_>>, span: Range<usize>) -> Lowered<Expr> {
        self.known(
            names::is_test(test.name),
            "test",
            test.name,
            &range(test.span()),
        )?;
        let value = self.boxed(&test.expr)?;
        let name = test.name.to_owned();
        if let [ast::CallArg::Pos(ast::Expr::UnaryOp(op))] = test.args.as_slice()
            && matches!(op.op, ast::UnaryOpKind::Neg)
        {
            let start = range(op.span()).start;
            let parenthesised = self
                .source
                .get(..start)
                .is_some_and(|s| s.trim_end().ends_with('('));
            if !parenthesised {
                let left = Expr::new(
                    ExprKind::Test {
                        name,
                        value,
                        args: Vec::new(),
                    },
                    span.clone(),
                );
                let right = self.boxed(&op.expr)?;
                return Ok(Expr::new(
                    ExprKind::Binary(Binary::Subtract, Box::new(left), right),
                    span,
                ));
            }
        }
        let args = self.arguments(&test.args)?;
        let whole = value.span.start.min(span.start)..span.end;
        Ok(Expr::new(ExprKind::Test { name, value, args }, whole))
    }

    fn binary(&mut self, op: &ast::Spanned<ast::BinOp<'_>>) -> Lowered<ExprKind> {
        if matches!(op.op, ast::BinOpKind::Concat) {
            let mut parts = vec![self.expr(&op.right)?];
            let mut left = &op.left;
            while let ast::Expr::BinOp(inner) = left {
                if !matches!(inner.op, ast::BinOpKind::Concat) {
                    break;
                }
                parts.push(self.expr(&inner.right)?);
                left = &inner.left;
            }
            parts.push(self.expr(left)?);
            parts.reverse();
            return Ok(ExprKind::Concat(parts));
        }
        let (left, right) = (self.boxed(&op.left)?, self.boxed(&op.right)?);
        let comparison = |operator, left: Box<Expr>, right: Box<Expr>| {
            ExprKind::Compare(left, vec![(operator, *right)])
        };
        Ok(match op.op {
            ast::BinOpKind::ScAnd => ExprKind::And(left, right),
            ast::BinOpKind::ScOr => ExprKind::Or(left, right),
            ast::BinOpKind::Eq => comparison(Comparison::Equal, left, right),
            ast::BinOpKind::Ne => comparison(Comparison::NotEqual, left, right),
            ast::BinOpKind::Lt => comparison(Comparison::Less, left, right),
            ast::BinOpKind::Lte => comparison(Comparison::LessEqual, left, right),
            ast::BinOpKind::Gt => comparison(Comparison::Greater, left, right),
            ast::BinOpKind::Gte => comparison(Comparison::GreaterEqual, left, right),
            ast::BinOpKind::In => comparison(Comparison::In, left, right),
            ast::BinOpKind::Add => ExprKind::Binary(Binary::Add, left, right),
            ast::BinOpKind::Sub => ExprKind::Binary(Binary::Subtract, left, right),
            ast::BinOpKind::Mul => ExprKind::Binary(Binary::Multiply, left, right),
            ast::BinOpKind::Div => ExprKind::Binary(Binary::Divide, left, right),
            ast::BinOpKind::FloorDiv => ExprKind::Binary(Binary::FloorDivide, left, right),
            ast::BinOpKind::Rem => ExprKind::Binary(Binary::Remainder, left, right),
            ast::BinOpKind::Pow => ExprKind::Binary(Binary::Power, left, right),
            ast::BinOpKind::Concat => ExprKind::Concat(vec![*left, *right]),
        })
    }
}

pub(super) fn span_of(expr: &ast::Expr<'_>) -> Range<usize> {
    range(match expr {
        ast::Expr::Var(e) => e.span(),
        ast::Expr::Const(e) => e.span(),
        ast::Expr::Slice(e) => e.span(),
        ast::Expr::UnaryOp(e) => e.span(),
        ast::Expr::BinOp(e) => e.span(),
        ast::Expr::Compare(e) => e.span(),
        ast::Expr::IfExpr(e) => e.span(),
        ast::Expr::Filter(e) => e.span(),
        ast::Expr::Test(e) => e.span(),
        ast::Expr::GetAttr(e) => e.span(),
        ast::Expr::GetItem(e) => e.span(),
        ast::Expr::Call(e) => e.span(),
        ast::Expr::List(e) => e.span(),
        ast::Expr::Tuple(e) => e.span(),
        ast::Expr::Map(e) => e.span(),
    })
}

fn constant_kind(value: &Value, span: &Range<usize>) -> Lowered<ExprKind> {
    let literal = match value.kind() {
        ValueKind::None | ValueKind::Undefined => Literal::None,
        ValueKind::Bool => Literal::Bool(value.is_true()),
        ValueKind::String => Literal::Text(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Number if value.is_integer() => match i128::try_from(value.clone()) {
            Ok(number) => Literal::Int(BigInt::from(number)),
            Err(_) => Literal::Int(
                u128::try_from(value.clone())
                    .map(BigInt::from)
                    .unwrap_or_default(),
            ),
        },
        ValueKind::Number => Literal::Float(f64::try_from(value.clone()).unwrap_or(f64::NAN)),
        other => {
            return Err(SyntaxError {
                message: format!("a constant of kind {other} is not known"),
                span: span.clone(),
            });
        }
    };
    Ok(ExprKind::Literal(literal))
}

/// The parser takes `1.`, `01` and `1__0` for numbers; the dialect does not.
fn written_as_number(source: &str, span: &Range<usize>) -> Result<(), SyntaxError> {
    let text = source.get(span.clone()).unwrap_or_default();
    let digits = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(digits) {
        return Ok(());
    }
    let padded = text.starts_with('0') && text.contains(|c| ('1'..='9').contains(&c));
    let refused = text.ends_with('.') || text.contains("__") || (padded && !text.contains('.'));
    if refused {
        return Err(SyntaxError {
            message: format!(
                "`{text}` is no number; write it without a leading zero, a point at its end, or `__`"
            ),
            span: span.clone(),
        });
    }
    Ok(())
}
