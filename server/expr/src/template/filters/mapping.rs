//! Filters on mappings and on values that may be missing.

use crate::call::{Args, flag, required};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::methods;
use crate::template::functions;
use crate::template::render::Renderer;
use crate::value::{Val, compare};

/// `default` also replaces null; the alias `d` keeps to values that do not exist. Rule 4.5.
fn default(name: &str, value: Val, args: Args) -> Res<Val> {
    let [fallback, boolean] = args.bind(name, ["default_value", "boolean"])?;
    let fallback = fallback.unwrap_or_else(|| Val::str(""));
    let missing = value.is_undefined() || (name == "default" && matches!(value, Val::None));
    if missing || (flag(boolean, false)? && !value.truth()?) {
        Ok(fallback)
    } else {
        Ok(value)
    }
}

fn dictsort(r: &Renderer, value: &Val, args: Args) -> Res<Val> {
    let [case, by, reverse] = args.bind("dictsort", ["case_sensitive", "by", "reverse"])?;
    let by = by.unwrap_or_else(|| Val::str("key"));
    let by_value = match by.text().map(|s| &**s) {
        Some("key") => false,
        Some("value") => true,
        _ => {
            return Err(EvalError::value(
                "You can only sort by either \"key\" or \"value\"",
            ));
        }
    };
    let ignore_case = !flag(case, false)?;
    let Val::Dict(dict) = value.defined()? else {
        let name = value.type_name();
        return Err(
            EvalError::type_error(format!("'{name}' object has no attribute 'items'"))
                .named(name)
                .named("items"),
        );
    };
    let mut keyed: Vec<(Val, Val)> = dict
        .borrow()
        .iter()
        .map(|(k, v)| {
            let by = if by_value { v } else { k };
            let by = match by.text() {
                Some(text) if ignore_case => Val::str(text.to_lowercase()),
                _ => by.clone(),
            };
            (by, Val::tuple(vec![k.clone(), v.clone()]))
        })
        .collect();
    compare::sort_by_key(&mut keyed, flag(reverse, false)?, r.fuel())?;
    Ok(Val::list(keyed.into_iter().map(|(_, pair)| pair).collect()))
}

pub(super) fn apply(r: &mut Renderer, name: &str, value: Val, args: Args) -> Res<Val> {
    match name {
        "default" | "d" => default(name, value, args),
        "dictsort" => dictsort(r, &value, args),
        "items" => {
            args.exactly::<0>(name)?;
            match &value {
                Val::Undefined(_) => Ok(Val::one_shot("generator", Vec::new())),
                Val::Dict(dict) => Ok(Val::one_shot("generator", dict.borrow().pairs())),
                _ => Err(EvalError::type_error(
                    "Can only get item pairs from a mapping.",
                )),
            }
        }
        _ => {
            let [attribute] = args.bind(name, ["name"])?;
            let attribute = required(attribute, name, "name")?;
            let text = super::text::plain(r, &attribute)?;
            let found = match value.defined()? {
                Val::Object(object) => functions::attribute(object, &text),
                other => methods::attribute(other, &text),
            };
            Ok(found.unwrap_or_else(|| Val::missing_of(&value, &Val::Str(text))))
        }
    }
}
