//! Attributes and methods that Python's own types have. One file per type; which names exist is asked of [`find`].

pub(crate) mod dict;
mod list;
mod number;
pub(crate) mod text;

use crate::call::{Args, Callable};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::value::{Object, Val};
use std::rc::Rc;

/// The attribute `name` of a value, as `getattr` finds it; `None` where there is none.
pub(crate) fn attribute(value: &Val, name: &str) -> Option<Val> {
    if name == "__class__" {
        return Some(Val::object(Object::Type(value.type_name())));
    }
    if let Some(found) = number::property(value, name) {
        return Some(found);
    }
    if let Val::Group(items) = value {
        match name {
            "grouper" => return items.first().cloned(),
            "list" => return items.get(1).cloned(),
            _ => {}
        }
    }
    let names: &[&'static str] = match value {
        Val::Str(_) | Val::Markup(_) => text::NAMES,
        Val::List(_) => list::NAMES,
        Val::Tuple(_) | Val::Group(_) | Val::Range(_) => list::FIXED_NAMES,
        Val::Dict(_) => dict::NAMES,
        Val::Int(_) | Val::Bool(_) => number::INT_NAMES,
        Val::Float(_) => number::FLOAT_NAMES,
        _ => &[],
    };
    let name = *names.iter().find(|known| **known == name)?;
    Some(Val::Callable(Rc::new(Callable::Method {
        receiver: value.clone(),
        name,
    })))
}

/// Calls the method `name` of `receiver`.
pub(crate) fn call(
    host: &mut dyn Host,
    receiver: &Val,
    name: &'static str,
    args: Args,
) -> Res<Val> {
    host.fuel().spend(1)?;
    match receiver {
        Val::Str(s) => text::call(host, s, name, args),
        Val::Markup(s) => {
            let plain = text::call(host, s, name, args)?;
            Ok(match plain {
                Val::Str(s) => Val::Markup(s),
                other => other,
            })
        }
        Val::List(items) => list::call(host, items, name, args),
        Val::Tuple(items) | Val::Group(items) => list::call_fixed(host, items, name, args),
        Val::Range(_) => {
            let items = crate::value::iterate::items(receiver, host.fuel())?;
            list::call_fixed(host, &items, name, args)
        }
        Val::Dict(entries) => dict::call(entries, name, args),
        Val::Int(_) | Val::Bool(_) | Val::Float(_) => number::call(receiver, name, args),
        other => Err(EvalError::type_error(format!(
            "'{}' object has no method '{name}'",
            other.type_name()
        ))),
    }
}
