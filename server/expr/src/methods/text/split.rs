//! Taking texts apart, as Python does.

use super::wanted_text;
use crate::call::Args;
use crate::error::{EvalError, Res};
use crate::value::{Val, number::is_space};

pub(crate) fn split_words(text: &str) -> Vec<&str> {
    text.split(is_space).filter(|w| !w.is_empty()).collect()
}

pub(super) fn split(text: &str, args: Args, from_right: bool) -> Res<Val> {
    let [separator, limit] = args.bind("split", ["sep", "maxsplit"])?;
    let limit = match limit {
        Some(v) => usize::try_from(v.index()?).ok(),
        None => None,
    };
    let parts: Vec<String> = match separator {
        None | Some(Val::None) => split_blank(text, limit, from_right),
        Some(value) => {
            let separator = wanted_text(&value, "split")?;
            if separator.is_empty() {
                return Err(EvalError::value("empty separator"));
            }
            let owned = |parts: Vec<&str>| parts.into_iter().map(str::to_owned).collect::<Vec<_>>();
            match limit {
                None => owned(text.split(&*separator).collect()),
                Some(limit) if from_right => {
                    let mut parts = owned(text.rsplitn(limit + 1, &*separator).collect());
                    parts.reverse();
                    parts
                }
                Some(limit) => owned(text.splitn(limit + 1, &*separator).collect()),
            }
        }
    };
    Ok(Val::list(parts.into_iter().map(Val::str).collect()))
}

fn split_blank(text: &str, limit: Option<usize>, from_right: bool) -> Vec<String> {
    let Some(limit) = limit else {
        return split_words(text).into_iter().map(str::to_owned).collect();
    };
    let mut parts = Vec::new();
    // What is left beyond the limit keeps the blanks at its far end.
    let mut rest = if from_right {
        text.trim_end_matches(is_space)
    } else {
        text.trim_start_matches(is_space)
    };
    while parts.len() < limit && !rest.is_empty() {
        if from_right {
            let cut = rest
                .char_indices()
                .rev()
                .find(|(_, c)| is_space(*c))
                .map(|(i, c)| i + c.len_utf8());
            let Some(cut) = cut else { break };
            parts.push(rest[cut..].to_owned());
            rest = rest[..cut].trim_end_matches(is_space);
        } else {
            let Some(cut) = rest.find(is_space) else {
                break;
            };
            parts.push(rest[..cut].to_owned());
            rest = rest[cut..].trim_start_matches(is_space);
        }
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    if from_right {
        parts.reverse();
    }
    parts
}

pub(crate) fn split_lines(text: &str, keep: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        ) {
            let mut end = at + c.len_utf8();
            if c == '\r' && chars.next_if(|(_, next)| *next == '\n').is_some() {
                end += 1;
            }
            lines.push(&text[start..if keep { end } else { at }]);
            start = end;
        }
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

/// `partition` and `rpartition`.
pub(super) fn partition(text: &str, name: &'static str, args: Args) -> Res<Val> {
    let [separator] = args.exactly::<1>(name)?;
    let separator = wanted_text(&separator, name)?;
    if separator.is_empty() {
        return Err(EvalError::value("empty separator"));
    }
    let parts = if name == "partition" {
        text.split_once(&*separator)
    } else {
        text.rsplit_once(&*separator)
    };
    let texts = match (parts, name) {
        (Some((head, tail)), _) => [head, &separator, tail],
        (None, "partition") => [text, "", ""],
        (None, _) => ["", "", text],
    };
    Ok(Val::tuple(texts.into_iter().map(Val::str).collect()))
}
