//! Methods of dictionaries.

use crate::call::Args;
use crate::error::{EvalError, Res};
use crate::value::{Val, ViewKind, dict::Dict, repr};
use std::cell::RefCell;
use std::rc::Rc;

pub(super) const NAMES: &[&str] = &[
    "keys",
    "values",
    "items",
    "get",
    "pop",
    "popitem",
    "update",
    "setdefault",
    "copy",
    "clear",
    "fromkeys",
];

pub(super) fn call(entries: &Rc<RefCell<Dict>>, name: &'static str, args: Args) -> Res<Val> {
    match name {
        "keys" => args
            .exactly::<0>(name)
            .map(|_| Val::View(ViewKind::Keys, entries.clone())),
        "values" => args
            .exactly::<0>(name)
            .map(|_| Val::View(ViewKind::Values, entries.clone())),
        "items" => args
            .exactly::<0>(name)
            .map(|_| Val::View(ViewKind::Items, entries.clone())),
        "copy" => args
            .exactly::<0>(name)
            .map(|_| Val::dict(entries.borrow().clone())),
        "clear" => {
            args.exactly::<0>(name)?;
            entries.borrow_mut().clear();
            Ok(Val::None)
        }
        "get" => {
            let [key, default] = args.bind(name, ["", " "])?;
            let key = crate::call::required(key, name, "key")?;
            Ok(entries
                .borrow()
                .get(&key)?
                .unwrap_or(default.unwrap_or(Val::None)))
        }
        "pop" => {
            let [key, default] = args.bind(name, ["", " "])?;
            let key = crate::call::required(key, name, "key")?;
            let found = entries.borrow_mut().remove(&key)?;
            found
                .or(default)
                .ok_or_else(|| EvalError::lookup(repr::repr(&key)))
        }
        "popitem" => {
            args.exactly::<0>(name)?;
            let last = entries.borrow_mut().pop_last();
            let (key, value) =
                last.ok_or_else(|| EvalError::lookup("'popitem(): dictionary is empty'"))?;
            Ok(Val::tuple(vec![key, value]))
        }
        "setdefault" => {
            let [key, default] = args.bind(name, ["", " "])?;
            let key = crate::call::required(key, name, "key")?;
            if let Some(found) = entries.borrow().get(&key)? {
                return Ok(found);
            }
            let value = default.unwrap_or(Val::None);
            entries.borrow_mut().insert(key, value.clone())?;
            Ok(value)
        }
        "update" => {
            for other in &args.positional {
                let pairs = pairs_of(other)?;
                for (key, value) in pairs {
                    entries.borrow_mut().insert(key, value)?;
                }
            }
            for (key, value) in args.named {
                entries.borrow_mut().set(&key, value);
            }
            Ok(Val::None)
        }
        _ => {
            let [keys, value] = args.bind(name, ["", " "])?;
            let mut made = Dict::default();
            for key in keys.iter().filter_map(Val::sequence).flatten() {
                made.insert(key, value.clone().unwrap_or(Val::None))?;
            }
            Ok(Val::dict(made))
        }
    }
}

/// Key and value pairs of a dictionary or of a list of pairs.
pub(crate) fn pairs_of(value: &Val) -> Res<Vec<(Val, Val)>> {
    if let Val::Dict(dict) = value.defined()? {
        return Ok(dict
            .borrow()
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect());
    }
    let fuel = crate::fuel::Fuel::default();
    let mut pairs = Vec::new();
    for (position, item) in crate::value::iterate::items(value, &fuel)?
        .into_iter()
        .enumerate()
    {
        let parts = crate::value::iterate::items(&item, &fuel).map_err(|_| {
            EvalError::type_error(format!(
                "cannot convert dictionary update sequence element #{position} to a sequence"
            ))
        })?;
        let count = parts.len();
        let [key, value] = <[Val; 2]>::try_from(parts).map_err(|_| {
            EvalError::value(format!(
                "dictionary update sequence element #{position} has length {count}; 2 is required"
            ))
        })?;
        pairs.push((key, value));
    }
    Ok(pairs)
}
