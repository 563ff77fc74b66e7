//! Values from and to `serde_json`, with `{"__float__": …}` for floats JSON has no words for.

use super::{Val, dict::Dict, iterate};
use crate::error::{EvalError, Res};
use crate::fuel::Fuel;
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use serde_json::{Map, Number, Value};

/// The key that marks a non-finite float.
pub(crate) const FLOAT_KEY: &str = "__float__";

/// The JSON form of a float.
pub(crate) fn float_to_json(number: f64) -> Value {
    Number::from_f64(number).map_or_else(
        || {
            let mut marked = Map::new();
            marked.insert(
                FLOAT_KEY.to_owned(),
                Value::String(super::number::float_repr(number)),
            );
            Value::Object(marked)
        },
        Value::Number,
    )
}

/// The JSON form of a whole number; beyond 64 bits it becomes the nearest float, as JSON readers do.
pub(crate) fn int_to_json(number: &BigInt) -> Value {
    if let Some(small) = number.to_i64() {
        return Value::from(small);
    }
    if let Some(large) = number.to_u64() {
        return Value::from(large);
    }
    float_to_json(number.to_f64().unwrap_or(f64::NAN))
}

/// The float an object like `{"__float__": "inf"}` stands for.
pub(crate) fn marked_float(map: &Map<String, Value>) -> Option<f64> {
    match map.get(FLOAT_KEY) {
        Some(Value::String(text)) if map.len() == 1 => match text.as_str() {
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            "nan" => Some(f64::NAN),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn from_json(value: &Value) -> Val {
    match value {
        Value::Null => Val::None,
        Value::Bool(b) => Val::Bool(*b),
        Value::Number(n) => number(n),
        Value::String(s) => Val::str(s.as_str()),
        Value::Array(items) => Val::list(items.iter().map(from_json).collect()),
        Value::Object(map) => match marked_float(map) {
            Some(float) => Val::Float(float),
            None => Val::dict(dict_from_json(map)),
        },
    }
}

pub(crate) fn dict_from_json(map: &Map<String, Value>) -> Dict {
    let mut dict = Dict::default();
    for (key, value) in map {
        dict.set(key, from_json(value));
    }
    dict
}

fn number(number: &Number) -> Val {
    if let Some(i) = number.as_i64() {
        Val::int(i)
    } else if let Some(u) = number.as_u64() {
        Val::int(u)
    } else {
        Val::Float(number.as_f64().unwrap_or(f64::NAN))
    }
}

/// How a dictionary key is spelled in JSON text.
pub(crate) fn key_text(key: &Val) -> Res<String> {
    Ok(match key {
        Val::Str(s) | Val::Markup(s) => s.to_string(),
        Val::None => "null".to_owned(),
        Val::Bool(b) => b.to_string(),
        Val::Int(_) | Val::Float(_) => super::repr::repr(key),
        other => {
            let name = other.type_name();
            return Err(EvalError::type_error(format!(
                "keys must be str, int, float, bool or None, not {name}"
            ))
            .named(name));
        }
    })
}

/// How JSON is laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a> {
    /// Text put before each item per level; `None` keeps everything on one line.
    pub(crate) indent: Option<&'a str>,
    pub(crate) sort_keys: bool,
    /// Values without a JSON form are written as the string of their `str`.
    pub(crate) lenient: bool,
}

/// JSON text as Python's `json.dumps` writes it, ASCII only.
pub(crate) fn dumps(value: &Val, layout: Layout<'_>, fuel: &Fuel) -> Res<String> {
    let mut out = String::new();
    write(value, layout, 0, &mut out, fuel)?;
    fuel.text(out.len())?;
    Ok(out)
}

/// A JSON string: what JSON has a short escape for gets that, other characters stand as they are where `as_is` says so.
pub(crate) fn quote(text: &str, out: &mut String, as_is: impl Fn(char) -> bool) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if as_is(c) => out.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

/// What Python leaves unescaped.
fn ascii(c: char) -> bool {
    (' '..='~').contains(&c)
}

fn new_line(layout: Layout<'_>, level: usize, out: &mut String) {
    if let Some(indent) = layout.indent {
        out.push('\n');
        for _ in 0..level {
            out.push_str(indent);
        }
    }
}

fn write(value: &Val, layout: Layout<'_>, level: usize, out: &mut String, fuel: &Fuel) -> Res<()> {
    fuel.spend(1)?;
    value.defined()?;
    let separator = if layout.indent.is_some() { "," } else { ", " };
    match value {
        Val::None => out.push_str("null"),
        Val::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Val::Int(_) => out.push_str(&super::repr::text(value, fuel)?),
        Val::Float(f) => out.push_str(&match super::number::float_repr(*f).as_str() {
            "nan" => "NaN".to_owned(),
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            plain => plain.to_owned(),
        }),
        Val::Str(s) | Val::Markup(s) => quote(s, out, ascii),
        Val::List(_) | Val::Tuple(_) | Val::Group(_) => {
            let items = iterate::items(value, fuel)?;
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push_str(separator);
                }
                new_line(layout, level + 1, out);
                fuel.deeper(|| write(item, layout, level + 1, out, fuel))?;
            }
            if !items.is_empty() {
                new_line(layout, level, out);
            }
            out.push(']');
        }
        Val::Dict(dict) => {
            let mut entries: Vec<(Val, Val)> = dict
                .borrow()
                .iter()
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            if layout.sort_keys {
                super::compare::sort_by_key(&mut entries, false, fuel)?;
            }
            out.push('{');
            for (position, (key, item)) in entries.iter().enumerate() {
                if position > 0 {
                    out.push_str(separator);
                }
                new_line(layout, level + 1, out);
                quote(&key_text(key)?, out, ascii);
                out.push_str(": ");
                fuel.deeper(|| write(item, layout, level + 1, out, fuel))?;
            }
            if !entries.is_empty() {
                new_line(layout, level, out);
            }
            out.push('}');
        }
        other if layout.lenient => quote(&super::repr::text(other, fuel)?, out, ascii),
        other => {
            let name = other.type_name();
            return Err(EvalError::type_error(format!(
                "Object of type {name} is not JSON serializable"
            ))
            .named(name));
        }
    }
    Ok(())
}
