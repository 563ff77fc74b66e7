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
    /// Statements in the same scope.
    Group(Vec<Node>),
    Block(Rc<Block>),
    Load(Load),
}

/// A part that a template which extends this one may replace.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) name: String,
    /// Whether it sees the loops around it.
    pub(crate) scoped: bool,
    pub(crate) body: Vec<Node>,
}

/// A construct that takes in another template.
#[derive(Debug)]
pub(crate) struct Load {
    /// The template's name, or a list of names.
    pub(crate) source: Expr,
    pub(crate) way: Way,
    /// Whether the other template sees the names of this one.
    pub(crate) with_context: bool,
    pub(crate) span: Range<usize>,
}

/// What becomes of the other template.
#[derive(Debug)]
pub(crate) enum Way {
    Include { ignore_missing: bool },
    Extends,
    Import { target: Expr },
    From { names: Vec<(String, String)> },
}

impl Way {
    pub(crate) fn tag(&self) -> &'static str {
        match self {
            Way::Include { .. } => "include",
            Way::Extends => "extends",
            Way::Import { .. } | Way::From { .. } => "import",
        }
    }
}

impl Node {
    /// Whether it does nothing but write; a template that extends another leaves that to it.
    pub(crate) fn writes(&self) -> bool {
        match self {
            Node::Text(_)
            | Node::Output(_)
            | Node::FilterBlock { .. }
            | Node::CallBlock { .. }
            | Node::Block(_) => true,
            Node::Load(load) => matches!(load.way, Way::Include { .. }),
            Node::If { .. }
            | Node::For(_)
            | Node::Set { .. }
            | Node::SetBlock { .. }
            | Node::With { .. }
            | Node::AutoEscape { .. }
            | Node::Macro(_)
            | Node::Group(_) => false,
        }
    }
}
