//! How the dialect reads YAML where readers differ: keys that are no texts, merge keys, numbers with a base.

use std::path::Path;

use fermata_workflow::{Dialect, MemoryWorld, load_as};
use serde_json::{Value, json};

/// What stands behind `x`, as the dialect's engine gets it.
fn read(lines: &str) -> Value {
    let path = Path::new("/project/.archon/workflows/subject.yaml");
    let mut world = MemoryWorld::new();
    world.add_file(
        path,
        format!("name: n\ndescription: d\nnodes: [{{id: a, bash: x}}]\n{lines}"),
    );
    let loaded = load_as(&world, path, Dialect::Archon);
    let workflow = loaded.workflow.expect("a workflow");
    workflow.archon.expect("an Archon workflow").raw["x"].clone()
}

#[test]
fn keys_are_texts_as_javascript_writes_their_values() {
    assert_eq!(
        read("x: {0x10: a, 1e3: b, ~: c, True: d, .inf: e, -0: f, 01: g}\n"),
        json!({"16": "a", "1000": "b", "null": "c", "true": "d", "Infinity": "e", "0": "f", "1": "g"})
    );
    assert_eq!(
        read("x:\n  ? [1, ~, a]\n  : b\n  ? {c: d}\n  : e\n"),
        json!({"1,,a": "b", "[object Object]": "e"})
    );
    assert_eq!(read("x: {'0x10': a}\n"), json!({"0x10": "a"}));
}

#[test]
fn the_first_of_several_merges_counts_and_what_is_no_map_is_a_key() {
    assert_eq!(
        read("x: {<<: {a: 1}, <<: {a: 2, b: 2}, c: 3}\n"),
        json!({"a": 1, "b": 2, "c": 3})
    );
    assert_eq!(
        read("x: {<<: [{a: 1}, {a: 2, b: 2}], b: 3}\n"),
        json!({"a": 1, "b": 3})
    );
    assert_eq!(read("x: {<<: 5, a: 1}\n"), json!({"<<": 5, "a": 1}));
    assert_eq!(read("x: {<<: [5], a: 1}\n"), json!({"a": 1}));
}

#[test]
fn a_sign_may_stand_before_a_base_and_64_bits_are_the_end() {
    assert_eq!(
        read("x: [-0x1F, +0o17, 0b11, 0xFFFFFFFFFFFFFFFFF, 1_000]\n"),
        json!([-31, 15, "0b11", "0xFFFFFFFFFFFFFFFFF", "1_000"])
    );
}
