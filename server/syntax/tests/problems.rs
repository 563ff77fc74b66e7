//! What is said about wrong texts, and where. In each fixture the place is
//! between « and ».

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod invariants;

use fermata_syntax::{Problem, ProblemKind, Tree, parse};

/// Parses a fixture; returns the problem that is at its marks.
fn marked(fixture: &str) -> (Tree, Problem) {
    let start = fixture.find('«').expect("a fixture has «");
    let end = fixture.find('»').expect("a fixture has »") - '«'.len_utf8();
    let tree = parse(&fixture.replace(['«', '»'], ""));
    invariants::check(&tree);
    let found = tree.problems().iter().find(|problem| {
        usize::from(problem.span.start()) == start && usize::from(problem.span.end()) == end
    });
    let Some(found) = found.cloned() else {
        panic!(
            "nothing at the marks of {fixture:?}, but {:?}",
            tree.problems()
        );
    };
    (tree, found)
}

/// The primary problem must be of this kind, at the marks, and say this.
fn primary(fixture: &str, kind: ProblemKind, says: &str) {
    let (tree, problem) = marked(fixture);
    assert_eq!(problem.kind, kind, "{problem:?}");
    assert!(problem.primary, "{:?}", tree.problems());
    assert!(problem.message.contains(says), "{}", problem.message);
}

fn syntax(fixture: &str, says: &str) {
    primary(fixture, ProblemKind::Syntax, says);
}

#[test]
fn an_unclosed_quote_is_marked_where_it_opens() {
    syntax("a: «\"foo»\nb: c\n", "closing `\"`");
    syntax("a: «'foo»\nb: 'c'\nd: e\n", "closing `'`");
    syntax("a: b\nc: «\"foo»", "closing `\"`");
    syntax("- id: «\"x»\n  run: y\n- id: z\n", "closing");
}

#[test]
fn text_behind_a_closing_quote_is_marked_itself() {
    syntax("a: 'it'«s'»\nb: c\n", "`''`");
    syntax("a: \"x\" «y» # c\n", "`\\\"`");
}

#[test]
fn a_wrong_escape_is_marked_itself() {
    syntax("a: \"ok \\n but «\\d» not\"\n", "found `\\d`");
    syntax("a: \"«\\x»4\"\n", "escape");
}

#[test]
fn an_unclosed_bracket_is_marked_where_it_opens() {
    syntax("a: «[»x, y\nb: c\n", "closing `]`");
    syntax("a: «{»x: y\nb: c\nd: [e]\n", "closing `}`");
    syntax("a: «[»x, y", "closing `]`");
    syntax("a: «[»x}\nb: c\n", "expected `]`");
}

#[test]
fn a_bracket_too_many_is_marked_itself() {
    syntax("a: [x]«]»\nb: c\n", "opening bracket");
}

#[test]
fn a_line_without_its_colon_is_marked_whole() {
    syntax("a: 1\n«b» \nc: 2\n", "without a colon");
    syntax("- «name a»\n  b: c\n", "without a colon");
    syntax("«name»\nb: c\n", "without a colon");
    syntax("a: 1\n«b:2»\nc: 3\n", "space after the colon");
}

#[test]
fn a_second_colon_on_a_line_is_marked() {
    syntax("a: b«:» c\n", "another `:`");
}

#[test]
fn a_line_at_the_wrong_depth_is_marked() {
    syntax("a: x\n «b»: y\n", "column 1");
    syntax("a:\n  - x\n «b: 1»\n", "column");
    syntax("a:\n    b: 1\n  «c: 2» # d\n", "column 5");
}

#[test]
fn reserved_characters_ask_for_quotes() {
    syntax("a: «@»x\n", "quotes");
    syntax("a: «%»x\n", "quotes");
    syntax("a: «`»x`\n", "quotes");
}

#[test]
fn a_list_behind_a_key_is_marked_at_its_dash() {
    syntax("a: «-» b\n", "new line");
}

#[test]
fn a_tab_is_marked_itself() {
    for fixture in [
        "a:\n«\t»- b\n",
        "a: b\n«\t»c: d\n",
        "«\t»a: b\n",
        "a:\n  - b: 1\n «\t»  c: 2\n",
    ] {
        primary(fixture, ProblemKind::Tab, "spaces");
    }
}

#[test]
fn a_tab_between_colon_and_value_is_not_for_every_reader() {
    let (tree, problem) = marked("a:«\t»b\n");
    assert_eq!(problem.kind, ProblemKind::Tab);
    assert!(!problem.primary);
    assert_eq!(tree.problems().len(), 1);
    assert_eq!(
        parse("a: {b:\tc}\nd: \"x\ty\"\ne: |\n  \tz\n").problems(),
        []
    );
}

#[test]
fn a_key_that_stands_twice_is_marked_at_the_second_place() {
    let (tree, problem) = marked("a: 1\nb:\n  c: 2\n  «'c'»: 3\n");
    assert_eq!(problem.kind, ProblemKind::DuplicateKey);
    assert!(!problem.primary);
    assert_eq!(tree.slice(problem.related.unwrap()), "c");
    assert!(problem.message.contains("`c`"));
    marked("{x: 1, «x»: 2}");
    marked("k: &a 1\n&b z: 1\n«*b» : 2\n");
}

#[test]
fn keys_that_may_differ_are_not_the_same_key() {
    for text in [
        "1: a\n'1': b\n",
        "true: a\n\"true\": b\n",
        "!t a: 1\na: 2\n",
        "[a]: 1\n[a]: 2\n",
    ] {
        assert_eq!(parse(text).problems(), [], "{text:?}");
    }
}

#[test]
fn a_second_document_is_marked_at_its_line() {
    for fixture in ["a: 1\n«---»\nb: 2\n---\nc: 3\n", "a: 1\n...\n«b: 2»\n"] {
        let (tree, problem) = marked(fixture);
        assert_eq!(problem.kind, ProblemKind::MultipleDocuments);
        assert!(!problem.primary);
        assert_eq!(tree.slice(problem.related.unwrap()), "a: 1");
        assert!(tree.document_count() >= 2);
        assert_eq!(tree.root().unwrap().as_mapping().unwrap().len(), 1);
    }
}

#[test]
fn an_alias_to_nothing_is_marked() {
    primary("a: «*nope»\nb: 1\n", ProblemKind::UnknownAlias, "`&nope`");
    let (tree, _) = marked("a: «*later»\nb: &later 1\n");
    let value = tree
        .root()
        .unwrap()
        .as_mapping()
        .unwrap()
        .get("a")
        .unwrap()
        .value;
    assert_eq!(value.resolved(), value);
    assert!(value.as_scalar().is_none());
}

#[test]
fn a_syntax_error_comes_before_all_other_problems() {
    let (tree, problem) = marked("a: 1\na: 2\nb: *x\nc: «\"d»\ne: f\n");
    assert_eq!(tree.problems()[0], problem);
    let kinds: Vec<_> = tree.problems().iter().map(|p| p.kind).collect();
    assert_eq!(
        kinds,
        [
            ProblemKind::Syntax,
            ProblemKind::DuplicateKey,
            ProblemKind::UnknownAlias
        ]
    );
}

#[test]
fn bytes_that_are_not_utf8_are_marked_and_keep_offsets_true() {
    let tree = fermata_syntax::parse_bytes(b"a: x\xff\xfey\nb: z\n");
    invariants::check(&tree);
    let problem = &tree.problems()[0];
    assert_eq!(
        (problem.kind, problem.primary),
        (ProblemKind::InvalidUtf8, true)
    );
    assert_eq!(usize::from(problem.span.start()), 4);
    assert_eq!(usize::from(problem.span.end()), 5);
    assert_eq!(tree.text(), "a: x__y\nb: z\n");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_key() {
    let tree = parse("\u{feff}a: 1\n");
    invariants::check(&tree);
    assert_eq!(tree.problems(), []);
    assert!(
        tree.root()
            .unwrap()
            .as_mapping()
            .unwrap()
            .get("a")
            .is_some()
    );
}
