//! The schema: which keys there are, what they take, and the rules S1..S36.
//! One file per part; `types` describes, `check` walks. The descriptions are
//! also what the editor completes and explains.

mod check;
mod export;
mod groups;
mod lax;
mod outputs;
mod plugins;
mod provider;
mod questions;
mod runtime;
mod skills;
mod step;
mod step_kinds;
mod top;
mod types;
mod whole;
mod wording;

pub use export::json_schema;
pub use step_kinds::{Standing, standing};
pub use top::TOP;
pub use types::{Key, Kind, Model};

pub(super) use lax::{boolean as lax_boolean, integer as lax_integer, number as lax_number};
pub(super) use plugins::is_safe_name;
pub(super) use skills::is_path;

use crate::data::{Datum, Map};

use super::findings::Findings;

/// Checks a whole document.
pub(super) fn check(root: &Map, datum: &Datum, findings: &mut Findings) {
    check::Checker::new(findings).document(datum);
    whole::check(root, findings);
}

/// The description of the object at a path of keys and indices from the
/// document's root (`["agents", "0", "routes", "1"]`), for completion and hover.
#[must_use]
pub fn model_at(path: &[&str]) -> Option<&'static Model> {
    let mut kind = Kind::Model(&TOP);
    for part in path {
        kind = match kind {
            Kind::Model(model) => *model.key(part).map(|k| &k.kind)?,
            Kind::List(inner) | Kind::Map(inner) => *inner,
            _ => return None,
        };
    }
    match kind {
        Kind::Model(model) => Some(model),
        Kind::Short(_, model) => Some(model),
        _ => None,
    }
}
