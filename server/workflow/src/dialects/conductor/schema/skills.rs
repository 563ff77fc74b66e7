//! Skill entries (S16), `skill_injection` (S24) and `skill_discovery` (S25).

use std::collections::HashSet;

use crate::data::Datum;

use super::check::Checker;
use super::lax;
use super::types::{Key, Kind, Model, STRINGS};

/// Skills that ship with the dialect.
pub(super) const BUILT_IN: &[&str] = &["conductor"];

/// Whether a skill or plugin entry is a path: it begins with `~` or `.`, or has a separator.
pub(in super::super) fn is_path(entry: &str) -> bool {
    entry.starts_with(['~', '.']) || entry.contains(['/', '\\'])
}

/// S16 for `skills`, on the runtime and on a step.
pub(super) fn skill_list(c: &mut Checker<'_>, datum: &Datum) {
    for entry in datum.list().unwrap_or_default() {
        let Some(text) = entry.text() else { continue };
        let name = text.value.trim();
        if name.is_empty() {
            c.fail(
                "S16",
                "skill-entry",
                entry.loc,
                "A skill entry must not be blank",
            );
        } else if !is_path(name) && !BUILT_IN.contains(&name) {
            let message = format!(
                "There is no built-in skill `{name}`, only `conductor`; name your own by path, like `./{name}`"
            );
            c.fail("S16", "skill-entry", entry.loc, message);
        }
    }
}

pub(super) static SKILL_INJECTION: Model = Model::strict(
    "`skill_injection`",
    &[
        Key::optional(
            "warn_bytes",
            Kind::Int(Some(0), None),
            "Bytes of skill text from which on a warning is given; null for never.",
        ),
        Key::optional(
            "max_bytes",
            Kind::Int(Some(0), None),
            "Bytes of skill text that are refused; null for no bound.",
        ),
    ],
)
.rules(warn_below_max);

fn warn_below_max(c: &mut Checker<'_>, datum: &Datum) {
    let Some(map) = datum.map() else { return };
    let bound = |key: &str, default: i128| match map.get(key) {
        Some(d) if d.is_null() => None,
        Some(d) => lax::integer(d),
        None => Some(default),
    };
    if let (Some(warn), Some(max)) = (bound("warn_bytes", 65_536), bound("max_bytes", 163_840))
        && warn > max
    {
        let loc = map
            .get("warn_bytes")
            .or_else(|| map.get("max_bytes"))
            .map_or(datum.loc, |d| d.loc);
        let message = format!(
            "`warn_bytes` ({warn}) must not exceed `max_bytes` ({max}); the warning could never come first"
        );
        c.fail("S24", "skill-injection-order", loc, message);
    }
}

pub(super) static SKILL_DISCOVERY: Model = Model::strict(
    "`skill_discovery`",
    &[
        Key::default(
            "sources",
            Kind::List(&Kind::Word(&["personal", "project"])),
            "Where skills are looked for.",
        )
        .rule(no_duplicates),
        Key::default("exclude", STRINGS, "Names of skills that are left out.").rule(no_blanks),
    ],
);

fn no_duplicates(c: &mut Checker<'_>, datum: &Datum) {
    let mut seen = HashSet::new();
    for entry in datum.list().unwrap_or_default() {
        if let Some(text) = entry.text()
            && !seen.insert(text.value.clone())
        {
            c.fail(
                "S25",
                "skill-discovery",
                entry.loc,
                format!(
                    "`sources` names `{}` twice; each is looked at once",
                    text.value
                ),
            );
        }
    }
}

fn no_blanks(c: &mut Checker<'_>, datum: &Datum) {
    for entry in datum.list().unwrap_or_default() {
        if let Some(text) = entry.text()
            && text.value.trim().is_empty()
        {
            c.fail(
                "S25",
                "skill-discovery",
                entry.loc,
                format!("`exclude` takes names of skills, `{}` is blank", text.value),
            );
        }
    }
}
