//! What a text refers to: chains of names and comparisons with constants, for analysis and editor. Evaluates nothing.

use crate::ast::{Argument, Comparison as Op, Expr, ExprKind, Literal, Unary};
use serde_json::Value;
use std::ops::Range;

/// One name of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The name as written, or the text of a constant subscript.
    pub name: String,
    /// Byte range of the name; inside the quotes for a subscript.
    pub span: Range<usize>,
}

/// A chain like `planner.output.plan` or `output["score"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The root name first; a subscript that is no constant text ends the chain.
    pub path: Vec<Segment>,
    /// Byte range from the root to the last segment, a closing bracket included.
    pub span: Range<usize>,
    /// The chain is only asked whether it is (un)defined.
    pub defined_test: bool,
    /// The chain goes straight into `default` or `d`.
    pub default: bool,
    /// The chain is called; its last segment is then a method or function.
    pub called: bool,
}

/// How a reference is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`, also as a test.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in` a list of constants.
    In,
    /// `not in` a list of constants.
    NotIn,
    /// The reference alone decides; the constant is `true`, or `false` behind `not`.
    Holds,
}

/// A reference compared with a constant; the reference always stands left.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The reference.
    pub path: Vec<Segment>,
    /// The operator, mirrored where the constant stood left.
    pub operator: Operator,
    /// The constant.
    pub constant: Value,
    /// Byte range of the whole comparison.
    pub span: Range<usize>,
    /// Byte range of the constant.
    pub constant_span: Range<usize>,
}

/// The chain of names an expression is, if it is one.
pub(crate) fn chain(expr: &Expr) -> Option<Vec<Segment>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(vec![Segment {
            name: name.clone(),
            span: expr.span.clone(),
        }]),
        ExprKind::Attribute {
            base,
            name,
            name_span,
        } => {
            let mut path = chain(base)?;
            path.push(Segment {
                name: name.clone(),
                span: name_span.clone(),
            });
            Some(path)
        }
        ExprKind::Item(base, key) => {
            let ExprKind::Literal(Literal::Text(text)) = &key.kind else {
                return None;
            };
            let mut path = chain(base)?;
            let inner = if key.span.len() >= text.len() + 2 {
                key.span.start + 1..key.span.end - 1
            } else {
                key.span.clone()
            };
            path.push(Segment {
                name: text.clone(),
                span: inner,
            });
            Some(path)
        }
        _ => None,
    }
}

#[derive(Clone, Copy, Default)]
struct Flags {
    defined_test: bool,
    default: bool,
    called: bool,
}

/// Adds every reference of `expr` whose root `is_local` does not know.
pub(crate) fn collect(expr: &Expr, is_local: &dyn Fn(&str) -> bool, out: &mut Vec<Reference>) {
    walk(expr, Flags::default(), is_local, out);
}

fn walk(expr: &Expr, flags: Flags, is_local: &dyn Fn(&str) -> bool, out: &mut Vec<Reference>) {
    if let Some(path) = chain(expr) {
        if !is_local(&path[0].name) {
            out.push(Reference {
                path,
                span: expr.span.clone(),
                defined_test: flags.defined_test,
                default: flags.default,
                called: flags.called,
            });
        }
        return;
    }
    let none = Flags::default();
    match &expr.kind {
        ExprKind::Test { name, value, args } => {
            let asked = matches!(name.as_str(), "defined" | "undefined");
            walk(
                value,
                Flags {
                    defined_test: asked,
                    ..none
                },
                is_local,
                out,
            );
            args.iter()
                .for_each(|a| walk(a.expr(), none, is_local, out));
        }
        ExprKind::Filter {
            name,
            value: Some(value),
            args,
        } => {
            let default = matches!(name.as_str(), "default" | "d");
            walk(value, Flags { default, ..none }, is_local, out);
            args.iter()
                .for_each(|a| walk(a.expr(), none, is_local, out));
        }
        ExprKind::Call(callee, args) => {
            walk(
                callee,
                Flags {
                    called: true,
                    ..none
                },
                is_local,
                out,
            );
            args.iter()
                .map(Argument::expr)
                .for_each(|a| walk(a, none, is_local, out));
        }
        _ => expr.children(&mut |child| walk(child, none, is_local, out)),
    }
}

/// The constant an expression is, as JSON.
pub(crate) fn constant(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Literal(literal) => Some(match literal {
            Literal::None => Value::Null,
            Literal::Bool(b) => Value::Bool(*b),
            Literal::Int(i) => crate::value::json::int_to_json(i),
            Literal::Float(f) => crate::value::json::float_to_json(*f),
            Literal::Text(s) => Value::String(s.clone()),
        }),
        ExprKind::Unary(Unary::Minus, inner) => match &inner.kind {
            ExprKind::Literal(Literal::Int(i)) => Some(crate::value::json::int_to_json(&-i)),
            ExprKind::Literal(Literal::Float(f)) => Some(crate::value::json::float_to_json(-f)),
            _ => None,
        },
        ExprKind::List(items) | ExprKind::Tuple(items) => items
            .iter()
            .map(constant)
            .collect::<Option<Vec<_>>>()
            .map(Value::Array),
        _ => None,
    }
}

fn mirrored(operator: Op) -> Option<Operator> {
    Some(match operator {
        Op::Less => Operator::Greater,
        Op::LessEqual => Operator::GreaterOrEqual,
        Op::Greater => Operator::Less,
        Op::GreaterEqual => Operator::LessOrEqual,
        Op::In | Op::NotIn => return None,
        other => plain(other),
    })
}

fn plain(operator: Op) -> Operator {
    match operator {
        Op::Equal | Op::Is => Operator::Equal,
        Op::NotEqual | Op::IsNot => Operator::NotEqual,
        Op::Less => Operator::Less,
        Op::LessEqual => Operator::LessOrEqual,
        Op::Greater => Operator::Greater,
        Op::GreaterEqual => Operator::GreaterOrEqual,
        Op::In => Operator::In,
        Op::NotIn => Operator::NotIn,
    }
}

/// The reference inside filters that do not change what it is compared by.
fn compared_chain(expr: &Expr) -> Option<Vec<Segment>> {
    match &expr.kind {
        ExprKind::Filter {
            name,
            value: Some(value),
            ..
        } if matches!(
            name.as_str(),
            "default" | "d" | "int" | "float" | "string" | "lower" | "upper" | "trim"
        ) =>
        {
            compared_chain(value)
        }
        ExprKind::Call(callee, args) => match (&callee.kind, args.as_slice()) {
            (ExprKind::Name(name), [Argument::Positional(value)])
                if matches!(name.as_str(), "int" | "float" | "str") =>
            {
                compared_chain(value)
            }
            (ExprKind::Attribute { base, name, .. }, [])
                if matches!(name.as_str(), "lower" | "upper" | "strip") =>
            {
                compared_chain(base)
            }
            _ => None,
        },
        _ => chain(expr),
    }
}

/// Adds every comparison of a reference with a constant, and references that decide alone.
pub(crate) fn comparisons(expr: &Expr, out: &mut Vec<Compared>) {
    decide(expr, true, out);
}

fn decide(expr: &Expr, expected: bool, out: &mut Vec<Compared>) {
    match &expr.kind {
        ExprKind::And(a, b) | ExprKind::Or(a, b) => {
            decide(a, expected, out);
            decide(b, expected, out);
        }
        ExprKind::Unary(Unary::Not, inner) => decide(inner, !expected, out),
        ExprKind::Compare(first, rest) => {
            let mut left: &Expr = first;
            for (operator, right) in rest {
                pair(left, *operator, right, &expr.span, out);
                left = right;
            }
        }
        ExprKind::Test { name, value, args } => {
            let operator = match name.as_str() {
                "eq" | "equalto" | "==" | "sameas" => Operator::Equal,
                "ne" | "!=" => Operator::NotEqual,
                "lt" | "lessthan" | "<" => Operator::Less,
                "le" | "<=" => Operator::LessOrEqual,
                "gt" | "greaterthan" | ">" => Operator::Greater,
                "ge" | ">=" => Operator::GreaterOrEqual,
                "in" => Operator::In,
                _ => return,
            };
            if let (Some(path), [Argument::Positional(arg)]) =
                (compared_chain(value), args.as_slice())
                && let Some(constant) = constant(arg)
            {
                let (span, constant_span) = (expr.span.clone(), arg.span.clone());
                out.push(Compared {
                    path,
                    operator,
                    constant,
                    span,
                    constant_span,
                });
            }
        }
        ExprKind::Conditional { test, .. } => decide(test, expected, out),
        _ => {
            if let Some(path) = compared_chain(expr) {
                out.push(Compared {
                    path,
                    operator: Operator::Holds,
                    constant: Value::Bool(expected),
                    span: expr.span.clone(),
                    constant_span: expr.span.clone(),
                });
            }
        }
    }
}

fn pair(left: &Expr, operator: Op, right: &Expr, span: &Range<usize>, out: &mut Vec<Compared>) {
    let found = match (compared_chain(left), constant(right)) {
        (Some(path), Some(value)) => Some((path, plain(operator), value, right)),
        _ => match (constant(left), compared_chain(right), mirrored(operator)) {
            (Some(value), Some(path), Some(operator)) => Some((path, operator, value, left)),
            _ => None,
        },
    };
    if let Some((path, operator, constant, side)) = found {
        out.push(Compared {
            path,
            operator,
            constant,
            span: span.clone(),
            constant_span: side.span.clone(),
        });
    }
}
