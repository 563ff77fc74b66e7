//! Filters that write values out: JSON in both spellings, and Python's pretty printer.

use super::layout;
use crate::call::Args;
use crate::error::Res;
use crate::eval::Host;
use crate::template::render::Renderer;
use crate::value::Val;
use crate::value::json::{Layout, dumps};

/// The text one level of indentation adds; `None` for everything on one line.
fn indent(value: Option<Val>, default: Option<usize>, r: &Renderer) -> Res<Option<String>> {
    Ok(match value {
        None => default.map(|n| " ".repeat(n)),
        Some(Val::None) => None,
        Some(Val::Str(s) | Val::Markup(s)) => Some(s.to_string()),
        Some(other) => {
            let width = usize::try_from(other.index()?).unwrap_or(0);
            r.fuel().text(width.saturating_mul(64))?;
            Some(" ".repeat(width))
        }
    })
}

pub(super) fn apply(r: &mut Renderer, name: &str, value: Val, args: Args) -> Res<Val> {
    match name {
        "json" => {
            let [width] = args.bind(name, ["indent"])?;
            let indent = indent(width, Some(2), r)?;
            let layout = Layout {
                indent: indent.as_deref(),
                sort_keys: false,
                lenient: true,
            };
            dumps(&value, layout, r.fuel()).map(Val::str)
        }
        "tojson" => {
            let [width] = args.bind(name, ["indent"])?;
            let indent = indent(width, None, r)?;
            let layout = Layout {
                indent: indent.as_deref(),
                sort_keys: true,
                lenient: false,
            };
            let text = dumps(&value, layout, r.fuel())?;
            let safe = text
                .replace('<', "\\u003c")
                .replace('>', "\\u003e")
                .replace('&', "\\u0026")
                .replace('\'', "\\u0027");
            Ok(Val::Markup(safe.into()))
        }
        _ => {
            args.exactly::<0>(name)?;
            let text = layout::pretty(value.defined()?);
            r.fuel().text(text.len())?;
            Ok(Val::str(text))
        }
    }
}
