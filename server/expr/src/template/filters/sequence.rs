//! Filters on sequences: ends, order, pieces and totals.

use super::Getter;
use super::text::plain;
use crate::ast::Binary;
use crate::call::{Args, flag, required};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::template::render::Renderer;
use crate::value::{Val, arith, compare, dict::Key, iterate, repr};
use std::cmp::Ordering;
use std::collections::HashSet;

fn empty(what: &str) -> Val {
    Val::undefined(format!("No {what} item, sequence was empty."), Vec::new())
}

fn join(r: &mut Renderer, value: &Val, args: Args) -> Res<Val> {
    let [separator, attribute] = args.bind("join", ["d", "attribute"])?;
    let separator = separator.unwrap_or_else(|| Val::str(""));
    let getter = Getter::new(attribute.as_ref(), false);
    let text = |r: &Renderer, v: &Val| {
        if r.autoescape {
            repr::escaped(v, r.fuel())
        } else {
            plain(r, v)
        }
    };
    let between = text(r, &separator)?;
    let mut out = String::new();
    for (position, item) in iterate::items(value, r.fuel())?.into_iter().enumerate() {
        if position > 0 {
            out.push_str(&between);
        }
        let item = getter.get(r, &item)?;
        out.push_str(&text(r, &item)?);
        r.fuel().spend(1)?;
        if out.len() > crate::fuel::TEXT_BYTES {
            r.fuel().text(out.len())?;
        }
    }
    r.fuel().text(out.len())?;
    Ok(if r.autoescape {
        Val::Markup(out.into())
    } else {
        Val::str(out)
    })
}

fn extreme(r: &mut Renderer, name: &str, value: &Val, args: Args) -> Res<Val> {
    let [case, attribute] = args.bind(name, ["case_sensitive", "attribute"])?;
    let getter = Getter::new(attribute.as_ref(), !flag(case, false)?);
    let (operator, wanted) = if name == "max" {
        (">", Ordering::Greater)
    } else {
        ("<", Ordering::Less)
    };
    let mut best: Option<(Val, Val)> = None;
    for item in iterate::items(value, r.fuel())? {
        let key = getter.get(r, &item)?;
        let better = match &best {
            None => true,
            Some((held, _)) => compare::order(&key, held, operator, r.fuel())? == Some(wanted),
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or_else(
        || {
            Val::undefined(
                "No aggregated item, sequence was empty.".to_owned(),
                Vec::new(),
            )
        },
        |b| b.1,
    ))
}

fn sum(r: &mut Renderer, value: &Val, args: Args) -> Res<Val> {
    let [attribute, start] = args.bind("sum", ["attribute", "start"])?;
    let getter = Getter::new(attribute.as_ref(), false);
    let mut total = start.unwrap_or_else(|| Val::int(0));
    if total.text().is_some() {
        return Err(EvalError::type_error(
            "sum() can't sum strings [use ''.join(seq) instead]",
        ));
    }
    // Floats are added with a running correction, so that the last digit is right.
    let mut correction = 0.0f64;
    for item in iterate::items(value, r.fuel())? {
        let item = getter.get(r, &item)?;
        match (&total, arith::to_float(&item)) {
            (Val::Float(sum), Ok(Some(x))) => {
                let next = sum + x;
                correction += if sum.abs() >= x.abs() {
                    (sum - next) + x
                } else {
                    (x - next) + sum
                };
                total = Val::Float(next);
            }
            _ => total = arith::binary(Binary::Add, &total, &item, r.fuel())?,
        }
    }
    Ok(match total {
        Val::Float(sum) if correction.is_finite() => Val::Float(sum + correction),
        other => other,
    })
}

fn pieces(r: &mut Renderer, name: &str, value: &Val, args: Args) -> Res<Val> {
    let [count, fill] = args.bind(
        name,
        [
            if name == "batch" {
                "linecount"
            } else {
                "slices"
            },
            "fill_with",
        ],
    )?;
    let count = required(count, name, "count")?.index()?;
    let fill = fill.filter(|f| !matches!(f, Val::None));
    let items = iterate::items(value, r.fuel())?;
    let mut out = Vec::new();
    if name == "batch" {
        let size = usize::try_from(count).unwrap_or(0).max(1);
        for chunk in items.chunks(size) {
            let mut chunk = chunk.to_vec();
            if let Some(fill) = &fill {
                r.fuel().items(size)?;
                chunk.resize(size, fill.clone());
            }
            out.push(Val::list(chunk));
        }
        return Ok(Val::one_shot("generator", out));
    }
    if count == 0 {
        return Err(EvalError::arithmetic("integer division or modulo by zero"));
    }
    let count = usize::try_from(count).unwrap_or(0);
    r.fuel().items(count)?;
    let (each, extra) = (
        items.len().checked_div(count).unwrap_or(0),
        items.len().checked_rem(count).unwrap_or(0),
    );
    let mut rest = items.into_iter();
    for position in 0..count {
        let mut part: Vec<Val> = rest
            .by_ref()
            .take(each + usize::from(position < extra))
            .collect();
        if position >= extra {
            part.extend(fill.clone());
        }
        out.push(Val::list(part));
    }
    Ok(Val::one_shot("generator", out))
}

fn unique(r: &mut Renderer, value: &Val, args: Args) -> Res<Val> {
    let [case, attribute] = args.bind("unique", ["case_sensitive", "attribute"])?;
    let getter = Getter::new(attribute.as_ref(), !flag(case, false)?);
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for item in iterate::items(value, r.fuel())? {
        let key = getter.get(r, &item)?;
        if seen.insert(Key::of(&key)?) {
            kept.push(item);
        }
    }
    Ok(Val::one_shot("generator", kept))
}

fn reverse(r: &Renderer, value: &Val) -> Res<Val> {
    if let Some(text) = value.text() {
        let turned: String = text.chars().rev().collect();
        return Ok(Val::str(turned));
    }
    let name = match value {
        Val::List(_) => "list_reverseiterator",
        Val::Dict(_) => "dict_reversekeyiterator",
        Val::Range(_) => "range_iterator",
        _ => "reversed",
    };
    if let Some(items) = iterate::reversed(value, r.fuel())? {
        return Ok(Val::one_shot(name, items));
    }
    let mut items = iterate::items(value, r.fuel()).map_err(|e| EvalError {
        message: "argument must be iterable".to_owned(),
        ..e
    })?;
    items.reverse();
    Ok(Val::list(items))
}

pub(super) fn apply(r: &mut Renderer, name: &str, value: Val, args: Args) -> Res<Val> {
    match name {
        "join" => return join(r, &value, args),
        "min" | "max" => return extreme(r, name, &value, args),
        "sum" => return sum(r, &value, args),
        "batch" | "slice" => return pieces(r, name, &value, args),
        "unique" => return unique(r, &value, args),
        "sort" => {
            let [reverse, case, attribute] =
                args.bind(name, ["reverse", "case_sensitive", "attribute"])?;
            let getter = Getter::several(attribute.as_ref(), !flag(case, false)?);
            let mut keyed = Vec::new();
            for item in iterate::items(&value, r.fuel())? {
                keyed.push((getter.get(r, &item)?, item));
            }
            compare::sort_by_key(&mut keyed, flag(reverse, false)?, r.fuel())?;
            return Ok(Val::list(keyed.into_iter().map(|(_, item)| item).collect()));
        }
        _ => {}
    }
    args.exactly::<0>(name)?;
    match name {
        "count" | "length" => iterate::length(&value).map(|n| Val::int(n as u64)),
        "list" => iterate::items(&value, r.fuel()).map(Val::list),
        "first" => match &value {
            Val::OneShot(one) => Ok(one
                .items
                .borrow_mut()
                .pop_front()
                .unwrap_or_else(|| empty("first"))),
            other => Ok(iterate::items(other, r.fuel())?
                .into_iter()
                .next()
                .unwrap_or_else(|| empty("first"))),
        },
        "last" => match iterate::reversed(&value, r.fuel())? {
            Some(items) => Ok(items.into_iter().next().unwrap_or_else(|| empty("last"))),
            None => {
                let name = value.type_name();
                Err(EvalError::type_error(format!("'{name}' object is not reversible")).named(name))
            }
        },
        "random" => {
            let length = iterate::length(&value)?;
            if length == 0 {
                return Ok(empty("random"));
            }
            let position = r.fuel().draw(length as u64);
            crate::value::subscript::element(&value, &Val::int(position), r.fuel())
        }
        _ => reverse(r, &value),
    }
}
