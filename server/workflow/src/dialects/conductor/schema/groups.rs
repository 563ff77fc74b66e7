//! Routes (S8), parallel groups (S9) and for_each groups (S10, S11, S12).

use crate::data::Datum;

use super::check::Checker;
use super::lax;
use super::step::STEP;
use super::types::{Key, Kind, Model, STRING_MAP, STRINGS};

pub(super) static ROUTE: Model = Model::strict(
    "a route",
    &[
        Key::required(
            "to",
            Kind::Str,
            "The step or group that follows, or `$end`.",
        )
        .rule(target),
        Key::optional(
            "when",
            Kind::Str,
            "Condition; the route is always taken when absent.",
        ),
        Key::optional(
            "output",
            STRING_MAP,
            "Templates merged over the workflow's output; only used when the target is `$end`.",
        ),
    ],
);

fn target(c: &mut Checker<'_>, datum: &Datum) {
    if datum.text().is_some_and(|t| t.value.is_empty()) {
        c.fail(
            "S8",
            "empty-route-target",
            datum.loc,
            "`to` must name a step, a group or `$end`",
        );
    }
}

const FAILURE_MODES: &[&str] = &["fail_fast", "continue_on_error", "all_or_nothing"];

pub(super) static PARALLEL: Model = Model::strict(
    "a parallel group",
    &[
        Key::required("name", Kind::Str, "The group's name."),
        Key::optional("description", Kind::Str, "What the group is for."),
        Key::required(
            "agents",
            STRINGS,
            "Names of the steps that run at the same time, at least two.",
        )
        .rule(two_members),
        Key::default(
            "failure_mode",
            Kind::Word(FAILURE_MODES),
            "What a failing member does to the group; `fail_fast` by default.",
        ),
        Key::default(
            "routes",
            Kind::List(&Kind::Model(&ROUTE)),
            "Where the group goes next; the first match wins.",
        ),
    ],
);

fn two_members(c: &mut Checker<'_>, datum: &Datum) {
    if datum.list().is_some_and(|l| l.len() < 2) {
        let loc = if datum.loc.span.is_empty() {
            c.anchor().unwrap_or(datum.loc)
        } else {
            datum.loc
        };
        c.fail(
            "S9",
            "parallel-too-small",
            loc,
            "`agents` of a parallel group must name at least two steps",
        );
    }
}

pub(super) static FOR_EACH: Model = Model::strict(
    "a for_each group",
    &[
        Key::required("name", Kind::Str, "The group's name."),
        Key::optional("description", Kind::Str, "What the group is for."),
        Key::required("type", Kind::Word(&["for_each"]), "Always `for_each`."),
        Key::required(
            "source",
            Kind::Str,
            "Dotted path of the list: `step.output.field` or `workflow.input.name`.",
        )
        .rule(source),
        Key::required(
            "as",
            Kind::Str,
            "Name of the loop variable in the inline step's templates.",
        )
        .rule(variable),
        Key::required(
            "agent",
            Kind::Model(&STEP),
            "The step that runs for every item.",
        ),
        Key::default(
            "max_concurrent",
            Kind::Int(None, None),
            "Items at the same time, 1 to 100; 10 by default.",
        )
        .rule(concurrency),
        Key::default(
            "failure_mode",
            Kind::Word(FAILURE_MODES),
            "What a failing item does to the group; `fail_fast` by default.",
        ),
        Key::optional(
            "key_by",
            Kind::Str,
            "Dotted path into the item whose value becomes its key.",
        ),
        Key::default(
            "routes",
            Kind::List(&Kind::Model(&ROUTE)),
            "Where the group goes next; the first match wins.",
        ),
    ],
);

/// S10, for for_each groups and for questions.
pub(super) fn source(c: &mut Checker<'_>, datum: &Datum) {
    let Some(text) = datum.text() else { return };
    let parts: Vec<&str> = text.value.split('.').collect();
    if parts.len() < 3 {
        let message = format!(
            "`source: {}` must have at least three parts, like `step.output.field`",
            text.value
        );
        c.fail("S10", "list-source", datum.loc, message);
    } else if !is_identifier(parts[0]) {
        let message = format!(
            "`source` begins with `{}`, which is no identifier; only steps named with letters, digits and `_` can be a source",
            parts[0]
        );
        c.fail("S10", "list-source", datum.loc, message);
    }
}

fn variable(c: &mut Checker<'_>, datum: &Datum) {
    let Some(text) = datum.text() else { return };
    let name = text.value.as_str();
    if !is_identifier(name) {
        c.fail(
            "S11",
            "loop-variable",
            datum.loc,
            format!("`as: {name}` must be an identifier: letters, digits and `_`, no digit first"),
        );
    } else if ["workflow", "context", "output", "_index", "_key"].contains(&name) {
        c.fail(
            "S11",
            "loop-variable",
            datum.loc,
            format!("`as: {name}` is a reserved name; use another one, like `item`"),
        );
    }
}

fn concurrency(c: &mut Checker<'_>, datum: &Datum) {
    if lax::integer(datum).is_some_and(|n| !(1..=100).contains(&n)) {
        c.fail(
            "S12",
            "concurrency-range",
            datum.loc,
            "`max_concurrent` must be between 1 and 100",
        );
    }
}

/// Whether Python would take it for an identifier.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric())
}
