//! What agrees, and what differs on purpose: each listed case with its reason
//! and exactly what differs, so that nothing hides behind a reason.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A case that differs on purpose.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// Why.
    why: String,
    /// What differs, word for word.
    differs: Vec<String>,
}

/// Fails unless everything that differs has its reason in `differences.json`, and nothing else has one.
pub(crate) fn judge(set: &str, found: &BTreeMap<String, Vec<String>>, total: usize) {
    let mut all: BTreeMap<String, BTreeMap<String, Known>> =
        serde_json::from_str(include_str!("differences.json")).unwrap();
    let known = all.remove(set).unwrap_or_default();
    let whole = std::env::var_os("FERMATA_CASE").is_none();
    let mut wrong = Vec::new();
    let mut reasoned = 0;
    for (case, differences) in found {
        match known.get(case) {
            Some(on_purpose) if on_purpose.differs == *differences => reasoned += 1,
            Some(on_purpose) => wrong.push(format!(
                "{case} differs otherwise than listed ({}):\n    {}",
                on_purpose.why,
                differences.join("\n    ")
            )),
            None => wrong.push(format!("{case}:\n    {}", differences.join("\n    "))),
        }
    }
    wrong.extend(
        known
            .keys()
            .filter(|case| whole && !found.contains_key(*case))
            .map(|case| format!("{case} is listed as different and agrees")),
    );
    eprintln!(
        "archon {set}: {} of {total} agree, {reasoned} differ on purpose",
        total - found.len()
    );
    assert!(wrong.is_empty(), "{set} differs:\n{}", wrong.join("\n"));
}
