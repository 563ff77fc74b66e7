//! Gate options and questions (S13).

use crate::data::Datum;

use super::check::Checker;
use super::lax;
use super::types::{Key, Kind, Model, STRINGS};

pub(super) static GATE_OPTION: Model = Model::loose(
    "a gate option",
    &[
        Key::required("label", Kind::Str, "What people read; never templated."),
        Key::required("value", Kind::Str, "What `selected` becomes."),
        Key::required("route", Kind::Str, "The step that follows, or `$end`."),
        Key::optional(
            "prompt_for",
            Kind::Str,
            "Name of a text to ask for with this option.",
        ),
        Key::default(
            "multiline",
            Kind::Bool,
            "Whether that text may have several lines.",
        ),
    ],
);

pub(super) static QUESTION: Model = Model::strict(
    "a question",
    &[
        Key::optional(
            "id",
            Kind::Str,
            "Key of the answer; `q1`, `q2`, … by position when absent.",
        ),
        Key::required("text", Kind::Str, "The question; a template."),
        Key::optional("hint", Kind::Str, "A hint below it; a template."),
        Key::optional("choices", STRINGS, "Answers to choose from; templates."),
        Key::default(
            "allow_free_text",
            Kind::Bool,
            "Whether an own answer can be typed; true by default.",
        ),
        Key::optional("default", Kind::Str, "The answer when nothing is typed."),
        Key::default("required", Kind::Bool, "Whether it must be answered."),
        Key::default(
            "multiline",
            Kind::Bool,
            "Whether the answer may have several lines; true by default.",
        ),
    ],
)
.rules(answerable);

fn answerable(c: &mut Checker<'_>, datum: &Datum) {
    let Some(map) = datum.map() else { return };
    let free = map
        .some("allow_free_text")
        .and_then(lax::boolean)
        .unwrap_or(true);
    if !free && map.some("choices").is_none_or(|d| !d.truthy()) {
        let id = map
            .text("id")
            .or_else(|| map.text("text"))
            .map_or("", |t| t.value.as_str());
        let loc = map
            .field("allow_free_text")
            .map_or(datum.loc, crate::data::Field::loc);
        let message = format!(
            "The question `{id}` cannot be answered: it has no `choices` and `allow_free_text` is false"
        );
        c.fail("S13", "unanswerable-question", loc, message);
    }
}
