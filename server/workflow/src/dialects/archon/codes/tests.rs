//! The table is whole.

use std::collections::BTreeSet;

use super::CODES;

#[test]
fn codes_are_sorted_and_every_rule_of_the_dialect_has_one() {
    assert!(CODES.is_sorted_by(|a, b| a.code < b.code));
    let rules: BTreeSet<&str> = CODES.iter().flat_map(|c| c.rules).copied().collect();
    let missing: Vec<String> = (1..=79)
        .map(|n| format!("R{n}"))
        // R64 is any rule inside a loop_group.
        .filter(|rule| rule != "R64" && !rules.contains(rule.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
