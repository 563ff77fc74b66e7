//! Elements and slices: `value[key]` without any fallback to attributes.

use super::{SliceBounds, Val};
use crate::error::{EvalError, Res};
use crate::fuel::Fuel;
use num_traits::ToPrimitive;
use std::rc::Rc;

fn clamp(bound: &Val, len: i64, default: i64, low: i64, high: i64) -> Res<i64> {
    if matches!(bound, Val::None) {
        return Ok(default);
    }
    let Some(number) = bound.defined()?.as_int() else {
        return Err(EvalError::type_error(
            "slice indices must be integers or None or have an __index__ method",
        ));
    };
    let number = number
        .to_i64()
        .unwrap_or(if number.sign() == num_bigint::Sign::Minus {
            i64::MIN
        } else {
            i64::MAX
        });
    let absolute = if number < 0 {
        number.saturating_add(len)
    } else {
        number
    };
    Ok(absolute.clamp(low, high))
}

/// Positions a slice picks from a sequence of `len` items.
fn positions(bounds: &SliceBounds, len: usize) -> Res<Vec<usize>> {
    let len = len as i64;
    let step = match &bounds.step {
        Val::None => 1,
        other => clamp(other, 0, 1, i64::MIN + 1, i64::MAX)?,
    };
    if step == 0 {
        return Err(EvalError::value("slice step cannot be zero"));
    }
    let (start, stop) = if step > 0 {
        (
            clamp(&bounds.start, len, 0, 0, len)?,
            clamp(&bounds.stop, len, len, 0, len)?,
        )
    } else {
        (
            clamp(&bounds.start, len, len - 1, -1, len - 1)?,
            clamp(&bounds.stop, len, -1, -1, len - 1)?,
        )
    };
    let mut found = Vec::new();
    let mut at = start;
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        found.push(at as usize);
        at = at.saturating_add(step);
    }
    Ok(found)
}

fn position(key: &Val, len: usize, container: &str) -> Res<usize> {
    let Some(number) = key.as_int() else {
        let name = key.type_name();
        return Err(EvalError::type_error(format!(
            "{container} indices must be integers or slices, not {name}"
        ))
        .named(name));
    };
    let len_signed = len as i64;
    let at = number.to_i64().map(|n| {
        if n < 0 {
            n.saturating_add(len_signed)
        } else {
            n
        }
    });
    match at {
        Some(at) if (0..len_signed).contains(&at) => Ok(at as usize),
        _ => Err(EvalError::lookup(format!("{container} index out of range"))),
    }
}

/// `value[key]`.
pub(crate) fn element(value: &Val, key: &Val, fuel: &Fuel) -> Res<Val> {
    value.defined()?;
    if !matches!(key, Val::Slice(_)) {
        key.defined()?;
    }
    fuel.spend(1)?;
    match (value, key) {
        (Val::Dict(dict), key) => dict.borrow().get(key)?.ok_or_else(|| {
            EvalError::lookup(super::repr::repr(key))
                .named(super::repr::repr(key).trim_matches('\'').to_owned())
        }),
        (Val::Str(s) | Val::Markup(s), key) => {
            fuel.spend(s.len() as u64 / 64 + 1)?;
            // A long text is mostly ASCII, where a character is a byte.
            let chars: Vec<char> = match s.is_ascii() {
                true => Vec::new(),
                false => s.chars().collect(),
            };
            let (count, bytes) = match s.is_ascii() {
                true => (s.len(), s.as_bytes()),
                false => (chars.len(), &[][..]),
            };
            let at = |at: usize| {
                bytes
                    .get(at)
                    .map_or_else(|| chars[at], |byte| *byte as char)
            };
            let text: String = match key {
                Val::Slice(bounds) => {
                    let wanted = positions(bounds, count)?;
                    fuel.items(wanted.len() / 8)?;
                    wanted.into_iter().map(at).collect()
                }
                _ => at(position(key, count, "string")?).to_string(),
            };
            Ok(if matches!(value, Val::Markup(_)) {
                Val::Markup(text.into())
            } else {
                Val::str(text)
            })
        }
        (Val::List(items), key) => {
            let items = items.borrow();
            match key {
                Val::Slice(bounds) => {
                    fuel.items(items.len())?;
                    Ok(Val::list(
                        positions(bounds, items.len())?
                            .into_iter()
                            .map(|at| items[at].clone())
                            .collect(),
                    ))
                }
                _ => Ok(items[position(key, items.len(), "list")?].clone()),
            }
        }
        (Val::Tuple(items) | Val::Group(items), key) => match key {
            Val::Slice(bounds) => {
                fuel.items(items.len())?;
                Ok(Val::tuple(
                    positions(bounds, items.len())?
                        .into_iter()
                        .map(|at| items[at].clone())
                        .collect(),
                ))
            }
            _ => Ok(items[position(key, items.len(), "tuple")?].clone()),
        },
        (Val::Range(p), Val::Slice(bounds)) => {
            let all = super::iterate::items(value, fuel)?;
            let _ = p;
            Ok(Val::list(
                positions(bounds, all.len())?
                    .into_iter()
                    .map(|at| all[at].clone())
                    .collect(),
            ))
        }
        (Val::Range(p), key) => {
            let at = position(
                key,
                usize::try_from(p.len()).unwrap_or(usize::MAX),
                "range object",
            )?;
            Ok(Val::int(p.at(at as u64)))
        }
        (other, _) => {
            let name = other.type_name();
            Err(EvalError::type_error(format!("'{name}' object is not subscriptable")).named(name))
        }
    }
}

pub(crate) fn slice(start: Val, stop: Val, step: Val) -> Val {
    Val::Slice(Rc::new(SliceBounds { start, stop, step }))
}
