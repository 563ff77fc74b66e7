//! The tests behind `is`.

use super::names;
use super::render::Renderer;
use crate::ast::{Binary, Comparison};
use crate::call::Args;
use crate::error::{EvalError, EvalErrorKind, Res};
use crate::eval::Host;
use crate::methods::text;
use crate::value::{Val, ViewKind, arith, compare, iterate, repr};

/// The comparison a test name stands for.
fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        "eq" | "equalto" | "==" => Comparison::Equal,
        "ne" | "!=" => Comparison::NotEqual,
        "lt" | "lessthan" | "<" => Comparison::Less,
        "le" | "<=" => Comparison::LessEqual,
        "gt" | "greaterthan" | ">" => Comparison::Greater,
        "ge" | ">=" => Comparison::GreaterEqual,
        "in" => Comparison::In,
        "sameas" => Comparison::Is,
        _ => return None,
    })
}

fn remainder_is(value: &Val, by: &Val, rest: i64, r: &Renderer) -> Res<bool> {
    let remainder = arith::binary(Binary::Remainder, value, by, r.fuel())?;
    compare::equal(&remainder, &Val::int(rest), r.fuel())
}

pub(super) fn apply(r: &mut Renderer, name: &str, value: Val, args: Args) -> Res<bool> {
    if let Some(operator) = comparison(name) {
        let [other] = args.exactly::<1>(name)?;
        return compare::compare(operator, &value, &other, r.fuel());
    }
    if name == "divisibleby" {
        let [by] = args.bind(name, ["num"])?;
        let by = crate::call::required(by, name, "num")?;
        return remainder_is(&value, &by, 0, r);
    }
    args.exactly::<0>(name)?;
    Ok(match name {
        "defined" => !value.is_undefined(),
        "undefined" => value.is_undefined(),
        "none" => matches!(value, Val::None),
        "boolean" => matches!(value, Val::Bool(_)),
        "true" => matches!(value, Val::Bool(true)),
        "false" => matches!(value, Val::Bool(false)),
        "integer" => matches!(value, Val::Int(_)),
        "float" => matches!(value, Val::Float(_)),
        "number" => matches!(value, Val::Int(_) | Val::Float(_) | Val::Bool(_)),
        "string" => matches!(value, Val::Str(_) | Val::Markup(_)),
        "escaped" => matches!(value, Val::Markup(_)),
        "mapping" => matches!(value, Val::Dict(_)),
        "callable" => match &value {
            Val::Callable(_) | Val::Undefined(_) => true,
            Val::Object(object) => matches!(
                &**object,
                crate::value::Object::Joiner { .. }
                    | crate::value::Object::Loop(_)
                    | crate::value::Object::Type(_)
            ),
            _ => false,
        },
        "sequence" => matches!(
            value,
            Val::Str(_)
                | Val::Markup(_)
                | Val::List(_)
                | Val::Tuple(_)
                | Val::Group(_)
                | Val::Dict(_)
                | Val::Range(_)
        ),
        "iterable" => match &value {
            Val::View(ViewKind::Keys | ViewKind::Values | ViewKind::Items, _) | Val::OneShot(_) => {
                true
            }
            Val::Undefined(_) => value.truth()?,
            other => iterate::length(other).is_ok(),
        },
        "even" => remainder_is(&value, &Val::int(2), 0, r)?,
        "odd" => remainder_is(&value, &Val::int(2), 1, r)?,
        "lower" => text::is_lower(&repr::text(&value, r.fuel())?),
        "upper" => text::is_upper(&repr::text(&value, r.fuel())?),
        "filter" => value.defined()?.text().is_some_and(|s| names::is_filter(s)),
        "test" => value.defined()?.text().is_some_and(|s| names::is_test(s)),
        other => {
            return Err(EvalError::new(
                EvalErrorKind::Syntax,
                format!("there is no test named '{other}'"),
            )
            .named(other));
        }
    })
}
