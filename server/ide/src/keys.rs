//! What the keys of the Conductor dialect mean, for hover and completion: the
//! very tables that lowering checks with, seen from a place in the document.

use fermata_workflow::dialects::conductor::schema::{Key, Kind, Model, TOP, model_at};

/// The object at a place such as `agents[].routes[]`; the whole document for an empty one.
pub(crate) fn model(path: &str) -> Option<&'static Model> {
    if path.is_empty() {
        return Some(&TOP);
    }
    let mut parts = Vec::new();
    for part in path.split('.') {
        let name = part.trim_end_matches("[]");
        parts.push(name);
        parts.extend(std::iter::repeat_n("0", (part.len() - name.len()) / 2));
    }
    model_at(&parts)
}

/// The key that a place names.
pub(crate) fn find(path: &str) -> Option<&'static Key> {
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
    model(parent)?.key(name.trim_end_matches("[]"))
}

/// The words of a key that takes one of a few; empty for all others.
pub(crate) fn words(kind: &Kind) -> &'static [&'static str] {
    match kind {
        Kind::Word(words) | Kind::WordOrText(words) => words,
        Kind::Bool => &["true", "false"],
        _ => &[],
    }
}

/// What a key takes, in words: `integer, 1 to 500`.
pub(crate) fn type_words(kind: &Kind) -> String {
    match kind {
        Kind::Any => "anything".to_owned(),
        Kind::Str => "text".to_owned(),
        Kind::Int(low, high) => format!("integer{}", range(*low, *high)),
        Kind::Number(low, above, high) => match above {
            Some(above) => format!("number above {above}"),
            None => format!("number{}", range(*low, *high)),
        },
        Kind::Bool => "true or false".to_owned(),
        Kind::Word(words) => words.join(", "),
        Kind::WordOrText(words) => format!("{}, or a text", words.join(", ")),
        Kind::Scalar => "text or number".to_owned(),
        Kind::List(inner) => format!("list of {}", type_words(inner)),
        Kind::Map(inner) => format!("{} by name", type_words(inner)),
        Kind::Model(model) => model.name.to_owned(),
        Kind::Short(_, model) => format!("text, or {}", model.name),
    }
}

fn range<T: std::fmt::Display>(low: Option<T>, high: Option<T>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!(", {low} to {high}"),
        (Some(low), None) => format!(", at least {low}"),
        (None, Some(high)) => format!(", at most {high}"),
        (None, None) => String::new(),
    }
}
