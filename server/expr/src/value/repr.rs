//! `repr` and `str` of values in Python's spelling. No JSON here.

use super::{Object, Val, ViewKind, number::float_repr};
use crate::error::{EvalError, Res};
use crate::fuel::Fuel;
use num_bigint::BigInt;
use std::fmt::Write as _;
use std::rc::Rc;

/// Nesting after which `repr` writes an ellipsis, which also ends lists that contain themselves.
const REPR_DEPTH: usize = 60;

/// A string literal in Python's preferred quotes.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if printable(c) => out.push(c),
            c => {
                let code = c as u32;
                let _ = if code <= 0xff {
                    write!(out, "\\x{code:02x}")
                } else if code <= 0xffff {
                    write!(out, "\\u{code:04x}")
                } else {
                    write!(out, "\\U{code:08x}")
                };
            }
        }
    }
    out.push(quote);
    out
}

/// Python's `str.isprintable` for one character, as near as the standard library tells.
pub(crate) fn printable(c: char) -> bool {
    if c == ' ' {
        return true;
    }
    let code = c as u32;
    !(c.is_control()
        || c.is_whitespace()
        || matches!(code, 0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e
            | 0x2060..=0x206f | 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfeff | 0xfff0..=0xfffb | 0xe0000..=0x10ffff)
        || code & 0xfffe == 0xfffe)
}

pub(crate) fn repr(value: &Val) -> String {
    let mut out = String::new();
    write_repr(value, &mut out, 0);
    out
}

fn write_all(items: &[Val], out: &mut String, depth: usize) {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        write_repr(item, out, depth + 1);
    }
}

fn write_repr(value: &Val, out: &mut String, depth: usize) {
    if depth > REPR_DEPTH {
        out.push_str("...");
        return;
    }
    match value {
        Val::Undefined(_) => out.push_str("Undefined"),
        Val::None => out.push_str("None"),
        Val::Bool(true) => out.push_str("True"),
        Val::Bool(false) => out.push_str("False"),
        Val::Int(i) => out.push_str(&i.to_string()),
        Val::Float(f) => out.push_str(&float_repr(*f)),
        Val::Str(s) => out.push_str(&quoted(s)),
        Val::Markup(s) => {
            let _ = write!(out, "Markup({})", quoted(s));
        }
        Val::List(items) => {
            out.push('[');
            write_all(&items.borrow(), out, depth);
            out.push(']');
        }
        Val::Tuple(items) | Val::Group(items) => {
            out.push('(');
            write_all(items, out, depth);
            out.push_str(if items.len() == 1 { ",)" } else { ")" });
        }
        Val::Dict(dict) => {
            out.push('{');
            for (position, (key, value)) in dict.borrow().iter().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                write_repr(key, out, depth + 1);
                out.push_str(": ");
                write_repr(value, out, depth + 1);
            }
            out.push('}');
        }
        Val::View(kind, dict) => {
            let (name, items) = match kind {
                ViewKind::Keys => ("dict_keys", dict.borrow().keys()),
                ViewKind::Values => ("dict_values", dict.borrow().values()),
                ViewKind::Items => ("dict_items", dict.borrow().pairs()),
            };
            out.push_str(name);
            out.push_str("([");
            write_all(&items, out, depth);
            out.push_str("])");
        }
        Val::Range(p) if p.step == 1 => {
            let _ = write!(out, "range({}, {})", p.start, p.stop);
        }
        Val::Range(p) => {
            let _ = write!(out, "range({}, {}, {})", p.start, p.stop, p.step);
        }
        Val::Slice(bounds) => {
            out.push_str("slice(");
            write_all(
                &[
                    bounds.start.clone(),
                    bounds.stop.clone(),
                    bounds.step.clone(),
                ],
                out,
                depth,
            );
            out.push(')');
        }
        Val::OneShot(one) => {
            let _ = write!(out, "<{} object>", one.type_name);
        }
        Val::Callable(callable) => out.push_str(&callable.describe()),
        Val::Object(object) => match &**object {
            Object::Namespace(entries) => {
                out.push_str("<Namespace ");
                write_repr(&Val::dict(entries.borrow().clone()), out, depth + 1);
                out.push('>');
            }
            Object::Cycler { .. } => out.push_str("<jinja2.utils.Cycler object>"),
            Object::Joiner { .. } => out.push_str("<jinja2.utils.Joiner object>"),
            Object::Loop(state) => {
                let _ = write!(out, "<LoopContext {}/{}>", state.index0() + 1, state.len());
            }
            Object::Type(name) => {
                let _ = write!(out, "<class '{name}'>");
            }
        },
    }
}

fn decimal(number: &BigInt) -> Res<String> {
    // The bits tell the digits without writing them first.
    if number.bits() as f64 * std::f64::consts::LOG10_2 > super::number::INT_DIGITS as f64 {
        return Err(EvalError::value(format!(
            "an integer of more than {} digits cannot be written out",
            super::number::INT_DIGITS
        )));
    }
    Ok(number.to_string())
}

/// `str(value)`; a value that does not exist is an error.
pub(crate) fn text(value: &Val, fuel: &Fuel) -> Res<Rc<str>> {
    if value.is_nothing() {
        return Ok("".into());
    }
    value.defined()?;
    let out = match value {
        Val::Str(s) | Val::Markup(s) => return Ok(s.clone()),
        Val::Int(i) => decimal(i)?,
        other => repr(other),
    };
    fuel.text(out.len())?;
    Ok(out.into())
}

/// `str(value)`, except that marked text stays marked.
pub(crate) fn soft_text(value: &Val, fuel: &Fuel) -> Res<Val> {
    match value {
        Val::Str(_) | Val::Markup(_) => Ok(value.clone()),
        other => Ok(Val::Str(text(other, fuel)?)),
    }
}

/// HTML escaping as the template language does it.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    out
}

/// Marked text of a value: escaped unless it is marked already.
pub(crate) fn escaped(value: &Val, fuel: &Fuel) -> Res<Rc<str>> {
    match value {
        Val::Markup(s) => Ok(s.clone()),
        other => Ok(escape(&text(other, fuel)?).into()),
    }
}
