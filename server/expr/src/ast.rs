//! The expression tree both languages are lowered to. Holds no behaviour besides walking.

use num_bigint::BigInt;
use std::ops::Range;

/// An expression with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Range<usize>,
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    None,
    Bool(bool),
    Int(BigInt),
    Float(f64),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    Not,
    Minus,
    Plus,
    Invert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    ShiftLeft,
    ShiftRight,
    BitAnd,
    BitOr,
    BitXor,
    MatrixMultiply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

/// One argument of a call, a filter or a test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Argument {
    Positional(Expr),
    Named(String, Expr),
    Spread(Expr),
    SpreadNamed(Expr),
}

/// A piece of a formatted string.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Value(Expr, Option<Vec<Piece>>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Literal(Literal),
    Name(String),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Concat(Vec<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    Conditional {
        test: Box<Expr>,
        then: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    Attribute {
        base: Box<Expr>,
        name: String,
        name_span: Range<usize>,
    },
    Item(Box<Expr>, Box<Expr>),
    Slice {
        start: Option<Box<Expr>>,
        stop: Option<Box<Expr>>,
        step: Option<Box<Expr>>,
    },
    Call(Box<Expr>, Vec<Argument>),
    Filter {
        name: String,
        value: Option<Box<Expr>>,
        args: Vec<Argument>,
    },
    Test {
        name: String,
        value: Box<Expr>,
        args: Vec<Argument>,
    },
    Formatted(Vec<Piece>),
    /// Valid syntax that the dialect does not evaluate; the text names it.
    Unavailable(&'static str),
}

impl Argument {
    pub(crate) fn expr(&self) -> &Expr {
        match self {
            Argument::Positional(e)
            | Argument::Named(_, e)
            | Argument::Spread(e)
            | Argument::SpreadNamed(e) => e,
        }
    }
}

impl Expr {
    pub(crate) fn new(kind: ExprKind, span: Range<usize>) -> Self {
        Self { kind, span }
    }

    /// Calls `visit` for every direct part, in source order.
    pub(crate) fn children<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Name(_) | ExprKind::Unavailable(_) => {}
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Concat(items) => {
                items.iter().for_each(visit)
            }
            ExprKind::Dict(pairs) => pairs.iter().for_each(|(k, v)| {
                visit(k);
                visit(v);
            }),
            ExprKind::Unary(_, e) | ExprKind::Attribute { base: e, .. } => visit(e),
            ExprKind::Binary(_, a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Item(a, b) => {
                visit(a);
                visit(b);
            }
            ExprKind::Compare(first, rest) => {
                visit(first);
                rest.iter().for_each(|(_, e)| visit(e));
            }
            ExprKind::Conditional {
                test,
                then,
                otherwise,
            } => {
                visit(then);
                visit(test);
                if let Some(e) = otherwise {
                    visit(e);
                }
            }
            ExprKind::Slice { start, stop, step } => [start, stop, step]
                .into_iter()
                .flatten()
                .for_each(|e| visit(e)),
            ExprKind::Call(callee, args) => {
                visit(callee);
                args.iter().for_each(|a| visit(a.expr()));
            }
            ExprKind::Filter { value, args, .. } => {
                if let Some(e) = value {
                    visit(e);
                }
                args.iter().for_each(|a| visit(a.expr()));
            }
            ExprKind::Test { value, args, .. } => {
                visit(value);
                args.iter().for_each(|a| visit(a.expr()));
            }
            ExprKind::Formatted(pieces) => visit_pieces(pieces, visit),
        }
    }
}

fn visit_pieces<'a>(pieces: &'a [Piece], visit: &mut dyn FnMut(&'a Expr)) {
    for piece in pieces {
        if let Piece::Value(expr, format) = piece {
            visit(expr);
            if let Some(format) = format {
                visit_pieces(format, visit);
            }
        }
    }
}
