//! Two pictures beside each other, and where they differ. Plays nothing.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::pictures::client::Picture;

/// What differs between two pictures.
pub(super) fn differ(ours: &Picture, theirs: &Picture) -> String {
    let files: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let mut said = String::from("the picture is not that of a newcomer:\n");
    for file in files {
        let (ours, theirs) = (ours.get(file), theirs.get(file));
        if ours != theirs {
            let show = |items: Option<&Value>| items.map_or_else(|| "nothing".to_owned(), brief);
            said += &format!(
                "{file}\n  shown: {}\n  right: {}\n",
                show(ours),
                show(theirs)
            );
        }
    }
    said
}

fn brief(items: &Value) -> String {
    let list = items.get("items").unwrap_or(items);
    let all: Vec<String> = list
        .as_array()
        .into_iter()
        .flatten()
        .map(|d| {
            let start = &d["range"]["start"];
            let message = d["message"].as_str().unwrap_or_default();
            format!(
                "{}:{} {} {message}",
                start["line"], start["character"], d["code"]
            )
        })
        .collect();
    format!("{} {all:#?}", items.get("version").unwrap_or(&Value::Null))
}
