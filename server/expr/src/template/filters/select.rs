//! Filters that go through items with another filter, a test or an attribute.

use super::Getter;
use crate::call::{Args, flag, required};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::template::render::Renderer;
use crate::value::{Val, compare, iterate};
use std::rc::Rc;

fn map(r: &mut Renderer, value: &Val, mut args: Args) -> Res<Vec<Val>> {
    let mut out = Vec::new();
    let attribute = args.named.iter().position(|(n, _)| n == "attribute");
    if args.positional.is_empty()
        && let Some(at) = attribute
    {
        let attribute = args.named.remove(at).1;
        let default = args
            .named
            .iter()
            .position(|(n, _)| n == "default")
            .map(|at| args.named.remove(at).1);
        if let Some((name, _)) = args.named.first() {
            return Err(
                EvalError::type_error(format!("Unexpected keyword argument '{name}'"))
                    .named(name.clone()),
            );
        }
        let getter = Getter::new(Some(&attribute), false).with_default(default);
        for item in iterate::items(value, r.fuel())? {
            out.push(getter.get(r, &item)?);
        }
        return Ok(out);
    }
    if args.positional.is_empty() {
        return Err(EvalError::type_error("map requires a filter argument"));
    }
    let name = args.positional.remove(0);
    let Some(name) = name.text().cloned() else {
        return Err(EvalError::type_error("the name of a filter must be text"));
    };
    for item in iterate::items(value, r.fuel())? {
        out.push(r.filter(&name, item, args.clone())?);
    }
    Ok(out)
}

fn choose(r: &mut Renderer, name: &str, value: &Val, mut args: Args) -> Res<Vec<Val>> {
    let keep = name.starts_with("select");
    let getter = if name.ends_with("attr") {
        if args.positional.is_empty() {
            return Err(EvalError::type_error(
                "Missing parameter for attribute name",
            ));
        }
        Getter::new(Some(&args.positional.remove(0)), false)
    } else {
        Getter::new(None, false)
    };
    let test = if args.positional.is_empty() {
        None
    } else {
        Some(args.positional.remove(0))
    };
    let mut out = Vec::new();
    for item in iterate::items(value, r.fuel())? {
        let seen = getter.get(r, &item)?;
        let holds = match &test {
            None => seen.truth()?,
            Some(test) => {
                let Some(test) = test.text().cloned() else {
                    return Err(EvalError::type_error("the name of a test must be text"));
                };
                r.test(&test, seen, args.clone())?
            }
        };
        if holds == keep {
            out.push(item);
        }
    }
    Ok(out)
}

fn group(r: &mut Renderer, value: &Val, args: Args) -> Res<Val> {
    let [attribute, default, case] =
        args.bind("groupby", ["attribute", "default", "case_sensitive"])?;
    let attribute = required(attribute, "groupby", "attribute")?;
    let case = flag(case, false)?;
    let getter = Getter::new(Some(&attribute), !case).with_default(default.clone());
    let shown = Getter::new(Some(&attribute), false).with_default(default);
    let mut keyed = Vec::new();
    for item in iterate::items(value, r.fuel())? {
        keyed.push((getter.get(r, &item)?, item));
    }
    compare::sort_by_key(&mut keyed, false, r.fuel())?;
    let mut groups: Vec<(Val, Vec<Val>)> = Vec::new();
    for (key, item) in keyed {
        match groups.last_mut() {
            Some((held, items)) if compare::same(held, &key, r.fuel())? => items.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    let mut out = Vec::new();
    for (key, items) in groups {
        let key = match items.first() {
            Some(first) if !case => shown.get(r, first)?,
            _ => key,
        };
        out.push(Val::Group(Rc::new(vec![key, Val::list(items)])));
    }
    Ok(Val::list(out))
}

pub(super) fn apply(r: &mut Renderer, name: &str, value: Val, args: Args) -> Res<Val> {
    if name == "groupby" {
        return group(r, &value, args);
    }
    // Nothing to walk over, not even a type to complain about.
    if !value.truth()? {
        return Ok(Val::one_shot("generator", Vec::new()));
    }
    let items = if name == "map" {
        map(r, &value, args)?
    } else {
        choose(r, name, &value, args)?
    };
    Ok(Val::one_shot("generator", items))
}
