//! Where a path of keys and indices stands in a file.

use fermata_expr::archon::schema::PathPart;

use crate::data::{Datum, Shape};
use crate::source::Loc;

/// The place of a value: for a key that is missing its parent, for a map or list its key, so that no diagnostic covers
/// more than it must.
pub(super) fn of(root: &Datum, path: &[PathPart]) -> Loc {
    let mut at = root;
    let mut loc = narrow(root);
    for part in path {
        let step = match (part, &at.shape) {
            (PathPart::Key(key), Shape::Map(map)) => map.field(key).map(|f| {
                let flat = matches!(f.value.shape, Shape::Map(_) | Shape::List(_) | Shape::Null);
                (&f.value, if flat { f.key.loc } else { f.value.loc })
            }),
            (PathPart::Index(index), Shape::List(items)) => {
                items.get(*index).map(|item| (item, narrow(item)))
            }
            _ => None,
        };
        let Some((value, place)) = step else { break };
        at = value;
        loc = place;
    }
    loc
}

/// The value at a path, if it is there.
pub(super) fn value<'d>(root: &'d Datum, path: &[PathPart]) -> Option<&'d Datum> {
    path.iter().try_fold(root, |at, part| match part {
        PathPart::Key(key) => at.map()?.get(key),
        PathPart::Index(index) => at.list()?.get(*index),
    })
}

/// A map as a whole is shown at its `id`, else at its first key.
pub(super) fn narrow(datum: &Datum) -> Loc {
    match &datum.shape {
        Shape::Map(map) => map
            .get("id")
            .filter(|d| d.text().is_some())
            .map(|d| d.loc)
            .or_else(|| map.entries.first().map(|f| f.key.loc))
            .unwrap_or(datum.loc),
        _ => datum.loc,
    }
}

/// A dotted field as a path.
pub(super) fn dotted(field: &str) -> Vec<PathPart> {
    field
        .split('.')
        .filter(|p| !p.is_empty())
        .map(|p| {
            p.parse()
                .map_or_else(|_| PathPart::Key(p.to_owned()), PathPart::Index)
        })
        .collect()
}
