//! Walking over values and asking for their length.

use super::{Val, ViewKind};
use crate::error::{EvalError, Res};
use crate::fuel::Fuel;
use num_bigint::BigInt;

/// Every item of an iterable, in order; a one-shot iterator is used up.
pub(crate) fn items(value: &Val, fuel: &Fuel) -> Res<Vec<Val>> {
    if value.is_nothing() {
        return Ok(Vec::new());
    }
    value.defined()?;
    let found: Vec<Val> = match value {
        Val::Str(s) | Val::Markup(s) => {
            fuel.items(s.len())?;
            return Ok(s.chars().map(|c| Val::str(c.to_string())).collect());
        }
        Val::List(list) => list.borrow().clone(),
        Val::Tuple(list) | Val::Group(list) => list.to_vec(),
        Val::Dict(dict) | Val::View(ViewKind::Keys, dict) => dict.borrow().keys(),
        Val::View(ViewKind::Values, dict) => dict.borrow().values(),
        Val::View(ViewKind::Items, dict) => dict.borrow().pairs(),
        Val::Range(p) => {
            let len = p.len();
            fuel.items(usize::try_from(len).unwrap_or(usize::MAX))?;
            return Ok((0..len).map(|n| Val::Int(BigInt::from(p.at(n)))).collect());
        }
        Val::OneShot(one) => one.items.borrow_mut().drain(..).collect(),
        other => {
            let name = other.type_name();
            return Err(
                EvalError::type_error(format!("'{name}' object is not iterable")).named(name),
            );
        }
    };
    fuel.items(found.len())?;
    Ok(found)
}

/// `len(value)`.
pub(crate) fn length(value: &Val) -> Res<usize> {
    if value.is_nothing() {
        return Ok(0);
    }
    value.defined()?;
    Ok(match value {
        Val::Str(s) | Val::Markup(s) => s.chars().count(),
        Val::List(list) => list.borrow().len(),
        Val::Tuple(list) | Val::Group(list) => list.len(),
        Val::Dict(dict) | Val::View(_, dict) => dict.borrow().len(),
        Val::Range(p) => usize::try_from(p.len()).unwrap_or(usize::MAX),
        other => {
            let name = other.type_name();
            return Err(
                EvalError::type_error(format!("object of type '{name}' has no len()")).named(name),
            );
        }
    })
}

/// `reversed(value)` where Python has it.
pub(crate) fn reversed(value: &Val, fuel: &Fuel) -> Res<Option<Vec<Val>>> {
    Ok(match value.defined()? {
        Val::List(_)
        | Val::Tuple(_)
        | Val::Group(_)
        | Val::Dict(_)
        | Val::View(..)
        | Val::Range(_)
        | Val::Str(_)
        | Val::Markup(_) => {
            let mut all = items(value, fuel)?;
            all.reverse();
            Some(all)
        }
        _ => None,
    })
}
