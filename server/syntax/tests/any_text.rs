//! Invariant 1: any bytes give a tree, problems, and spans inside the file.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod invariants;

use fermata_syntax::{parse, parse_bytes};
use proptest::prelude::*;

/// Text made of what YAML cares about, so that random text gets far.
fn yamlish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "a", "b: ", "- ", "\n", "\n  ", "\n    ", "\n\n", "\r\n", "\r", " ", "\t", ": ", ":",
            "? ", "[", "]", "{", "}", ", ", "\"", "'", "''", "\\", "\\n", "\\u00e9", "\\x41",
            "\\\n", "|", "|\n", "|-\n", "|+\n", ">\n  ", ">-\n", "|2\n", "&x ", "*x", "!t ",
            "!!str ", "!", "# c", " #", "%YAML 1.1\n", "%TAG ! x\n", "---\n", "...\n", "--- ",
            "<<: ", "@", "`", "~", "é", "日", "\u{1f600}", "\u{feff}", "\u{85}", "\0", "key: v\n",
            "- name: n\n", "  text here\n", "    more: x\n", "name: |\n  t\n\n  u\n",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn any_yaml_like_text_gives_a_tree_with_true_spans(text in yamlish()) {
        let tree = parse(&text);
        prop_assert_eq!(tree.text(), &text);
        invariants::check(&tree);
    }

    #[test]
    fn every_offset_has_a_path_whose_nodes_contain_it(text in yamlish()) {
        let tree = parse(&text);
        for offset in 0..=text.len() {
            let offset = u32::try_from(offset).unwrap().into();
            let mut parent = None;
            for node in tree.path_at(offset) {
                prop_assert!(node.full_span().contains_inclusive(offset));
                prop_assert_eq!(node.parent(), parent);
                parent = Some(node);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_a_tree_with_true_spans(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let tree = parse_bytes(&bytes);
        prop_assert_eq!(tree.text().len(), bytes.len());
        invariants::check(&tree);
    }
}
