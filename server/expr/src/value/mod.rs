//! The value model of both languages: Python's types as far as they can be met. Operations live in the sibling files.

pub(crate) mod arith;
pub(crate) mod compare;
pub(crate) mod dict;
pub(crate) mod iterate;
pub(crate) mod json;
pub(crate) mod number;
pub(crate) mod repr;
pub(crate) mod subscript;

use crate::call::Callable;
use crate::error::{EvalError, EvalErrorKind, Res};
use crate::template::loops::LoopState;
use dict::Dict;
use num_bigint::BigInt;
use num_traits::{ToPrimitive, Zero};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// Why a value does not exist: the message its first use ends with.
#[derive(Debug)]
pub(crate) struct Missing {
    pub(crate) message: String,
    pub(crate) names: Vec<String>,
    /// Reads as nothing instead of failing: what an inline `if` without `else` leaves behind.
    pub(crate) lenient: bool,
}

/// An iterator that can be walked once.
#[derive(Debug)]
pub(crate) struct OneShot {
    pub(crate) type_name: &'static str,
    pub(crate) items: RefCell<VecDeque<Val>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ViewKind {
    Keys,
    Values,
    Items,
}

/// A whole-number progression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progression {
    pub(crate) start: i64,
    pub(crate) stop: i64,
    pub(crate) step: i64,
}

/// Bounds of a slice; `None` is an omitted bound.
#[derive(Debug, Clone)]
pub(crate) struct SliceBounds {
    pub(crate) start: Val,
    pub(crate) stop: Val,
    pub(crate) step: Val,
}

/// Values with identity and own attributes.
#[derive(Debug)]
pub(crate) enum Object {
    Namespace(RefCell<Dict>),
    Cycler {
        items: Vec<Val>,
        position: Cell<usize>,
    },
    Joiner {
        separator: Val,
        used: Cell<bool>,
    },
    Loop(LoopState),
    Type(&'static str),
}

#[derive(Debug, Clone)]
pub(crate) enum Val {
    Undefined(Rc<Missing>),
    None,
    Bool(bool),
    Int(BigInt),
    Float(f64),
    Str(Rc<str>),
    Markup(Rc<str>),
    List(Rc<RefCell<Vec<Val>>>),
    Tuple(Rc<Vec<Val>>),
    /// A pair of `groupby`: a tuple with the names `grouper` and `list`.
    Group(Rc<Vec<Val>>),
    Dict(Rc<RefCell<Dict>>),
    View(ViewKind, Rc<RefCell<Dict>>),
    Range(Progression),
    Slice(Rc<SliceBounds>),
    OneShot(Rc<OneShot>),
    Callable(Rc<Callable>),
    Object(Rc<Object>),
}

impl Val {
    pub(crate) fn str(text: impl Into<Rc<str>>) -> Self {
        Val::Str(text.into())
    }

    pub(crate) fn int(number: impl Into<BigInt>) -> Self {
        Val::Int(number.into())
    }

    pub(crate) fn list(items: Vec<Val>) -> Self {
        Val::List(Rc::new(RefCell::new(items)))
    }

    pub(crate) fn tuple(items: Vec<Val>) -> Self {
        Val::Tuple(Rc::new(items))
    }

    pub(crate) fn dict(dict: Dict) -> Self {
        Val::Dict(Rc::new(RefCell::new(dict)))
    }

    pub(crate) fn one_shot(type_name: &'static str, items: Vec<Val>) -> Self {
        Val::OneShot(Rc::new(OneShot {
            type_name,
            items: RefCell::new(items.into()),
        }))
    }

    pub(crate) fn object(object: Object) -> Self {
        Val::Object(Rc::new(object))
    }

    pub(crate) fn undefined(message: String, names: Vec<String>) -> Self {
        Val::Undefined(Rc::new(Missing {
            message,
            names,
            lenient: false,
        }))
    }

    /// The value of an inline `if` without `else` whose test fails.
    pub(crate) fn nothing() -> Self {
        Val::Undefined(Rc::new(Missing {
            message: "the inline if-expression is false and has no else part".to_owned(),
            names: Vec::new(),
            lenient: true,
        }))
    }

    pub(crate) fn is_nothing(&self) -> bool {
        matches!(self, Val::Undefined(missing) if missing.lenient)
    }

    /// The missing attribute or element `key` of `base`, as the template language words it.
    pub(crate) fn missing_of(base: &Val, key: &Val) -> Self {
        let owner = base.object_name();
        match key {
            Val::Str(name) | Val::Markup(name) => Val::undefined(
                format!("'{owner}' has no attribute {}", repr::quoted(name)),
                vec![owner, name.to_string()],
            ),
            other => Val::undefined(
                format!("{owner} has no element {}", repr::repr(other)),
                Vec::new(),
            ),
        }
    }

    /// Python's name of the type.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Val::Undefined(_) => "StrictUndefined",
            Val::None => "NoneType",
            Val::Bool(_) => "bool",
            Val::Int(_) => "int",
            Val::Float(_) => "float",
            Val::Str(_) => "str",
            Val::Markup(_) => "Markup",
            Val::List(_) => "list",
            Val::Tuple(_) => "tuple",
            Val::Group(_) => "_GroupTuple",
            Val::Dict(_) => "dict",
            Val::View(ViewKind::Keys, _) => "dict_keys",
            Val::View(ViewKind::Values, _) => "dict_values",
            Val::View(ViewKind::Items, _) => "dict_items",
            Val::Range(_) => "range",
            Val::Slice(_) => "slice",
            Val::OneShot(one) => one.type_name,
            Val::Callable(c) => c.type_name(),
            Val::Object(o) => match &**o {
                Object::Namespace(_) => "Namespace",
                Object::Cycler { .. } => "Cycler",
                Object::Joiner { .. } => "Joiner",
                Object::Loop(_) => "LoopContext",
                Object::Type(_) => "type",
            },
        }
    }

    /// How an undefined attribute names its owner.
    pub(crate) fn object_name(&self) -> String {
        match self {
            Val::None => "None".to_owned(),
            Val::Markup(_) => "markupsafe.Markup object".to_owned(),
            Val::Object(o) if !matches!(&**o, Object::Type(_)) => match &**o {
                Object::Loop(_) => "jinja2.runtime.LoopContext object".to_owned(),
                _ => format!("jinja2.utils.{} object", self.type_name()),
            },
            other => format!("{} object", other.type_name()),
        }
    }

    pub(crate) fn is_undefined(&self) -> bool {
        matches!(self, Val::Undefined(_))
    }

    pub(crate) fn text(&self) -> Option<&Rc<str>> {
        match self {
            Val::Str(s) | Val::Markup(s) => Some(s),
            _ => None,
        }
    }

    /// The items of a list, tuple or group, copied.
    pub(crate) fn sequence(&self) -> Option<Vec<Val>> {
        match self {
            Val::List(items) => Some(items.borrow().clone()),
            Val::Tuple(items) | Val::Group(items) => Some(items.to_vec()),
            _ => None,
        }
    }

    /// Fails with the reason where the value does not exist.
    pub(crate) fn defined(&self) -> Res<&Self> {
        match self {
            Val::Undefined(missing) => Err(EvalError {
                kind: EvalErrorKind::Undefined,
                message: missing.message.clone(),
                span: None,
                names: missing.names.clone(),
            }),
            _ => Ok(self),
        }
    }

    /// Python's `bool(value)`.
    pub(crate) fn truth(&self) -> Res<bool> {
        if self.is_nothing() {
            return Ok(false);
        }
        self.defined()?;
        Ok(match self {
            Val::Undefined(_) | Val::None => false,
            Val::Bool(b) => *b,
            Val::Int(i) => !i.is_zero(),
            Val::Float(f) => *f != 0.0,
            Val::Str(s) | Val::Markup(s) => !s.is_empty(),
            Val::List(items) => !items.borrow().is_empty(),
            Val::Tuple(items) | Val::Group(items) => !items.is_empty(),
            Val::Dict(d) | Val::View(_, d) => !d.borrow().is_empty(),
            Val::Range(p) => p.len() > 0,
            Val::Slice(_) | Val::OneShot(_) | Val::Callable(_) | Val::Object(_) => true,
        })
    }

    /// The number as an integer where it is one; booleans count as 0 and 1.
    pub(crate) fn as_int(&self) -> Option<BigInt> {
        match self {
            Val::Int(i) => Some(i.clone()),
            Val::Bool(b) => Some(BigInt::from(u8::from(*b))),
            _ => None,
        }
    }

    /// An argument that must be a whole number in `i64`.
    pub(crate) fn index(&self) -> Res<i64> {
        self.defined()?;
        let Some(number) = self.as_int() else {
            return Err(EvalError::type_error(format!(
                "'{}' object cannot be interpreted as an integer",
                self.type_name()
            ))
            .named(self.type_name()));
        };
        number
            .to_i64()
            .ok_or_else(|| EvalError::arithmetic("the whole number does not fit into 64 bits"))
    }
}

impl Progression {
    pub(crate) fn len(&self) -> u64 {
        let (low, high, step) = if self.step > 0 {
            (self.start, self.stop, self.step)
        } else {
            (self.stop, self.start, self.step.saturating_neg())
        };
        if low >= high {
            return 0;
        }
        let distance = (i128::from(high) - i128::from(low) - 1) / i128::from(step) + 1;
        u64::try_from(distance).unwrap_or(u64::MAX)
    }

    pub(crate) fn at(&self, position: u64) -> i64 {
        let value = i128::from(self.start) + i128::from(position) * i128::from(self.step);
        i64::try_from(value).unwrap_or(i64::MAX)
    }
}
