//! `str.format`: replacement fields in braces. The specification after the colon is in `spec`.

use super::spec;
use crate::call::Args;
use crate::error::{EvalError, Res};
use crate::fuel::Fuel;
use crate::value::{Val, repr};

/// Formats `template` with arguments; `attribute` and `element` look inside fields like `{0.a[b]}`.
pub(crate) fn format(
    template: &str,
    args: &Args,
    lookup: &mut dyn FnMut(&Val, &str, bool) -> Res<Val>,
    fuel: &Fuel,
) -> Res<String> {
    let mut automatic = 0;
    fill(template, args, lookup, fuel, &mut automatic, 0)
}

fn fill(
    template: &str,
    args: &Args,
    lookup: &mut dyn FnMut(&Val, &str, bool) -> Res<Val>,
    fuel: &Fuel,
    automatic: &mut usize,
    level: usize,
) -> Res<String> {
    if level > 2 {
        return Err(EvalError::value("Max string recursion exceeded"));
    }
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(after) = tail.strip_prefix("{{") {
            out.push('{');
            rest = after;
            continue;
        }
        if let Some(after) = tail.strip_prefix("}}") {
            out.push('}');
            rest = after;
            continue;
        }
        let Some(inner) = tail.strip_prefix('{') else {
            return Err(EvalError::value("Single '}' encountered in format string"));
        };
        let mut depth = 1usize;
        let end = inner.char_indices().find_map(|(i, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(i)
        });
        let end = end.ok_or_else(|| EvalError::value("expected '}' before end of string"))?;
        out.push_str(&field(&inner[..end], args, lookup, fuel, automatic, level)?);
        fuel.text(out.len())?;
        rest = &inner[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn field(
    text: &str,
    args: &Args,
    lookup: &mut dyn FnMut(&Val, &str, bool) -> Res<Val>,
    fuel: &Fuel,
    automatic: &mut usize,
    level: usize,
) -> Res<String> {
    let (head, specification) = match text.split_once(':') {
        Some((head, specification)) => (head, specification),
        None => (text, ""),
    };
    let (path, conversion) = match head.split_once('!') {
        Some((path, conversion)) => (path, Some(conversion)),
        None => (head, None),
    };
    let split = path.find(['.', '[']).unwrap_or(path.len());
    let (first, mut steps) = path.split_at(split);
    let mut value = if first.is_empty() || first.bytes().all(|b| b.is_ascii_digit()) {
        let position = if first.is_empty() {
            *automatic += 1;
            *automatic - 1
        } else {
            first.parse().unwrap_or(usize::MAX)
        };
        args.positional.get(position).cloned().ok_or_else(|| {
            EvalError::lookup(format!(
                "Replacement index {position} out of range for positional args tuple"
            ))
        })?
    } else {
        let found = args
            .named
            .iter()
            .find(|(name, _)| name == first)
            .map(|(_, v)| v.clone());
        found.ok_or_else(|| EvalError::lookup(repr::quoted(first)).named(first))?
    };
    while !steps.is_empty() {
        if let Some(after) = steps.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            value = lookup(&value, &after[..end], true)?;
            steps = &after[end..];
        } else if let Some(after) = steps.strip_prefix('[') {
            let end = after
                .find(']')
                .ok_or_else(|| EvalError::value("Missing ']' in format string"))?;
            value = lookup(&value, &after[..end], false)?;
            steps = &after[end + 1..];
        } else {
            return Err(EvalError::value(
                "Only '.' or '[' may follow ']' in format field specifier",
            ));
        }
    }
    let value = match conversion {
        None => value,
        Some("r" | "a") => Val::str(repr::repr(value.defined()?)),
        Some("s") => Val::Str(repr::text(&value, fuel)?),
        Some(other) => {
            return Err(EvalError::value(format!(
                "Unknown conversion specifier {other}"
            )));
        }
    };
    let specification = fill(specification, args, lookup, fuel, automatic, level + 1)?;
    spec::format(&value, &specification, fuel)
}
