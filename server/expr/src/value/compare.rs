//! Equality, order, identity and membership.

use super::{Val, ViewKind, iterate};
use crate::ast::Comparison;
use crate::error::{EvalError, Res};
use crate::fuel::Fuel;
use num_bigint::BigInt;
use num_traits::{FromPrimitive, ToPrimitive};
use std::cmp::Ordering;
use std::rc::Rc;

/// Orders a whole number and a float exactly; `None` for NaN.
fn int_float(a: &BigInt, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    if b.is_infinite() {
        return Some(if b > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        });
    }
    let floor = BigInt::from_f64(b.floor())?;
    Some(match a.cmp(&floor) {
        Ordering::Equal if b.fract() != 0.0 => Ordering::Less,
        other => other,
    })
}

/// Order of two numbers; outer `None` where one is no number, inner for NaN.
fn numbers(a: &Val, b: &Val) -> Option<Option<Ordering>> {
    match (a, b) {
        (Val::Float(x), Val::Float(y)) => Some(x.partial_cmp(y)),
        (Val::Float(x), other) => Some(int_float(&other.as_int()?, *x).map(Ordering::reverse)),
        (other, Val::Float(y)) => Some(int_float(&other.as_int()?, *y)),
        _ => Some(Some(a.as_int()?.cmp(&b.as_int()?))),
    }
}

/// Python's `is`, with the objects CPython keeps single: small integers, short strings.
pub(crate) fn identical(a: &Val, b: &Val) -> bool {
    match (a, b) {
        (Val::None, Val::None) => true,
        (Val::Bool(x), Val::Bool(y)) => x == y,
        (Val::Int(x), Val::Int(y)) => x == y && x.to_i64().is_some_and(|n| (-5..=256).contains(&n)),
        (Val::Float(x), Val::Float(y)) => x.to_bits() == y.to_bits(),
        (Val::Str(x), Val::Str(y)) => {
            Rc::ptr_eq(x, y)
                || (x == y && x.chars().count() < 2 && x.chars().all(|c| (c as u32) < 256))
        }
        (Val::Markup(x), Val::Markup(y)) => Rc::ptr_eq(x, y),
        (Val::List(x), Val::List(y)) => Rc::ptr_eq(x, y),
        (Val::Tuple(x), Val::Tuple(y)) => Rc::ptr_eq(x, y) || (x.is_empty() && y.is_empty()),
        (Val::Dict(x), Val::Dict(y)) => Rc::ptr_eq(x, y),
        (Val::Object(x), Val::Object(y)) => Rc::ptr_eq(x, y),
        (Val::Callable(x), Val::Callable(y)) => Rc::ptr_eq(x, y),
        (Val::OneShot(x), Val::OneShot(y)) => Rc::ptr_eq(x, y),
        (Val::Undefined(x), Val::Undefined(y)) => Rc::ptr_eq(x, y),
        _ => false,
    }
}

/// `a == b`; comparing a value that does not exist is an error.
pub(crate) fn equal(a: &Val, b: &Val, fuel: &Fuel) -> Res<bool> {
    if a.is_nothing() {
        return Ok(b.is_nothing());
    }
    a.defined()?;
    b.defined()?;
    fuel.spend(1)?;
    if let Some(order) = numbers(a, b) {
        return Ok(order == Some(Ordering::Equal));
    }
    if let (Some(x), Some(y)) = (a.text(), b.text()) {
        return Ok(x == y);
    }
    match (a, b) {
        (Val::List(x), Val::List(y)) => {
            if Rc::ptr_eq(x, y) {
                return Ok(true);
            }
            all_equal(&x.borrow(), &y.borrow(), fuel)
        }
        (Val::Tuple(x) | Val::Group(x), Val::Tuple(y) | Val::Group(y)) => all_equal(x, y, fuel),
        (Val::Dict(x), Val::Dict(y)) => {
            if Rc::ptr_eq(x, y) {
                return Ok(true);
            }
            let (x, y) = (x.borrow(), y.borrow());
            if x.len() != y.len() {
                return Ok(false);
            }
            for (key, value) in x.iter() {
                match y.get(key)? {
                    Some(other) if same(value, &other, fuel)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (Val::Range(x), Val::Range(y)) => Ok(x.len() == y.len()
            && (x.len() == 0 || (x.start == y.start && (x.len() == 1 || x.step == y.step)))),
        (Val::View(ViewKind::Keys, x), Val::View(ViewKind::Keys, y)) => {
            all_equal(&x.borrow().keys(), &y.borrow().keys(), fuel)
        }
        _ => Ok(identical(a, b)),
    }
}

fn all_equal(a: &[Val], b: &[Val], fuel: &Fuel) -> Res<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (x, y) in a.iter().zip(b) {
        if !same(x, y, fuel)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Identity first, then equality: how containers compare their items.
pub(crate) fn same(a: &Val, b: &Val, fuel: &Fuel) -> Res<bool> {
    if identical(a, b) {
        return Ok(true);
    }
    fuel.deeper(|| equal(a, b, fuel))
}

/// Order of two values under `operator`; `None` is NaN. Types without a common order are an error.
pub(crate) fn order(a: &Val, b: &Val, operator: &str, fuel: &Fuel) -> Res<Option<Ordering>> {
    a.defined()?;
    b.defined()?;
    fuel.spend(1)?;
    if let Some(order) = numbers(a, b) {
        return Ok(order);
    }
    if let (Some(x), Some(y)) = (a.text(), b.text()) {
        return Ok(Some(x.cmp(y)));
    }
    let (x, y) = match (a, b) {
        (Val::List(x), Val::List(y)) => (x.borrow().clone(), y.borrow().clone()),
        (Val::Tuple(x) | Val::Group(x), Val::Tuple(y) | Val::Group(y)) => (x.to_vec(), y.to_vec()),
        _ => {
            let (left, right) = (a.type_name(), b.type_name());
            return Err(EvalError::type_error(format!(
                "'{operator}' not supported between instances of '{left}' and '{right}'"
            ))
            .named(left)
            .named(right));
        }
    };
    for (left, right) in x.iter().zip(&y) {
        if !same(left, right, fuel)? {
            return fuel.deeper(|| order(left, right, operator, fuel));
        }
    }
    Ok(Some(x.len().cmp(&y.len())))
}

/// `item in container`.
pub(crate) fn contains(container: &Val, item: &Val, fuel: &Fuel) -> Res<bool> {
    container.defined()?;
    match container {
        Val::Str(text) | Val::Markup(text) => match item.defined()?.text() {
            Some(part) => {
                fuel.text(text.len())?;
                Ok(text.contains(&**part))
            }
            None => Err(EvalError::type_error(format!(
                "'in <string>' requires string as left operand, not {}",
                item.type_name()
            ))
            .named("in <string>")),
        },
        Val::Dict(dict) | Val::View(ViewKind::Keys, dict) => Ok(dict.borrow().get(item)?.is_some()),
        Val::None
        | Val::Bool(_)
        | Val::Int(_)
        | Val::Float(_)
        | Val::Callable(_)
        | Val::Object(_)
        | Val::Slice(_) => {
            let name = container.type_name();
            Err(
                EvalError::type_error(format!("argument of type '{name}' is not iterable"))
                    .named(name),
            )
        }
        other => {
            for candidate in iterate::items(other, fuel)? {
                if same(&candidate, item, fuel)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// One comparison of a chain.
pub(crate) fn compare(operator: Comparison, a: &Val, b: &Val, fuel: &Fuel) -> Res<bool> {
    Ok(match operator {
        Comparison::Equal => equal(a, b, fuel)?,
        Comparison::NotEqual => !equal(a, b, fuel)?,
        Comparison::Less => order(a, b, "<", fuel)? == Some(Ordering::Less),
        Comparison::LessEqual => order(a, b, "<=", fuel)?.is_some_and(Ordering::is_le),
        Comparison::Greater => order(a, b, ">", fuel)? == Some(Ordering::Greater),
        Comparison::GreaterEqual => order(a, b, ">=", fuel)?.is_some_and(Ordering::is_ge),
        Comparison::In => contains(b, a, fuel)?,
        Comparison::NotIn => !contains(b, a, fuel)?,
        Comparison::Is => identical(a, b),
        Comparison::IsNot => !identical(a, b),
    })
}

/// A stable sort by Python's `<`; the first pair without an order is the error.
pub(crate) fn sort_by_key(items: &mut [(Val, Val)], reverse: bool, fuel: &Fuel) -> Res<()> {
    let mut failure = None;
    fuel.items(items.len())?;
    if reverse {
        items.reverse();
    }
    items.sort_by(|(a, _), (b, _)| {
        if failure.is_some() {
            return Ordering::Equal;
        }
        match order(a, b, "<", fuel) {
            Ok(found) => found.unwrap_or(Ordering::Equal),
            Err(error) => {
                failure = Some(error);
                Ordering::Equal
            }
        }
    });
    if reverse {
        items.reverse();
    }
    failure.map_or(Ok(()), Err)
}
