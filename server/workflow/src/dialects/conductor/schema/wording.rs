//! How the schema's messages name ranges, lists of words and objects.

use crate::data::Datum;
use crate::source::Loc;

/// The place that stands for an object as a whole: its name, else its first key, else its first byte.
pub(super) fn start_of(datum: &Datum) -> Loc {
    match datum.map() {
        Some(map) => match (
            map.field("name").filter(|f| f.value.text().is_some()),
            map.entries.first(),
        ) {
            (Some(name), _) => name.value.loc,
            (None, Some(first)) => first.key.loc,
            (None, None) => datum.loc,
        },
        None => datum.loc,
    }
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

pub(super) fn list_words(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".into(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} or {last}", start.join(", ")),
    }
}

pub(super) fn range_words(
    least: Option<String>,
    above: Option<String>,
    most: Option<String>,
) -> String {
    match (least, above, most) {
        (Some(l), _, Some(m)) => format!("between {l} and {m}"),
        (None, Some(a), Some(m)) => format!("above {a} and at most {m}"),
        (Some(l), _, None) => format!("at least {l}"),
        (None, Some(a), None) => format!("above {a}"),
        (None, None, Some(m)) => format!("at most {m}"),
        (None, None, None) => "a number".into(),
    }
}

/// The word of `words` that another language calls `wrong`.
pub(super) fn synonym<'w>(wrong: &str, words: &[&'w str]) -> Option<&'w str> {
    const SAME: &[(&str, &[&str])] = &[
        ("number", &["integer", "int", "float", "double", "decimal"]),
        ("string", &["str", "text"]),
        ("boolean", &["bool"]),
        ("array", &["list", "sequence"]),
        ("object", &["dict", "map", "mapping"]),
        ("agent", &["llm", "prompt", "ai"]),
        ("script", &["bash", "shell", "command"]),
        ("human_gate", &["gate", "approval", "human"]),
        ("workflow", &["subworkflow", "sub_workflow"]),
        ("$end", &["end"]),
    ];
    let lower = wrong.to_lowercase();
    let meant = SAME
        .iter()
        .find(|(_, others)| others.contains(&lower.as_str()))?
        .0;
    words.iter().copied().find(|word| *word == meant)
}
