//! Filters that escape, mark or strip markup.

use super::text::plain;
use crate::call::{Args, flag};
use crate::error::{EvalError, Res};
use crate::eval::Host;
use crate::template::render::Renderer;
use crate::value::{Val, repr};

/// Removes every `open … close`, then every tag.
fn remove(text: &str, open: &str, close: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let Some(length) = rest[start..].find(close) else {
            break;
        };
        out.push_str(&rest[..start]);
        rest = &rest[start + length + close.len()..];
    }
    out.push_str(rest);
    out
}

/// Resolves the character references people write.
fn unescape(text: &str) -> String {
    const NAMED: &[(&str, &str)] = &[
        ("amp", "&"),
        ("lt", "<"),
        ("gt", ">"),
        ("quot", "\""),
        ("apos", "'"),
        ("nbsp", "\u{a0}"),
        ("copy", "©"),
        ("reg", "®"),
        ("hellip", "…"),
        ("mdash", "—"),
        ("ndash", "–"),
        ("laquo", "«"),
        ("raquo", "»"),
        ("euro", "€"),
    ];
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let end = tail.find(';').filter(|end| *end <= 10);
        let found = end.and_then(|end| {
            let name = &tail[..end];
            if let Some(number) = name.strip_prefix('#') {
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                };
                return Some((code.and_then(char::from_u32)?.to_string(), end));
            }
            NAMED
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, text)| ((*text).to_owned(), end))
        });
        match found {
            Some((character, end)) => {
                out.push_str(&character);
                rest = &tail[end + 1..];
            }
            None => {
                out.push('&');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

fn xmlattr(r: &Renderer, value: &Val, args: Args) -> Res<Val> {
    let [space] = args.bind("xmlattr", ["autospace"])?;
    let Val::Dict(dict) = value.defined()? else {
        let name = value.type_name();
        return Err(
            EvalError::type_error(format!("'{name}' object has no attribute 'items'")).named(name),
        );
    };
    let mut parts = Vec::new();
    for (key, item) in dict.borrow().iter() {
        if matches!(item, Val::None | Val::Undefined(_)) {
            continue;
        }
        let Some(name) = key.text() else {
            return Err(EvalError::type_error("attribute names must be text"));
        };
        if name.contains(|c: char| crate::value::number::is_space(c) || "/>=".contains(c)) {
            return Err(EvalError::value(format!(
                "Invalid character in attribute name: {}",
                repr::quoted(name)
            ))
            .named(name.to_string()));
        }
        parts.push(format!(
            "{}=\"{}\"",
            repr::escape(name),
            repr::escaped(item, r.fuel())?
        ));
    }
    let mut text = parts.join(" ");
    if flag(space, true)? && !text.is_empty() {
        text.insert(0, ' ');
    }
    Ok(if r.autoescape {
        Val::Markup(text.into())
    } else {
        Val::str(text)
    })
}

pub(super) fn apply(r: &mut Renderer, name: &str, value: Val, args: Args) -> Res<Val> {
    if name == "xmlattr" {
        return xmlattr(r, &value, args);
    }
    args.exactly::<0>(name)?;
    let text = plain(r, &value)?;
    r.fuel().text(text.len())?;
    Ok(match name {
        "e" | "escape" => Val::Markup(repr::escaped(&value, r.fuel())?),
        "forceescape" => Val::Markup(repr::escape(&text).into()),
        "safe" => Val::Markup(text),
        _ => {
            let bare = remove(&remove(&text, "<!--", "-->"), "<", ">");
            Val::str(unescape(
                &crate::methods::text::split_words(&bare).join(" "),
            ))
        }
    })
}
