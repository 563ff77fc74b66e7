//! Methods of lists, tuples and ranges.

use crate::call::{Args, flag};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::value::{Val, compare, iterate};
use std::cell::RefCell;
use std::rc::Rc;

pub(super) const NAMES: &[&str] = &[
    "append", "extend", "insert", "pop", "remove", "index", "count", "sort", "reverse", "copy",
    "clear",
];
pub(super) const FIXED_NAMES: &[&str] = &["index", "count"];

pub(super) fn call_fixed(
    host: &mut dyn Host,
    items: &[Val],
    name: &'static str,
    args: Args,
) -> Res<Val> {
    if name == "count" {
        let [wanted] = args.exactly::<1>(name)?;
        let mut count = 0;
        for item in items {
            count += i64::from(compare::same(item, &wanted, host.fuel())?);
        }
        return Ok(Val::int(count));
    }
    let [wanted, start, stop] = args.bind(name, ["", " ", "  "])?;
    let wanted = crate::call::required(wanted, name, "value")?;
    let bound = |value: Option<Val>, default: usize| -> Res<usize> {
        Ok(match value {
            None => default,
            Some(v) => {
                let n = v.index()?;
                let n = if n < 0 {
                    n.saturating_add(items.len() as i64)
                } else {
                    n
                };
                n.clamp(0, items.len() as i64) as usize
            }
        })
    };
    let (start, stop) = (bound(start, 0)?, bound(stop, items.len())?);
    for (position, item) in items.iter().enumerate().take(stop).skip(start) {
        if compare::same(item, &wanted, host.fuel())? {
            return Ok(Val::int(position as i64));
        }
    }
    Err(EvalError::value(format!(
        "{} is not in list",
        crate::value::repr::repr(&wanted)
    )))
}

pub(super) fn call(
    host: &mut dyn Host,
    items: &Rc<RefCell<Vec<Val>>>,
    name: &'static str,
    args: Args,
) -> Res<Val> {
    match name {
        "append" => {
            let [item] = args.exactly::<1>(name)?;
            host.fuel().items(items.borrow().len() / 64)?;
            items.borrow_mut().push(item);
        }
        "extend" => {
            let [more] = args.exactly::<1>(name)?;
            let more = iterate::items(&more, host.fuel())?;
            host.fuel().items(items.borrow().len() + more.len())?;
            items.borrow_mut().extend(more);
        }
        "insert" => {
            let [at, item] = args.exactly::<2>(name)?;
            let len = items.borrow().len() as i64;
            let at = at.index()?;
            let at = if at < 0 { at.saturating_add(len) } else { at }.clamp(0, len) as usize;
            items.borrow_mut().insert(at, item);
        }
        "pop" => {
            let [at] = args.bind(name, [""])?;
            let len = items.borrow().len() as i64;
            let at = at.map_or(Ok(-1), |v| v.index())?;
            let at = if at < 0 { at.saturating_add(len) } else { at };
            if len == 0 {
                return Err(EvalError::lookup("pop from empty list"));
            }
            if !(0..len).contains(&at) {
                return Err(EvalError::lookup("pop index out of range"));
            }
            return Ok(items.borrow_mut().remove(at as usize));
        }
        "remove" => {
            let [wanted] = args.exactly::<1>(name)?;
            let all = items.borrow().clone();
            for (position, item) in all.iter().enumerate() {
                if compare::same(item, &wanted, host.fuel())? {
                    items.borrow_mut().remove(position);
                    return Ok(Val::None);
                }
            }
            return Err(EvalError::value("list.remove(x): x not in list"));
        }
        "sort" => {
            if !args.positional.is_empty() {
                return Err(EvalError::type_error(
                    "sort() takes no positional arguments",
                ));
            }
            let [key, reverse] = args.bind(name, ["key", "reverse"])?;
            let all = items.borrow().clone();
            let mut keyed = Vec::with_capacity(all.len());
            for item in all {
                let by = match &key {
                    None | Some(Val::None) => item.clone(),
                    Some(function) => host.call(function, Args::of(vec![item.clone()]))?,
                };
                keyed.push((by, item));
            }
            compare::sort_by_key(&mut keyed, flag(reverse, false)?, host.fuel())?;
            *items.borrow_mut() = keyed.into_iter().map(|(_, item)| item).collect();
        }
        "reverse" => {
            args.exactly::<0>(name)?;
            items.borrow_mut().reverse();
        }
        "clear" => {
            args.exactly::<0>(name)?;
            items.borrow_mut().clear();
        }
        "copy" => {
            args.exactly::<0>(name)?;
            host.fuel().items(items.borrow().len())?;
            return Ok(Val::list(items.borrow().clone()));
        }
        _ => {
            let all = items.borrow().clone();
            return call_fixed(host, &all, name, args);
        }
    }
    Ok(Val::None)
}
