//! The statement tree of a template. Expressions are in `crate::ast`.

use crate::ast::Expr;
use std::ops::Range;
use std::rc::Rc;

#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) name: String,
    pub(crate) parameters: Vec<String>,
    /// Defaults of the last parameters.
    pub(crate) defaults: Vec<Expr>,
    pub(crate) body: Vec<Node>,
    pub(crate) uses_varargs: bool,
    pub(crate) uses_kwargs: bool,
    pub(crate) uses_caller: bool,
}

#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) target: Expr,
    pub(crate) iterable: Expr,
    pub(crate) condition: Option<Expr>,
    pub(crate) recursive: bool,
    pub(crate) body: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

#[derive(Debug)]
pub(crate) enum Node {
    Text(String),
    Output(Expr),
    If {
        test: Expr,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    For(Rc<Loop>),
    Set {
        target: Expr,
        value: Expr,
    },
    SetBlock {
        target: Expr,
        filter: Option<Expr>,
        body: Vec<Node>,
    },
    With {
        assignments: Vec<(Expr, Expr)>,
        body: Vec<Node>,
    },
    FilterBlock {
        filter: Expr,
        body: Vec<Node>,
    },
    AutoEscape {
        enabled: Expr,
        body: Vec<Node>,
    },
    Macro(Rc<Macro>),
    CallBlock {
        call: Expr,
        caller: Rc<Macro>,
    },
    Block(Vec<Node>),
    /// A construct that loads other templates, which a text in a workflow cannot.
    Load {
        what: &'static str,
        span: Range<usize>,
    },
}
