//! What each kind of step takes (S20), raw output with a schema (S21) and
//! literal durations of wait steps (S19).

use crate::data::{Datum, Field, Map, Shape};
use crate::diagnostic::{Diagnostic, Severity};

use super::super::duration;
use super::check::Checker;
use super::groups;
use super::lax;
use super::step::KINDS;

/// How a key stands on a kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Must be given.
    Required,
    /// One of a pair of which exactly one must be given.
    Alternative,
    /// May be given.
    Accepted,
    /// An error.
    Rejected,
}

/// When a rejected key counts as given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// Anything but null.
    NotNull,
    /// Anything but null and the empty text, list or map.
    NotEmpty,
}

use Given::{NotEmpty, NotNull};

/// Key, one letter for each kind in the order of [`KINDS`] (R required, A
/// alternative, y accepted, n rejected), and when a rejected key counts.
const MATRIX: &[(&str, &str, Given)] = &[
    ("description", "yyyyyyyy", NotNull),
    ("provider", "yynnnnnn", NotEmpty),
    ("model", "yynnnnnn", NotEmpty),
    ("context_tier", "ynnnnnnn", NotNull),
    ("input", "yyyyyyyy", NotEmpty),
    ("tools", "yynnnnnn", NotNull),
    ("system_prompt", "yyynnnnn", NotEmpty),
    ("prompt", "yRynnnnn", NotEmpty),
    ("output", "yynyynny", NotEmpty),
    ("output_mode", "ynnnnnnn", NotNull),
    ("routes", "yyyyynyy", NotEmpty),
    ("options", "yRnnnnnn", NotEmpty),
    ("questions", "nnAnnnnn", NotNull),
    ("source", "nnAnnnnn", NotNull),
    ("allow_back", "nnynnnnn", NotNull),
    ("allow_skip", "nnynnnnn", NotNull),
    ("allow_skip_all", "nnynnnnn", NotNull),
    ("allow_abort", "nnynnnnn", NotNull),
    ("abort_route", "nnynnnnn", NotNull),
    ("command", "yyyRnnnn", NotEmpty),
    ("args", "yyyynnny", NotEmpty),
    ("env", "yyyynnny", NotEmpty),
    ("working_dir", "ynnynnnn", NotEmpty),
    ("stdin", "nnnynnnn", NotNull),
    ("timeout", "yyyynnny", NotNull),
    ("duration", "nnnnnnRn", NotNull),
    ("reason", "nnnnnRyn", NotNull),
    ("value", "nnnnAnnn", NotNull),
    ("values", "nnnnAnnn", NotNull),
    ("output_type", "nnnnynnn", NotNull),
    ("workflow", "yyyynnnR", NotEmpty),
    ("input_mapping", "nnnnnnny", NotNull),
    ("max_depth", "nnnnnnny", NotNull),
    ("timeout_seconds", "ynnnnnnn", NotNull),
    ("max_session_seconds", "yyynnnnn", NotNull),
    ("max_agent_iterations", "yyynnnnn", NotNull),
    ("session_key", "ynnnnnnn", NotNull),
    ("retry", "yyynnnnn", NotNull),
    ("dialog", "ynnnnnnn", NotNull),
    ("reasoning", "ynnnnnnn", NotNull),
    ("validator", "ynnnnnnn", NotNull),
    ("sandbox", "ynnnnnnn", NotNull),
    ("skills", "ynnnnnnn", NotNull),
    ("plugins", "ynnnnnnn", NotNull),
    ("status", "nnnnnRnn", NotNull),
    ("output_template", "nnnnnynn", NotNull),
];

/// How `key` stands on a step of `kind`. Keys that every step has are accepted.
#[must_use]
pub fn standing(kind: &str, key: &str) -> Standing {
    let row = MATRIX.iter().find(|r| r.0 == key);
    let column = KINDS.iter().position(|k| *k == kind);
    match row.zip(column).and_then(|(r, c)| r.1.as_bytes().get(c)) {
        Some(b'R') => Standing::Required,
        Some(b'A') => Standing::Alternative,
        Some(b'n') => Standing::Rejected,
        _ => Standing::Accepted,
    }
}

/// Keys that some kind of step rejects, and when they count as given.
pub(super) fn rejectable() -> impl Iterator<Item = (&'static str, Given)> {
    MATRIX.iter().map(|(key, _, given)| (*key, *given))
}

/// Kinds on which `key` does something.
fn homes(key: &str) -> Vec<&'static str> {
    KINDS
        .iter()
        .copied()
        .filter(|kind| standing(kind, key) != Standing::Rejected)
        .collect()
}

pub(super) fn rules(c: &mut Checker<'_>, datum: &Datum) {
    let Some(map) = datum.map() else { return };
    let kind = map.text("type").map_or("agent", |t| t.value.as_str());
    match kind {
        "human_gate" => {
            needs(c, map, datum, kind, "options", given_full);
            needs(c, map, datum, kind, "prompt", given_full);
        }
        "questions" => questions(c, map, datum),
        "script" => needs(c, map, datum, kind, "command", given_full),
        "set" => set(c, map, datum),
        "terminate" => {
            needs(c, map, datum, kind, "status", given);
            needs(c, map, datum, kind, "reason", |map, key| {
                map.text(key).is_some_and(|t| !t.value.trim().is_empty())
            });
        }
        "wait" => wait(c, map, datum),
        "workflow" => needs(c, map, datum, kind, "workflow", given_full),
        _ => {}
    }
    for (key, _, when) in MATRIX {
        if standing(kind, key) != Standing::Rejected {
            continue;
        }
        let Some(field) = map.field(key) else {
            continue;
        };
        let counts = if *when == NotNull {
            !field.value.is_null()
        } else {
            field.value.truthy()
        };
        if counts {
            rejected(c, kind, key, field, map.field("type"));
        }
    }
    raw_with_schema(c, map);
}

fn given(map: &Map, key: &str) -> bool {
    map.some(key).is_some()
}

fn given_full(map: &Map, key: &str) -> bool {
    map.get(key).is_some_and(Datum::truthy)
}

fn name_loc(c: &Checker<'_>, map: &Map, datum: &Datum) -> crate::source::Loc {
    map.field("type")
        .map(Field::place)
        .or_else(|| map.get("name").map(|d| d.loc))
        .or_else(|| c.anchor())
        .unwrap_or(datum.loc)
}

fn needs(
    c: &mut Checker<'_>,
    map: &Map,
    datum: &Datum,
    kind: &str,
    key: &str,
    given: fn(&Map, &str) -> bool,
) {
    if given(map, key) {
        return;
    }
    let loc = map
        .field(key)
        .map_or_else(|| name_loc(c, map, datum), Field::place);
    let what = match map.get(key) {
        Some(value) if !value.is_null() => "a non-empty ",
        _ => "",
    };
    c.fail(
        "S20",
        "step-needs-key",
        loc,
        format!("A step of type `{kind}` needs {what}`{key}`"),
    );
}

fn rejected(c: &mut Checker<'_>, kind: &str, key: &str, field: &Field, ty: Option<&Field>) {
    let homes = homes(key)
        .iter()
        .map(|k| format!("`{k}`"))
        .collect::<Vec<_>>()
        .join(", ");
    // A type that is written and empty makes an agent of what was meant to be something else.
    if let Some(ty) = ty.filter(|ty| ty.value.is_null()) {
        let message = format!(
            "`type` is empty, so this is a step of type `{kind}`, which cannot have `{key}`; that is for {homes}"
        );
        c.report(
            Diagnostic::new("key-not-for-step", Severity::Error, ty.place(), message)
                .upstream("S20")
                .related(field.key.loc, "the key"),
        );
        return;
    }
    let message = format!("A step of type `{kind}` cannot have `{key}`; that is for {homes}");
    c.report(
        Diagnostic::new("key-not-for-step", Severity::Error, field.key.loc, message)
            .upstream("S20"),
    );
}

fn questions(c: &mut Checker<'_>, map: &Map, datum: &Datum) {
    let (inline, source) = (
        map.field("questions").filter(|f| f.value.truthy()),
        map.field("source").filter(|f| f.value.truthy()),
    );
    match (inline, source) {
        (None, None) => {
            let loc = name_loc(c, map, datum);
            c.fail(
                "S20",
                "step-needs-key",
                loc,
                "A step of type `questions` needs either `questions` or `source`",
            );
        }
        (Some(_), Some(field)) => {
            c.fail(
                "S20",
                "keys-exclude-each-other",
                field.key.loc,
                "A step of type `questions` takes `questions` or `source`, not both",
            );
        }
        (None, Some(field)) => groups::source(c, &field.value),
        _ => {}
    }
    if let Some(field) = map.field("abort_route").filter(|f| !f.value.is_null())
        && map.some("allow_abort").and_then(lax::boolean) != Some(true)
    {
        c.fail(
            "S20",
            "abort-route-without-abort",
            field.key.loc,
            "`abort_route` needs `allow_abort: true`",
        );
    }
}

fn set(c: &mut Checker<'_>, map: &Map, datum: &Datum) {
    let (one, many) = (
        map.field("value").filter(|f| !f.value.is_null()),
        map.field("values").filter(|f| !f.value.is_null()),
    );
    match (one, many) {
        (None, None) => {
            let loc = map
                .field("value")
                .or_else(|| map.field("values"))
                .map_or_else(|| name_loc(c, map, datum), Field::place);
            c.fail(
                "S20",
                "step-needs-key",
                loc,
                "A step of type `set` needs exactly one of `value` or `values`",
            );
        }
        (Some(a), Some(b)) => {
            let later = if a.key.loc.span.start() > b.key.loc.span.start() {
                a
            } else {
                b
            };
            let other = if std::ptr::eq(later, a) { b } else { a };
            let diagnostic = Diagnostic::new(
                "keys-exclude-each-other",
                Severity::Error,
                later.key.loc,
                "A step of type `set` takes exactly one of `value` or `values`, not both",
            )
            .upstream("S20")
            .related(other.key.loc, "the other one");
            c.report(diagnostic);
        }
        (None, Some(_)) => {
            if let Some(field) = map.field("output_type").filter(|f| !f.value.is_null()) {
                c.fail(
                    "S20",
                    "key-not-for-step",
                    field.key.loc,
                    "`output_type` is for a single `value`; `values` have no types",
                );
            }
        }
        _ => {}
    }
}

fn wait(c: &mut Checker<'_>, map: &Map, datum: &Datum) {
    let Some(value) = map.some("duration") else {
        return needs(c, map, datum, "wait", "duration", given);
    };
    let fail = |c: &mut Checker<'_>, why: String| c.fail("S19", "duration", value.loc, why);
    let seconds = match &value.shape {
        Shape::Text(text) if text.value.contains("{{") => return,
        Shape::Text(text) => match duration::parse(&text.value) {
            Some(seconds) => seconds,
            None => {
                let why = format!(
                    "`duration: {}` is no duration; write seconds, or a number with `ms`, `s`, `m` or `h`, like `500ms` or `30s`",
                    text.value
                );
                return fail(c, why);
            }
        },
        _ => match lax::number(value) {
            Some(seconds) => seconds,
            None => return,
        },
    };
    if seconds.is_nan() || seconds <= 0.0 {
        fail(
            c,
            format!("`duration` must be above 0 seconds, this is {seconds}"),
        );
    } else if seconds > duration::LONGEST {
        fail(
            c,
            format!("`duration` must be at most 24 hours (86400 seconds), this is {seconds}"),
        );
    }
}

/// S21.
fn raw_with_schema(c: &mut Checker<'_>, map: &Map) {
    let raw = map
        .field("output_mode")
        .filter(|f| f.value.text().is_some_and(|t| t.value == "raw"));
    let Some(field) = raw.filter(|_| given_full(map, "output")) else {
        return;
    };
    let mut diagnostic = Diagnostic::new(
        "raw-output-with-schema",
        Severity::Error,
        field.place(),
        "`output_mode: raw` cannot have an `output` schema; remove `output` or write `output_mode: envelope`",
    )
    .upstream("S21");
    if let Some(output) = map.field("output") {
        diagnostic = diagnostic.related(output.key.loc, "the output schema");
    }
    c.report(diagnostic);
}
