//! The functions of the template language and the objects they make.

use super::render::Renderer;
use crate::call::{Args, Callable};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::value::{Object, Progression, Val, compare, dict::Dict};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// An attribute of an object made by a function, or of `loop`.
pub(super) fn attribute(object: &Rc<Object>, name: &str) -> Option<Val> {
    let method = |names: &[&'static str]| {
        let name = *names.iter().find(|n| **n == name)?;
        let receiver = Val::Object(object.clone());
        Some(Val::Callable(Rc::new(Callable::Method { receiver, name })))
    };
    match &**object {
        Object::Namespace(entries) => entries.borrow().get_text(name),
        Object::Cycler { items, position } => match name {
            "current" => items.get(position.get()).cloned(),
            "pos" => Some(Val::int(position.get() as u64)),
            "items" => Some(Val::tuple(items.clone())),
            _ => method(&["next", "reset"]),
        },
        Object::Joiner { separator, used } => match name {
            "sep" => Some(separator.clone()),
            "used" => Some(Val::Bool(used.get())),
            _ => None,
        },
        Object::Loop(state) => state
            .attribute(name)
            .or_else(|| method(&["cycle", "changed"])),
        Object::Type(type_name) => (name == "__name__").then(|| Val::str(*type_name)),
    }
}

/// An attribute of a macro.
pub(super) fn callable_attribute(callable: &Callable, name: &str) -> Option<Val> {
    let Callable::Macro(called) = callable else {
        return None;
    };
    let definition = &called.definition;
    Some(match name {
        "name" => Val::str(definition.name.as_str()),
        "arguments" => Val::tuple(
            definition
                .parameters
                .iter()
                .map(|p| Val::str(p.as_str()))
                .collect(),
        ),
        "catch_kwargs" => Val::Bool(definition.uses_kwargs),
        "catch_varargs" => Val::Bool(definition.uses_varargs),
        "caller" => Val::Bool(definition.uses_caller),
        _ => return None,
    })
}

/// Calls a method of an object, or the object itself where `name` is empty.
pub(super) fn call_object(
    r: &mut Renderer,
    object: &Rc<Object>,
    name: &str,
    args: Args,
) -> Res<Val> {
    match (&**object, name) {
        (Object::Cycler { items, position }, "next") => {
            let item = items.get(position.get()).cloned().unwrap_or(Val::None);
            position.set((position.get() + 1) % items.len().max(1));
            Ok(item)
        }
        (Object::Cycler { position, .. }, _) => {
            position.set(0);
            Ok(Val::None)
        }
        (Object::Joiner { separator, used }, _) => {
            args.exactly::<0>("joiner")?;
            Ok(if used.replace(true) {
                separator.clone()
            } else {
                Val::str("")
            })
        }
        (Object::Loop(state), "cycle") => {
            if args.positional.is_empty() {
                return Err(EvalError::type_error("no items for cycling given"));
            }
            Ok(args.positional[state.index0() % args.positional.len()].clone())
        }
        (Object::Loop(state), _) => {
            let given = Val::tuple(args.positional.clone());
            let same = match &*state.changed.borrow() {
                Some(last) => compare::equal(&Val::tuple(last.clone()), &given, r.fuel())?,
                None => false,
            };
            if !same {
                *state.changed.borrow_mut() = Some(args.positional);
            }
            Ok(Val::Bool(!same))
        }
        _ => Err(EvalError::type_error("this object cannot be called")),
    }
}

/// The dictionary `dict(pairs, name=value)` makes.
fn make_dict(args: Args) -> Res<Dict> {
    let mut dict = Dict::default();
    if args.positional.len() > 1 {
        return Err(EvalError::type_error(format!(
            "dict expected at most 1 argument, got {}",
            args.positional.len()
        )));
    }
    for source in &args.positional {
        for (key, value) in crate::methods::dict::pairs_of(source)? {
            dict.insert(key, value)?;
        }
    }
    for (key, value) in args.named {
        dict.set(&key, value);
    }
    Ok(dict)
}

pub(super) fn call(r: &mut Renderer, name: &'static str, args: Args) -> Res<Val> {
    match name {
        "range" => {
            if args.positional.is_empty() || args.positional.len() > 3 || !args.named.is_empty() {
                return Err(EvalError::type_error(format!(
                    "range expected 1 to 3 arguments, got {}",
                    args.positional.len()
                )));
            }
            let numbers = args
                .positional
                .iter()
                .map(Val::index)
                .collect::<Res<Vec<_>>>()?;
            let (start, stop, step) = match numbers.as_slice() {
                [stop] => (0, *stop, 1),
                [start, stop] => (*start, *stop, 1),
                [start, stop, step, ..] => (*start, *stop, *step),
                [] => (0, 0, 1),
            };
            if step == 0 {
                return Err(EvalError::value("range() arg 3 must not be zero"));
            }
            Ok(Val::Range(Progression { start, stop, step }))
        }
        "dict" => make_dict(args).map(Val::dict),
        "namespace" => Ok(Val::object(Object::Namespace(RefCell::new(make_dict(
            args,
        )?)))),
        "cycler" => {
            if args.positional.is_empty() {
                return Err(EvalError::new(
                    crate::error::EvalErrorKind::Value,
                    "at least one item has to be provided",
                ));
            }
            Ok(Val::object(Object::Cycler {
                items: args.positional,
                position: Cell::new(0),
            }))
        }
        "joiner" => {
            let [separator] = args.bind(name, ["sep"])?;
            let separator = separator.unwrap_or_else(|| Val::str(", "));
            Ok(Val::object(Object::Joiner {
                separator,
                used: Cell::new(false),
            }))
        }
        _ => {
            let [count, html, least, most] = args.bind(name, ["n", "html", "min", "max"])?;
            let count = count.map_or(Ok(5), |v| v.index())?.clamp(0, 100);
            let html = crate::call::flag(html, true)?;
            let words = least
                .map_or(Ok(20), |v| v.index())?
                .clamp(1, 1000)
                .min(most.map_or(Ok(100), |v| v.index())?.max(1));
            let source = [
                "lorem",
                "ipsum",
                "dolor",
                "sit",
                "amet",
                "consectetur",
                "adipiscing",
                "elit",
            ];
            let mut paragraphs = Vec::new();
            for _ in 0..count {
                let text: Vec<&str> = source
                    .iter()
                    .copied()
                    .cycle()
                    .take(words as usize)
                    .collect();
                let text = format!("{}.", crate::methods::text::capitalize(&text.join(" ")));
                r.fuel().text(text.len())?;
                paragraphs.push(if html { format!("<p>{text}</p>") } else { text });
            }
            let joined = paragraphs.join(if html { "\n" } else { "\n\n" });
            Ok(if html {
                Val::Markup(joined.into())
            } else {
                Val::str(joined)
            })
        }
    }
}
