//! Methods of strings. Case and taking apart have a file each.

mod case;
mod split;

pub(crate) use case::{capitalize, is_lower, is_upper};
pub(crate) use split::{split_lines, split_words};

use crate::call::{Args, flag, required};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::format::braces;
use crate::fuel::Fuel;
use crate::value::{Val, iterate, number::is_space, repr};
use std::rc::Rc;

pub(super) const NAMES: &[&str] = &[
    "upper",
    "lower",
    "title",
    "capitalize",
    "swapcase",
    "casefold",
    "strip",
    "lstrip",
    "rstrip",
    "split",
    "rsplit",
    "splitlines",
    "partition",
    "rpartition",
    "startswith",
    "endswith",
    "find",
    "rfind",
    "index",
    "rindex",
    "count",
    "replace",
    "join",
    "center",
    "ljust",
    "rjust",
    "zfill",
    "isdigit",
    "isdecimal",
    "isnumeric",
    "isalpha",
    "isalnum",
    "isspace",
    "islower",
    "isupper",
    "istitle",
    "isidentifier",
    "isprintable",
    "isascii",
    "format",
    "format_map",
    "expandtabs",
    "removeprefix",
    "removesuffix",
];

fn wanted_text(value: &Val, what: &str) -> Res<Rc<str>> {
    value.defined()?.text().cloned().ok_or_else(|| {
        let name = value.type_name();
        EvalError::type_error(format!("{what}() argument must be str, not {name}")).named(name)
    })
}

/// `str.center`: the odd blank goes left for an odd width, as CPython does it.
pub(crate) fn center(text: &str, width: i64, fill: &str, fuel: &Fuel) -> Res<String> {
    let len = text.chars().count();
    let missing = usize::try_from(width).unwrap_or(0).saturating_sub(len);
    fuel.text(missing.saturating_mul(fill.len()))?;
    let left = missing / 2 + (missing & usize::try_from(width).unwrap_or(0) & 1);
    Ok(format!(
        "{}{text}{}",
        fill.repeat(left),
        fill.repeat(missing - left)
    ))
}

/// The part of `text` between two character positions, and the byte offset of its start in characters.
fn window(text: &str, start: Option<Val>, stop: Option<Val>) -> Res<Option<(String, i64)>> {
    let len = text.chars().count() as i64;
    let bound = |value: Option<Val>, default: i64| -> Res<i64> {
        match value {
            None | Some(Val::None) => Ok(default),
            Some(v) => {
                let n = v.index()?;
                Ok(if n < 0 {
                    n.saturating_add(len).max(0)
                } else {
                    n
                })
            }
        }
    };
    let (start, stop) = (bound(start, 0)?, bound(stop, len)?.min(len));
    if start > stop {
        return Ok(None);
    }
    Ok(Some((
        text.chars()
            .skip(start as usize)
            .take((stop - start) as usize)
            .collect(),
        start,
    )))
}

fn search(text: &str, name: &'static str, args: Args) -> Res<Val> {
    let [part, start, stop] = args.bind(name, ["", " ", "  "])?;
    let part = wanted_text(&required(part, name, "sub")?, name)?;
    let found = match window(text, start, stop)? {
        None => None,
        Some((window, offset)) => {
            if name == "count" {
                let count = if part.is_empty() {
                    window.chars().count() + 1
                } else {
                    window.matches(&*part).count()
                };
                return Ok(Val::int(count as i64));
            }
            let at = if name.starts_with('r') {
                window.rfind(&*part)
            } else {
                window.find(&*part)
            };
            at.map(|at| window[..at].chars().count() as i64 + offset)
        }
    };
    match (found, name) {
        (Some(at), _) => Ok(Val::int(at)),
        (None, "count") => Ok(Val::int(0)),
        (None, "index" | "rindex") => Err(EvalError::value("substring not found")),
        (None, _) => Ok(Val::int(-1)),
    }
}

fn affix(text: &str, name: &'static str, args: Args) -> Res<Val> {
    let [part, start, stop] = args.bind(name, ["", " ", "  "])?;
    let part = required(part, name, "prefix")?;
    let Some((window, _)) = window(text, start, stop)? else {
        return Ok(Val::Bool(false));
    };
    let parts = match &part {
        Val::Tuple(parts) => parts.to_vec(),
        one => vec![one.clone()],
    };
    for part in parts {
        let part = wanted_text(&part, name)?;
        let fits = if name == "startswith" {
            window.starts_with(&*part)
        } else {
            window.ends_with(&*part)
        };
        if fits {
            return Ok(Val::Bool(true));
        }
    }
    Ok(Val::Bool(false))
}

pub(crate) fn strip(text: &str, name: &str, chars: Option<Val>) -> Res<String> {
    let (left, right) = (name != "rstrip", name != "lstrip");
    let set: Option<Rc<str>> = match chars {
        None | Some(Val::None) => None,
        Some(v) => Some(wanted_text(&v, name)?),
    };
    let strips = |c: char| {
        set.as_ref()
            .map_or_else(|| is_space(c), |set| set.contains(c))
    };
    let mut rest = text;
    if left {
        rest = rest.trim_start_matches(strips);
    }
    if right {
        rest = rest.trim_end_matches(strips);
    }
    Ok(rest.to_owned())
}

pub(crate) fn replace(text: &str, old: &str, new: &str, count: i64, fuel: &Fuel) -> Res<String> {
    let hits = if old.is_empty() {
        text.chars().count() + 1
    } else {
        text.matches(old).count()
    };
    fuel.text(text.len().saturating_add(hits.saturating_mul(new.len())))?;
    Ok(match usize::try_from(count) {
        Ok(count) => text.replacen(old, new, count),
        Err(_) => text.replace(old, new),
    })
}

fn every(text: &str, check: impl Fn(char) -> bool) -> Val {
    Val::Bool(!text.is_empty() && text.chars().all(check))
}

fn expand_tabs(text: &str, size: usize, fuel: &Fuel) -> Res<String> {
    fuel.text(text.matches('\t').count().saturating_mul(size))?;
    let mut out = String::new();
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let fill = if size == 0 { 0 } else { size - column % size };
                out.push_str(&" ".repeat(fill));
                column += fill;
            }
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    Ok(out)
}

fn pad(text: &str, name: &'static str, args: Args, fuel: &Fuel) -> Res<Val> {
    let [width, fill] = args.bind(name, ["", " "])?;
    let width = required(width, name, "width")?.index()?;
    let fill = fill.map_or(Ok(" ".into()), |v| wanted_text(&v, name))?;
    if fill.chars().count() != 1 {
        return Err(EvalError::type_error(
            "The fill character must be exactly one character long",
        ));
    }
    let missing = usize::try_from(width)
        .unwrap_or(0)
        .saturating_sub(text.chars().count());
    fuel.text(missing)?;
    Ok(Val::str(match name {
        "center" => center(text, width, &fill, fuel)?,
        "ljust" => format!("{text}{}", fill.repeat(missing)),
        _ => format!("{}{text}", fill.repeat(missing)),
    }))
}

pub(super) fn call(
    host: &mut dyn Host,
    text: &Rc<str>,
    name: &'static str,
    args: Args,
) -> Res<Val> {
    host.fuel().text(text.len())?;
    Ok(match name {
        "split" | "rsplit" => return split::split(text, args, name == "rsplit"),
        "partition" | "rpartition" => return split::partition(text, name, args),
        "find" | "rfind" | "index" | "rindex" | "count" => return search(text, name, args),
        "startswith" | "endswith" => return affix(text, name, args),
        "center" | "ljust" | "rjust" => return pad(text, name, args, host.fuel()),
        "strip" | "lstrip" | "rstrip" => {
            let [chars] = args.bind(name, [""])?;
            Val::str(strip(text, name, chars)?)
        }
        "splitlines" => {
            let [keep] = args.bind(name, ["keepends"])?;
            Val::list(
                split_lines(text, flag(keep, false)?)
                    .into_iter()
                    .map(Val::str)
                    .collect(),
            )
        }
        "replace" => {
            let [old, new, count] = args.bind(name, ["", " ", "count"])?;
            let old = wanted_text(&required(old, name, "old")?, name)?;
            let new = wanted_text(&required(new, name, "new")?, name)?;
            let count = count.map_or(Ok(-1), |v| v.index())?;
            Val::str(replace(text, &old, &new, count, host.fuel())?)
        }
        "join" => {
            let [parts] = args.exactly::<1>(name)?;
            let mut out = String::new();
            for (position, part) in iterate::items(&parts, host.fuel())?.into_iter().enumerate() {
                let Some(part) = part.defined()?.text() else {
                    return Err(EvalError::type_error(format!(
                        "sequence item {position}: expected str instance, {} found",
                        part.type_name()
                    ))
                    .named(part.type_name()));
                };
                if position > 0 {
                    out.push_str(text);
                }
                out.push_str(part);
                host.fuel().text(out.len())?;
            }
            Val::str(out)
        }
        "zfill" => {
            let [width] = args.exactly::<1>(name)?;
            let missing = usize::try_from(width.index()?)
                .unwrap_or(0)
                .saturating_sub(text.chars().count());
            host.fuel().text(missing)?;
            let (sign, digits) = match text.strip_prefix(['+', '-']) {
                Some(rest) => (&text[..1], rest),
                None => ("", &**text),
            };
            Val::str(format!("{sign}{}{digits}", "0".repeat(missing)))
        }
        "expandtabs" => {
            let [size] = args.bind(name, ["tabsize"])?;
            let size = size.map_or(Ok(8), |v| v.index())?;
            Val::str(expand_tabs(
                text,
                usize::try_from(size).unwrap_or(0),
                host.fuel(),
            )?)
        }
        "removeprefix" | "removesuffix" => {
            let [part] = args.exactly::<1>(name)?;
            let part = wanted_text(&part, name)?;
            let cut = if name == "removeprefix" {
                text.strip_prefix(&*part)
            } else {
                text.strip_suffix(&*part)
            };
            Val::str(cut.unwrap_or(text))
        }
        "format" | "format_map" => {
            let args = if name == "format_map" {
                let [mapping] = args.exactly::<1>(name)?;
                let pairs = super::dict::pairs_of(&mapping)?;
                let named = pairs
                    .into_iter()
                    .filter_map(|(k, v)| Some((k.text()?.to_string(), v)))
                    .collect();
                Args {
                    positional: Vec::new(),
                    named,
                }
            } else {
                args
            };
            let fuel = Fuel::default();
            let mut lookup = |base: &Val, key: &str, attribute: bool| -> Res<Val> {
                if attribute {
                    return super::attribute(base, key).ok_or_else(|| {
                        EvalError::type_error(format!(
                            "'{}' object has no attribute '{key}'",
                            base.type_name()
                        ))
                    });
                }
                let key = key.parse::<i64>().map_or_else(|_| Val::str(key), Val::int);
                crate::value::subscript::element(base, &key, &fuel)
            };
            Val::str(braces::format(text, &args, &mut lookup, host.fuel())?)
        }
        plain => {
            args.exactly::<0>(name)?;
            match plain {
                "upper" => Val::str(text.to_uppercase()),
                "lower" | "casefold" => Val::str(text.to_lowercase()),
                "title" => Val::str(case::title(text)),
                "capitalize" => Val::str(capitalize(text)),
                "swapcase" => Val::str(case::swap(text)),
                "isdigit" | "isdecimal" => every(text, |c| {
                    c.is_ascii_digit()
                        || (c.is_numeric()
                            && c.to_digit(10).is_none()
                            && crate::value::number::parse_int(&c.to_string()).is_some())
                }),
                "isnumeric" => every(text, char::is_numeric),
                "isalpha" => every(text, char::is_alphabetic),
                "isalnum" => every(text, char::is_alphanumeric),
                "isspace" => every(text, is_space),
                "islower" => Val::Bool(is_lower(text)),
                "isupper" => Val::Bool(is_upper(text)),
                "istitle" => Val::Bool(case::is_title(text)),
                "isascii" => Val::Bool(text.is_ascii()),
                "isprintable" => Val::Bool(text.chars().all(repr::printable)),
                _ => Val::Bool(
                    text.chars()
                        .next()
                        .is_some_and(|c| c.is_alphabetic() || c == '_')
                        && text.chars().all(|c| c.is_alphanumeric() || c == '_'),
                ),
            }
        }
    })
}
