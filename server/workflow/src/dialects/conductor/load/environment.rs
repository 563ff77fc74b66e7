//! `${NAME}` and `${NAME:-default}` in every string value (L10, L11), applied
//! again to what it gave, at most ten times.

use std::ops::Range;

use crate::data::{Datum, Shape};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Sources, Text};
use crate::world::World;

use super::super::findings::Findings;

/// Rounds before the dialect gives up.
const ROUNDS: usize = 10;

/// Why a text could not be substituted.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Failure {
    /// A variable without default is not set. The range is of the text as written, when it was found there.
    Unset {
        name: String,
        range: Option<Range<usize>>,
    },
    /// Values refer to each other without end.
    Endless { name: String },
}

/// One `${…}` in a text.
struct Reference<'t> {
    range: Range<usize>,
    name: &'t str,
    default: Option<&'t str>,
}

/// Substitutes every string value below `datum`.
pub(super) fn apply(
    world: &dyn World,
    sources: &Sources,
    datum: &mut Datum,
    findings: &mut Findings,
) {
    match &mut datum.shape {
        Shape::Text(text) => substitute_text(world, sources, text, findings),
        Shape::List(items) => items
            .iter_mut()
            .for_each(|item| apply(world, sources, item, findings)),
        Shape::Map(map) => map
            .entries
            .iter_mut()
            .for_each(|field| apply(world, sources, &mut field.value, findings)),
        _ => {}
    }
}

fn substitute_text(world: &dyn World, sources: &Sources, text: &mut Text, findings: &mut Findings) {
    match substitute(world, &text.value) {
        Ok(None) => {}
        Ok(Some(value)) => {
            text.value = value;
            text.substituted = true;
        }
        Err(Failure::Unset { name, range }) => {
            let loc = range.map_or(text.loc, |range| sources.locate(text, range));
            let message = format!(
                "The environment variable `{name}` is not set; set it or give a default: `${{{name}:-…}}`"
            );
            findings.load(
                Diagnostic::new("environment-unset", Severity::Error, loc, message).upstream("L10"),
            );
        }
        Err(Failure::Endless { name }) => {
            let message = format!(
                "The value of the environment variable `{name}` refers to itself; after {ROUNDS} rounds there is still a `${{…}}` left"
            );
            findings.load(
                Diagnostic::new("environment-endless", Severity::Error, text.loc, message)
                    .upstream("L11"),
            );
        }
    }
}

/// The text after substitution, or `None` when there is nothing to substitute.
pub(in super::super) fn substitute(
    world: &dyn World,
    text: &str,
) -> Result<Option<String>, Failure> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut current = text.to_owned();
    for round in 0..=ROUNDS {
        let references = references(&current);
        let Some(first) = references.first() else {
            return Ok((round > 0).then_some(current));
        };
        if round == ROUNDS {
            return Err(Failure::Endless {
                name: first.name.to_owned(),
            });
        }
        let mut next = String::with_capacity(current.len());
        let mut done = 0;
        for reference in &references {
            next.push_str(&current[done..reference.range.start]);
            match world
                .env(reference.name)
                .or_else(|| reference.default.map(str::to_owned))
            {
                Some(value) => next.push_str(&value),
                None => {
                    let range = (round == 0).then(|| reference.range.clone());
                    return Err(Failure::Unset {
                        name: reference.name.to_owned(),
                        range,
                    });
                }
            }
            done = reference.range.end;
        }
        next.push_str(&current[done..]);
        // Values that double in every round would otherwise fill memory before the last.
        if next.len() > 16 * 1024 * 1024 {
            return Err(Failure::Endless {
                name: first.name.to_owned(),
            });
        }
        current = next;
    }
    Ok(Some(current))
}

fn references(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    // Where no `}` follows any more, nothing can match: keeps this linear.
    let last_close = text.rfind('}').unwrap_or(0);
    while let Some(at) = text[from..].find("${").map(|i| from + i) {
        if at > last_close {
            break;
        }
        match reference(text, at) {
            Some(reference) => {
                from = reference.range.end;
                found.push(reference);
            }
            None => from = at + 2,
        }
    }
    found
}

fn reference(text: &str, at: usize) -> Option<Reference<'_>> {
    let body = &text[at + 2..];
    let end = body.find(['}', ':'])?;
    let name = &body[..end];
    if name.is_empty() {
        return None;
    }
    let after = &body[end..];
    if after.starts_with('}') {
        return Some(Reference {
            range: at..at + 2 + end + 1,
            name,
            default: None,
        });
    }
    let default = after.strip_prefix(":-")?;
    let close = default.find('}')?;
    Some(Reference {
        range: at..at + 2 + end + 2 + close + 1,
        name,
        default: Some(&default[..close]),
    })
}
