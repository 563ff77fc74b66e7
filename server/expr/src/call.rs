//! Things that can be called and the arguments they are called with. What they do is told elsewhere.

use crate::error::{EvalError, Res};
use crate::template::macros::Macro;
use crate::value::{Val, repr};
use std::rc::Rc;

#[derive(Debug)]
pub(crate) enum Callable {
    /// A function of the language, by name.
    Function(&'static str),
    /// A method taken from a value.
    Method {
        receiver: Val,
        name: &'static str,
    },
    Macro(Rc<Macro>),
    /// A block of the templates that extend each other, the outermost first.
    Block {
        name: String,
        level: usize,
    },
}

impl Callable {
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Callable::Function(
                "range" | "dict" | "int" | "float" | "str" | "namespace" | "cycler" | "joiner",
            ) => "type",
            Callable::Function(_) => "function",
            Callable::Method { .. } => "builtin_function_or_method",
            Callable::Macro(_) => "Macro",
            Callable::Block { .. } => "BlockReference",
        }
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Callable::Function(name @ ("range" | "dict" | "int" | "float" | "str")) => {
                format!("<class '{name}'>")
            }
            Callable::Function(name) => format!("<function {name}>"),
            Callable::Method { receiver, name } => {
                format!(
                    "<built-in method {name} of {} object>",
                    receiver.type_name()
                )
            }
            Callable::Macro(m) => format!("<Macro {}>", repr::quoted(&m.definition.name)),
            Callable::Block { name, .. } => format!("<BlockReference {}>", repr::quoted(name)),
        }
    }
}

/// Evaluated arguments.
#[derive(Debug, Default, Clone)]
pub(crate) struct Args {
    pub(crate) positional: Vec<Val>,
    pub(crate) named: Vec<(String, Val)>,
}

impl Args {
    pub(crate) fn of(positional: Vec<Val>) -> Self {
        Self {
            positional,
            named: Vec::new(),
        }
    }

    /// Sorts the arguments into the parameters `names`; too many, unknown and double ones are errors.
    pub(crate) fn bind<const N: usize>(
        self,
        what: &str,
        names: [&str; N],
    ) -> Res<[Option<Val>; N]> {
        let mut bound = [const { None }; N];
        if self.positional.len() > N {
            return Err(EvalError::type_error(format!(
                "{what}() takes at most {N} arguments, {} were given",
                self.positional.len()
            ))
            .named(what));
        }
        for (slot, value) in bound.iter_mut().zip(self.positional) {
            *slot = Some(value);
        }
        for (name, value) in self.named {
            let Some(position) = names.iter().position(|n| *n == name && !n.is_empty()) else {
                return Err(EvalError::type_error(format!(
                    "{what}() got an unexpected keyword argument '{name}'"
                ))
                .named(name));
            };
            if bound[position].replace(value).is_some() {
                return Err(EvalError::type_error(format!(
                    "{what}() got multiple values for argument '{name}'"
                ))
                .named(name));
            }
        }
        Ok(bound)
    }

    /// Parameters that must all be there and come by position.
    pub(crate) fn exactly<const N: usize>(self, what: &str) -> Res<[Val; N]> {
        let given = self.positional.len() + self.named.len();
        if self.named.is_empty()
            && let Ok(values) = <[Val; N]>::try_from(self.positional)
        {
            return Ok(values);
        }
        Err(EvalError::type_error(format!(
            "{what}() takes exactly {N} arguments, {given} were given"
        ))
        .named(what))
    }
}

/// A parameter that must be given.
pub(crate) fn required(value: Option<Val>, what: &str, name: &str) -> Res<Val> {
    value.ok_or_else(|| {
        EvalError::type_error(format!(
            "{what}() missing 1 required positional argument: '{name}'"
        ))
        .named(name)
    })
}

/// A truth parameter with a default.
pub(crate) fn flag(value: Option<Val>, default: bool) -> Res<bool> {
    value.map_or(Ok(default), |v| v.truth())
}
