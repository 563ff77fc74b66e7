//! Filters by name. Each family has its own file; what several need stands here.

mod json;
mod layout;
mod mapping;
mod markup;
mod number;
mod select;
mod sequence;
mod text;
mod urls;

use super::render::Renderer;
use crate::call::Args;
use crate::error::{EvalError, EvalErrorKind, Res};
use crate::eval::Host;
use crate::value::{Val, number as numerals};

/// Applies the filter `name`.
pub(super) fn apply(r: &mut Renderer, name: &str, value: Val, args: Args) -> Res<Val> {
    match name {
        "capitalize" | "center" | "format" | "indent" | "lower" | "replace" | "string"
        | "title" | "trim" | "truncate" | "upper" | "wordcount" | "wordwrap" => {
            text::apply(r, name, value, args)
        }
        "e" | "escape" | "forceescape" | "safe" | "striptags" | "xmlattr" => {
            markup::apply(r, name, value, args)
        }
        "urlencode" | "urlize" => urls::apply(r, name, value, args),
        "abs" | "filesizeformat" | "float" | "int" | "round" => number::apply(r, name, value, args),
        "batch" | "count" | "first" | "join" | "last" | "length" | "list" | "max" | "min"
        | "random" | "reverse" | "slice" | "sort" | "sum" | "unique" => {
            sequence::apply(r, name, value, args)
        }
        "groupby" | "map" | "reject" | "rejectattr" | "select" | "selectattr" => {
            select::apply(r, name, value, args)
        }
        "attr" | "d" | "default" | "dictsort" | "items" => mapping::apply(r, name, value, args),
        "json" | "pprint" | "tojson" => json::apply(r, name, value, args),
        other => Err(EvalError::new(
            EvalErrorKind::Syntax,
            format!("there is no filter named '{other}'"),
        )
        .named(other)),
    }
}

/// How items are looked at: by an attribute path, in lower case or as they are.
pub(super) struct Getter {
    /// Paths asked for; one empty path is the item itself.
    paths: Vec<Vec<Val>>,
    default: Option<Val>,
    ignore_case: bool,
}

fn path(attribute: &str) -> Vec<Val> {
    attribute
        .split('.')
        .map(|part| match numerals::parse_int(part) {
            Some(number) if part.bytes().all(|b| b.is_ascii_digit()) => Val::Int(number),
            _ => Val::str(part),
        })
        .collect()
}

impl Getter {
    pub(super) fn new(attribute: Option<&Val>, ignore_case: bool) -> Self {
        let single = match attribute {
            None | Some(Val::None) => Vec::new(),
            Some(Val::Str(s) | Val::Markup(s)) => path(s),
            Some(other) => vec![other.clone()],
        };
        Self {
            paths: vec![single],
            default: None,
            ignore_case,
        }
    }

    /// Several attributes with commas between, as `sort` takes them.
    pub(super) fn several(attribute: Option<&Val>, ignore_case: bool) -> Self {
        match attribute {
            Some(Val::Str(s) | Val::Markup(s)) => Self {
                paths: s.split(',').map(path).collect(),
                default: None,
                ignore_case,
            },
            other => Self::new(other, ignore_case),
        }
    }

    pub(super) fn with_default(mut self, default: Option<Val>) -> Self {
        self.default = default.filter(|d| !matches!(d, Val::None));
        self
    }

    fn one(&self, r: &mut Renderer, item: &Val, path: &[Val]) -> Res<Val> {
        let mut value = item.clone();
        for part in path {
            value = r.item(&value, part)?;
            if let (true, Some(default)) = (value.is_undefined(), &self.default) {
                value = default.clone();
            }
        }
        if self.ignore_case
            && let Some(text) = value.text()
        {
            value = Val::str(text.to_lowercase());
        }
        Ok(value)
    }

    pub(super) fn get(&self, r: &mut Renderer, item: &Val) -> Res<Val> {
        match self.paths.as_slice() {
            [path] => self.one(r, item, path),
            paths => {
                let values = paths
                    .iter()
                    .map(|path| self.one(r, item, path))
                    .collect::<Res<Vec<_>>>()?;
                Ok(Val::list(values))
            }
        }
    }
}
