//! Filters on text: case, width, cutting, replacing.

use super::layout;
use crate::call::{Args, flag, required};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::format::percent;
use crate::methods::text as methods;
use crate::template::render::Renderer;
use crate::value::{Val, dict::Dict, iterate, repr};
use std::rc::Rc;

fn keep_mark(source: &Val, text: String) -> Val {
    if matches!(source, Val::Markup(_)) {
        Val::Markup(text.into())
    } else {
        Val::str(text)
    }
}

pub(super) fn plain(r: &Renderer, value: &Val) -> Res<Rc<str>> {
    repr::text(value, r.fuel())
}

/// First letter of every word up, the rest down; words start after blanks and opening signs.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if crate::value::number::is_space(c) || "-({[<".contains(c) {
            inside = false;
            out.push(c);
        } else if inside {
            out.extend(c.to_lowercase());
        } else {
            inside = true;
            out.extend(c.to_uppercase());
        }
    }
    out
}

fn indent(r: &Renderer, value: &Val, args: Args) -> Res<Val> {
    let [width, first, blank] = args.bind("indent", ["width", "first", "blank"])?;
    let Some(text) = value.defined()?.text() else {
        let name = value.type_name();
        return Err(
            EvalError::type_error(format!("only text can be indented, not '{name}'")).named(name),
        );
    };
    let unit = match &width {
        Some(Val::Str(s) | Val::Markup(s)) => s.to_string(),
        Some(other) => {
            let width = usize::try_from(other.index()?).unwrap_or(0);
            r.fuel().text(width)?;
            " ".repeat(width)
        }
        None => "    ".to_owned(),
    };
    let (first, blank) = (flag(first, false)?, flag(blank, false)?);
    let source = format!("{text}\n");
    let lines = methods::split_lines(&source, false);
    r.fuel().text(
        source
            .len()
            .saturating_add(lines.len().saturating_mul(unit.len())),
    )?;
    let mut out = String::new();
    for (position, line) in lines.iter().enumerate() {
        if position > 0 {
            out.push('\n');
            if blank || !line.is_empty() {
                out.push_str(&unit);
            }
        } else if first {
            out.push_str(&unit);
        }
        out.push_str(line);
    }
    Ok(keep_mark(value, out))
}

fn truncate(r: &Renderer, value: Val, args: Args) -> Res<Val> {
    let [length, killwords, end, leeway] =
        args.bind("truncate", ["length", "killwords", "end", "leeway"])?;
    let length = length.map_or(Ok(255), |v| v.index())?;
    let killwords = flag(killwords, false)?;
    let end = end.map_or(Ok("...".into()), |v| plain(r, &v))?;
    let leeway = match leeway {
        None | Some(Val::None) => 5,
        Some(v) => v.index()?,
    };
    let end_length = end.chars().count() as i64;
    if length < end_length || leeway < 0 {
        return Err(EvalError::value(format!(
            "expected length >= {end_length}, got {length}"
        )));
    }
    if iterate::length(&value)? as i64 <= length.saturating_add(leeway) {
        return Ok(value);
    }
    let Some(text) = value.text() else {
        let name = value.type_name();
        return Err(
            EvalError::type_error(format!("only text can be cut, not '{name}'")).named(name),
        );
    };
    let cut: String = text.chars().take((length - end_length) as usize).collect();
    let cut = if killwords {
        cut.as_str()
    } else {
        cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head)
    };
    Ok(keep_mark(&value, format!("{cut}{end}")))
}

fn wordwrap(r: &Renderer, value: &Val, args: Args) -> Res<Val> {
    let names = [
        "width",
        "break_long_words",
        "wrapstring",
        "break_on_hyphens",
    ];
    let [width, break_long, separator, break_hyphens] = args.bind("wordwrap", names)?;
    let width = width.map_or(Ok(79), |v| v.index())?;
    let (break_long, break_hyphens) = (flag(break_long, true)?, flag(break_hyphens, true)?);
    let separator = match separator {
        None | Some(Val::None) => "\n".into(),
        Some(v) => plain(r, &v)?,
    };
    let Some(text) = value.defined()?.text() else {
        let name = value.type_name();
        return Err(
            EvalError::type_error(format!("only text can be wrapped, not '{name}'")).named(name),
        );
    };
    if width <= 0 {
        return Err(EvalError::value(format!(
            "invalid width {width} (must be > 0)"
        )));
    }
    r.fuel().text(text.len())?;
    let mut lines = Vec::new();
    for line in methods::split_lines(text, false) {
        lines.push(layout::wrap(line, width as usize, break_long, break_hyphens).join(&separator));
    }
    Ok(Val::str(lines.join(&separator)))
}

pub(super) fn apply(r: &mut Renderer, name: &str, value: Val, args: Args) -> Res<Val> {
    match name {
        "indent" => return indent(r, &value, args),
        "truncate" => return truncate(r, value, args),
        "wordwrap" => return wordwrap(r, &value, args),
        "format" => {
            if !args.positional.is_empty() && !args.named.is_empty() {
                return Err(EvalError::type_error(
                    "can't handle positional and keyword arguments at the same time",
                ));
            }
            let template = repr::soft_text(&value, r.fuel())?;
            let values = if args.named.is_empty() {
                Val::tuple(args.positional)
            } else {
                let mut dict = Dict::default();
                args.named
                    .into_iter()
                    .for_each(|(key, value)| dict.set(&key, value));
                Val::dict(dict)
            };
            return percent::apply(&template, &values, r.fuel());
        }
        "replace" => {
            let [old, new, count] = args.bind(name, ["old", "new", "count"])?;
            let (old, new) = (required(old, name, "old")?, required(new, name, "new")?);
            let count = match count {
                None | Some(Val::None) => -1,
                Some(v) => v.index()?,
            };
            if !r.autoescape {
                let (text, old, new) = (plain(r, &value)?, plain(r, &old)?, plain(r, &new)?);
                return methods::replace(&text, &old, &new, count, r.fuel()).map(Val::str);
            }
            let (text, new) = (
                repr::escaped(&value, r.fuel())?,
                repr::escaped(&new, r.fuel())?,
            );
            let old = plain(r, &old)?;
            return methods::replace(&text, &old, &new, count, r.fuel())
                .map(|s| Val::Markup(s.into()));
        }
        "center" => {
            let [width] = args.bind(name, ["width"])?;
            let width = width.map_or(Ok(80), |v| v.index())?;
            let text = repr::soft_text(&value, r.fuel())?;
            let centered = methods::center(text.text().map_or("", |s| s), width, " ", r.fuel())?;
            return Ok(keep_mark(&value, centered));
        }
        "trim" => {
            let [chars] = args.bind(name, ["chars"])?;
            let text = repr::soft_text(&value, r.fuel())?;
            let stripped = methods::strip(text.text().map_or("", |s| s), name, chars)?;
            return Ok(keep_mark(&value, stripped));
        }
        _ => {}
    }
    args.exactly::<0>(name)?;
    let soft = repr::soft_text(&value, r.fuel())?;
    let text = plain(r, &soft)?;
    r.fuel().text(text.len())?;
    Ok(match name {
        "string" => soft,
        "capitalize" => keep_mark(&soft, methods::capitalize(&text)),
        "lower" => keep_mark(&soft, text.to_lowercase()),
        "upper" => keep_mark(&soft, text.to_uppercase()),
        "title" => Val::str(title(&text)),
        _ => {
            let words = text
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .filter(|w| !w.is_empty());
            Val::int(words.count() as u64)
        }
    })
}
