//! Output fields and their rules (S7).

use crate::data::{Datum, Shape};

use super::check::Checker;
use super::lax;
use super::types::{Key, Kind, Model};

pub(super) static OUTPUT_FIELD: Model = Model::strict(
    "an output field",
    &[
        Key::required(
            "type",
            Kind::Word(&["string", "number", "boolean", "array", "object"]),
            "The value's type; there is no `integer`.",
        ),
        Key::optional(
            "description",
            Kind::Str,
            "What the agent is told about the field.",
        ),
        Key::optional("items", Kind::Model(&OUTPUT_FIELD), "What an array holds."),
        Key::optional(
            "properties",
            Kind::Map(&Kind::Model(&OUTPUT_FIELD)),
            "Fields of an object.",
        ),
        Key::optional("enum", Kind::List(&Kind::Any), "The only values allowed."),
        Key::optional(
            "pattern",
            Kind::Str,
            "Regular expression that a string must contain a match of.",
        ),
        Key::optional("minimum", Kind::Number(None, None, None), "Least number."),
        Key::optional(
            "maximum",
            Kind::Number(None, None, None),
            "Greatest number.",
        ),
        Key::optional(
            "minLength",
            Kind::Int(None, None),
            "Least number of characters.",
        ),
        Key::optional(
            "maxLength",
            Kind::Int(None, None),
            "Greatest number of characters.",
        ),
        Key::default(
            "required",
            Kind::Bool,
            "False: the field may be missing; only inside an object's `properties`.",
        ),
        Key::default("nullable", Kind::Bool, "True: the value may be null."),
    ],
)
.rules(rules);

fn fail(c: &mut Checker<'_>, loc: crate::source::Loc, message: &str) {
    c.fail("S7", "output-field", loc, message);
}

fn rules(c: &mut Checker<'_>, datum: &Datum) {
    let Some(map) = datum.map() else { return };
    let ty = map.text("type").map_or("", |t| t.value.as_str());
    if let Some(values) = map.some("enum") {
        enumeration(c, values, ty);
    }
    if let Some(field) = map.field("pattern").filter(|f| !f.value.is_null()) {
        if ty == "string" {
            pattern(c, &field.value);
        } else {
            fail(
                c,
                field.key.loc,
                &format!("`pattern` is for type `string` only, the type is `{ty}`"),
            );
        }
    }
    for key in ["minLength", "maxLength"] {
        if let Some(field) = map.field(key).filter(|f| !f.value.is_null()) {
            if ty != "string" {
                fail(
                    c,
                    field.key.loc,
                    &format!("`{key}` is for type `string` only, the type is `{ty}`"),
                );
            } else if lax::integer(&field.value).is_some_and(|n| n < 0) {
                fail(c, field.value.loc, &format!("`{key}` must not be negative"));
            }
        }
    }
    for key in ["minimum", "maximum"] {
        if let Some(field) = map.field(key).filter(|f| !f.value.is_null())
            && ty != "number"
        {
            fail(
                c,
                field.key.loc,
                &format!("`{key}` is for type `number` only, the type is `{ty}`"),
            );
        }
    }
    for (low, high) in [("minLength", "maxLength"), ("minimum", "maximum")] {
        let (a, b) = (
            map.some(low).and_then(lax::number),
            map.some(high).and_then(lax::number),
        );
        if let (Some(a), Some(b)) = (a, b)
            && a > b
        {
            let loc = map.get(low).map_or(datum.loc, |d| d.loc);
            fail(
                c,
                loc,
                &format!("`{low}` ({a}) must not exceed `{high}` ({b})"),
            );
        }
    }
}

fn enumeration(c: &mut Checker<'_>, values: &Datum, ty: &str) {
    let items = values.list().unwrap_or_default();
    if !matches!(ty, "string" | "number" | "boolean") {
        return fail(
            c,
            values.loc,
            &format!("`enum` is for strings, numbers and booleans only, the type is `{ty}`"),
        );
    }
    if items.is_empty() {
        return fail(c, values.loc, "`enum` must list at least one value");
    }
    for item in items {
        let fits = match (&item.shape, ty) {
            (Shape::Null, _) => {
                fail(
                    c,
                    if item.loc.span.is_empty() {
                        values.loc
                    } else {
                        item.loc
                    },
                    "`enum` cannot contain null; write `nullable: true` to allow null",
                );
                continue;
            }
            (Shape::Text(_), "string")
            | (Shape::Bool(_), "boolean")
            | (Shape::Int(_) | Shape::Float(_), "number") => true,
            _ => false,
        };
        if !fits {
            fail(
                c,
                item.loc,
                &format!(
                    "Values of `enum` must be of the field's type `{ty}`, this is {}",
                    item.word()
                ),
            );
        }
    }
}

fn pattern(c: &mut Checker<'_>, value: &Datum) {
    let Some(text) = value.text() else { return };
    if let Err(why) = super::super::pattern::check(&text.value) {
        fail(
            c,
            value.loc,
            &format!("`pattern` is no valid regular expression: {why}"),
        );
    }
}
