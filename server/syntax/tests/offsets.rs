//! Bytes of a value to bytes of the file and back, for the five styles.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod invariants;

use fermata_syntax::{Kind, Scalar, ScalarStyle, Tree, parse};
use proptest::prelude::*;

fn only(tree: &Tree) -> Scalar<'_> {
    let root = tree.root().unwrap();
    match root.kind() {
        Kind::Mapping(mapping) => mapping.entries().next().unwrap().value.as_scalar().unwrap(),
        Kind::Sequence(sequence) => sequence.get(0).unwrap().as_scalar().unwrap(),
        Kind::Scalar(_) | Kind::Alias(_) => root.as_scalar().unwrap(),
    }
}

/// Checks that `needle` of the value is `written` in the file.
fn shows(text: &str, needle: &str, written: &str) {
    let tree = parse(text);
    assert_eq!(tree.problems(), [], "{text:?}");
    invariants::check(&tree);
    let scalar = only(&tree);
    let at = scalar
        .value()
        .find(needle)
        .unwrap_or_else(|| panic!("{needle:?} in {:?}", scalar.value()));
    let span = scalar.source_span(at..at + needle.len());
    assert_eq!(tree.slice(span), written, "{text:?}");
    assert_eq!(scalar.cooked_offset(span.start()), Some(at), "{text:?}");
}

#[test]
fn plain_text_is_itself_and_folds_over_lines() {
    shows("k: one two", "two", "two");
    shows("k: one\n   two\n\n\n   three", "two", "two");
    shows("k: one\n   two\n\n\n   three", "three", "three");
    shows("k: one  \n   two", " two", "  \n   two");
    shows("k: one\r\n   two\r\n\r\n   three", "three", "three");
}

#[test]
fn single_quotes_unfold_and_undouble() {
    shows("k: 'it''s {{ x }}'", "'", "''");
    shows("k: 'it''s {{ x }}'", "{{ x }}", "{{ x }}");
    shows("k: 'a  \n\n   b'", "b", "b");
    shows("k: 'a\n   b '", "b ", "b ");
}

#[test]
fn double_quotes_unescape() {
    shows(r#"k: "a\tb\u00e9c\U0001F600d\x41e""#, "b", "b");
    shows(r#"k: "a\tb\u00e9c\U0001F600d\x41e""#, "é", r"\u00e9");
    shows(
        r#"k: "a\tb\u00e9c\U0001F600d\x41e""#,
        "\u{1f600}d",
        r"\U0001F600d",
    );
    shows(r#"k: "a\tb\u00e9c\U0001F600d\x41e""#, "Ae", r"\x41e");
    shows(r#"k: "\N\_\L\P\/z""#, "/z", r"\/z");
    shows("k: \"one \\\n   two\\\n   \\ three\"", "two", "two");
    shows("k: \"one \\\n   two\\\n   \\ three\"", "three", "three");
    shows("k: \"a\\\n\n\n   b\"", "b", "b");
    shows(r#"k: "\uD83D\uDE00x""#, "\u{1f600}", r"\uD83D\uDE00");
    shows(r#"k: "\uD83D\uDE00x""#, "x", "x");
}

#[test]
fn literal_blocks_lose_their_indentation() {
    shows("k: |\n    one\n      two\n\n    three\n", "two", "two");
    shows("k: |\n    one\n      two\n\n    three\n", "  two", "  two");
    shows("k: |\n    one\n      two\n\n    three\n", "three", "three");
    shows("k: |2\n\n     one\n", "   one", "   one");
    shows("k: |-\r\n  one\r\n  two\r\n", "two", "two");
    shows("k: |-\r\n  one\r\n  two\r\n", "e\nt", "e\r\n  t");
    shows("k: |+\n  one\n\n\n", "one\n\n\n", "one\n\n\n");
    shows("- |\n one\n two", "two", "two");
}

#[test]
fn folded_blocks_lose_breaks_and_indentation() {
    shows(
        "k: >\n    one\n    two\n\n    three\n      four\n    five\n",
        "two",
        "two",
    );
    shows(
        "k: >\n    one\n    two\n\n    three\n      four\n    five\n",
        "three",
        "three",
    );
    shows(
        "k: >\n    one\n    two\n\n    three\n      four\n    five\n",
        "  four",
        "  four",
    );
    shows(
        "k: >\n    one\n    two\n\n    three\n      four\n    five\n",
        "five",
        "five",
    );
    shows("k: >\n\n\n  one\n  two\n", "one two", "one\n  two");
    shows("k: >1\n   one\n  two\n", "  one", "  one");
}

#[test]
fn an_offset_outside_of_the_content_is_no_byte_of_the_value() {
    let tree = parse("k: \"v\" # c");
    let scalar = only(&tree);
    assert_eq!(scalar.cooked_offset(3.into()), None);
    assert_eq!(scalar.cooked_offset(4.into()), Some(0));
    assert_eq!(scalar.cooked_offset(5.into()), Some(1));
    assert_eq!(scalar.cooked_offset(6.into()), None);
}

fn content() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "word",
        " ",
        "  ",
        "\n",
        "\n\n",
        "é",
        "日",
        "\u{1f600}",
        "{{ x }}",
        "'",
        "\"",
        "\\",
        "#",
        ":",
        "-",
        "\t",
    ]);
    prop::collection::vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

/// Writes `value` as a scalar of every style that can hold it.
fn written(value: &str, indent: usize, crlf: bool) -> Vec<String> {
    let pad = " ".repeat(indent);
    let double: String = value
        .chars()
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            'é' => "\\u00e9".to_owned(),
            '\u{1f600}' => "\\U0001F600".to_owned(),
            ' ' => " \\\n  ".to_owned(),
            _ => c.to_string(),
        })
        .collect();
    let quoted = value.replace('\'', "''").replace('\n', "\n\n  ");
    let block: String = value
        .split('\n')
        .map(|line| format!("{pad}{line}\n"))
        .collect();
    let texts = vec![
        format!("k: \"{double}\"\n"),
        format!("k: '{quoted}'\n"),
        format!("k: |{indent}-\n{block}"),
        format!("k: |{indent}+\n{block}"),
        format!("k: >{indent}\n{block}x: y\n"),
        format!("k: x{}\n", value.replace('\n', "\n  ")),
    ];
    texts
        .into_iter()
        .map(|text| {
            if crlf {
                text.replace('\n', "\r\n")
            } else {
                text
            }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_of_a_value_maps_into_its_scalar_and_letters_map_to_themselves(
        value in content(), indent in 1usize..5, crlf in any::<bool>(),
    ) {
        for text in written(&value, indent, crlf) {
            let tree = parse(&text);
            invariants::check(&tree);
            for node in tree.nodes() {
                let Kind::Scalar(scalar) = node.kind() else { continue };
                if scalar.span().is_empty() { continue; }
                for (at, c) in scalar.value().char_indices() {
                    if c.is_alphanumeric() {
                        let span = scalar.source_span(at..at + c.len_utf8());
                        let written = tree.slice(span);
                        let escape = written.starts_with('\\') && scalar.style() == ScalarStyle::DoubleQuoted;
                        prop_assert!(
                            written == c.to_string() || escape,
                            "{c:?} of {:?} is written {written:?} in {text:?}", scalar.value(),
                        );
                        prop_assert_eq!(scalar.cooked_offset(span.start()), Some(at), "{}", text);
                    }
                }
            }
        }
    }
}
