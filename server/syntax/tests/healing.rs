//! What is left of a text with an error in it. The broken fixtures are small;
//! for real files see `healing_corpus`.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod breaking;
mod invariants;

use std::collections::BTreeSet;

use breaking::{Dice, break_once};
use fermata_syntax::{Kind, Node, Tree, parse};
use proptest::prelude::*;

fn names(tree: &Tree) -> BTreeSet<&str> {
    tree.nodes()
        .filter_map(|node| match node.kind() {
            Kind::Mapping(mapping) => mapping.get("name")?.value.as_scalar(),
            Kind::Scalar(_) | Kind::Sequence(_) | Kind::Alias(_) => None,
        })
        .map(|scalar| scalar.value())
        .filter(|name| !name.is_empty())
        .collect()
}

fn healed(text: &str) -> Tree {
    let tree = parse(text);
    invariants::check(&tree);
    assert!(tree.problems()[0].primary, "{text:?} was to be broken");
    tree
}

fn top<'t>(tree: &'t Tree, key: &str) -> Option<Node<'t>> {
    Some(tree.root()?.as_mapping()?.get(key)?.value)
}

fn broken(tree: &Tree) -> Vec<&str> {
    tree.broken_regions()
        .iter()
        .map(|&region| tree.slice(region))
        .collect()
}

#[test]
fn an_unclosed_quote_costs_its_value_only() {
    let tree = healed("a: \"foo: {{ bar\nb: c\nd: \"e\"\n");
    assert_eq!(broken(&tree), ["\"foo: {{ bar"]);
    assert_eq!(top(&tree, "a").unwrap().as_scalar().unwrap().value(), "");
    assert_eq!(top(&tree, "d").unwrap().as_scalar().unwrap().value(), "e");
}

#[test]
fn a_word_with_one_quote_keeps_its_meaning() {
    let tree = healed("steps:\n  - name: \"one\n    run: x\n  - name: two\n");
    assert_eq!(broken(&tree), ["\""]);
    assert_eq!(names(&tree), ["one", "two"].into());
}

#[test]
fn an_unclosed_bracket_is_cut_at_the_next_key() {
    let tree = healed("steps:\n  - name: one\n    with: [a, b\n    run: x\n  - name: two\n");
    assert_eq!(broken(&tree), ["[a, b"]);
    assert_eq!(names(&tree), ["one", "two"].into());
    let tree = healed("steps:\n  - name: one\n    with: [\n      a,\n      b\n  - name: two\n");
    assert_eq!(names(&tree), ["one", "two"].into());
}

#[test]
fn a_line_without_a_colon_costs_that_line_only() {
    let tree = healed("a: 1\nb\nc: 3\n");
    assert_eq!(broken(&tree), ["b"]);
    assert!(top(&tree, "a").is_some() && top(&tree, "c").is_some());
}

#[test]
fn a_list_item_that_is_being_typed_costs_nothing_else() {
    let tree = healed("steps:\n  - name: one\n    run: x\n    wi\n  - name: two\n    run: y\n");
    assert_eq!(names(&tree), ["one", "two"].into());
    assert_eq!(broken(&tree), ["wi"]);
}

#[test]
fn two_errors_are_healed_both_and_the_first_is_told() {
    let tree = healed("a: \"x y: z\nb: 1\nc: [1, 2\nd: 4\n");
    assert!(top(&tree, "b").is_some() && top(&tree, "d").is_some());
    let first = tree.problems().iter().filter(|p| p.primary).count();
    assert_eq!(first, 1);
    assert_eq!(usize::from(tree.problems()[0].span.start()), 3);
}

#[test]
fn text_inside_a_block_scalar_is_never_touched() {
    let text = "a: |\n  it's \"fine\n  [ {\n  b: c: d\ne: \"open\nf: g\n";
    let tree = healed(text);
    let block = top(&tree, "a").unwrap().as_scalar().unwrap();
    assert_eq!(block.value(), "it's \"fine\n[ {\nb: c: d\n");
    assert!(top(&tree, "f").is_some());
}

#[test]
fn text_below_a_broken_value_does_not_become_the_value() {
    let tree = healed("- name: \"a\"\n\n    some text\n    over lines\n  run: x\n- name: b\n");
    assert!(
        names(&tree).is_subset(&["a", "b"].into()),
        "{:?}",
        names(&tree)
    );
    assert!(names(&tree).contains("b"));
}

#[test]
fn more_errors_than_rounds_leave_what_is_before_and_say_what_is_not_read() {
    let lines: String = (0..40).map(|n| format!("k{n}: @{n}\n")).collect();
    let tree = healed(&lines);
    assert!(top(&tree, "k0").is_some());
    let last = tree.broken_regions().last().unwrap();
    assert_eq!(usize::from(last.end()), lines.trim_end().len());
}

#[test]
fn an_error_and_nothing_else_gives_a_tree() {
    for text in [
        "[", "{", "\"", "'", "]", "}", "@", "%", "&", "*", "!", "|x", "- - - ]", "? [", ": :",
    ] {
        invariants::check(&parse(text));
    }
}

/// The text as it was read: broken regions as blanks.
fn blanked(tree: &Tree) -> String {
    let mut text = tree.text().to_owned();
    for &region in tree.broken_regions() {
        let range = std::ops::Range::<usize>::from(region);
        let blanks: String = tree
            .slice(region)
            .bytes()
            .map(|byte| {
                if matches!(byte, b'\n' | b'\r') {
                    char::from(byte)
                } else {
                    ' '
                }
            })
            .collect();
        text.replace_range(range, &blanks);
    }
    text
}

#[derive(Clone, Debug)]
struct Step {
    name: String,
    fields: Vec<usize>,
}

fn workflow() -> impl Strategy<Value = String> {
    let step = (
        "[a-z][a-z0-9_-]{0,8}",
        prop::collection::vec(0usize..9, 0..5),
    )
        .prop_map(|(name, fields)| Step { name, fields });
    (prop::collection::vec(step, 1..6), 0usize..3, any::<bool>()).prop_map(
        |(steps, quote, crlf)| {
            let mut text =
                String::from("workflow:\n  title: demo # why\n  limits: {max: 3}\nsteps:\n");
            for (number, step) in steps.iter().enumerate() {
                let name = match (number + quote) % 3 {
                    0 => format!("\"{}\"", step.name),
                    1 => format!("'{}'", step.name),
                    _ => step.name.clone(),
                };
                text.push_str(&format!("  - name: {name}\n"));
                let mut fields = step.fields.clone();
                fields.sort_unstable();
                fields.dedup();
                for field in fields {
                    text.push_str(
                        [
                            "    run: echo hi\n",
                            "    prompt: |\n      Say \"it's\n      key: [value\n\n      done\n",
                            "    when: \"{{ a.b == 'c' }}\"\n",
                            "    needs: [one, two]\n",
                            "    with: {k: v, l: [1, 2]}\n",
                            "    routes:\n      - to: one\n        when: x > 1\n      - to: two\n",
                            "    # a comment\n    retries: 3\n",
                            "    note: >-\n      folded text\n      over lines\n",
                            "    output:\n      type: object\n      fields:\n        a: string\n",
                        ][field],
                    );
                }
            }
            text.push_str("output: \"{{ x }}\"\n");
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn healing_invents_no_name_and_keeps_length_and_blocks(text in workflow(), seed in any::<u64>()) {
        let original = parse(&text);
        prop_assert_eq!(original.problems().iter().filter(|p| p.primary).count(), 0);
        let mut dice = Dice::new(seed);
        let Some(one) = break_once(&text, &mut dice) else { return Ok(()) };
        let tree = parse(&one.text);
        invariants::check(&tree);
        prop_assert_eq!(tree.text(), &one.text);
        if tree.broken_regions().is_empty() {
            return Ok(());
        }
        for node in tree.nodes() {
            let Some(scalar) = node.as_scalar().filter(|s| s.style().is_block()) else { continue };
            let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
            let read = blanked(&tree);
            let content = &read[std::ops::Range::from(scalar.content_span())];
            let block = content.lines().find(|line| !line.trim().is_empty()).map_or(0, depth);
            for &region in tree.broken_regions() {
                let both = scalar.content_span().intersect(region);
                if both.is_none_or(|both| both.is_empty()) {
                    continue;
                }
                // Only a line that is not deep enough to be the block's text.
                let line = tree.line_index().line_of(region.start());
                let line = tree.slice(tree.line_index().line_span(line).unwrap());
                prop_assert!(depth(line) < block, "{line:?} of a block is blanked in {:?}", one.text);
            }
        }
        let before = names(&original);
        let line = one.text.lines().nth(one.line as usize).unwrap_or("");
        for name in names(&tree) {
            // What the broken line itself says is the typist's, not ours.
            let written = line.contains(name) && line.contains("name");
            prop_assert!(before.contains(name) || written, "{name:?} after {} in {:?}", one.way, one.text);
        }
    }
}
