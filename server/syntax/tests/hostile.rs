//! Texts made to hang, overflow or fill the memory. None may.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod invariants;

use fermata_syntax::{
    MAX_DEPTH, MAX_EXPANDED_NODES, MAX_PROBLEMS, Node, ProblemKind, Tree, parse, parse_bytes,
};

fn kinds(tree: &Tree) -> Vec<ProblemKind> {
    tree.problems().iter().map(|problem| problem.kind).collect()
}

fn primary(tree: &Tree) -> Option<ProblemKind> {
    tree.problems()
        .first()
        .filter(|p| p.primary)
        .map(|p| p.kind)
}

/// Counts what a walk sees that follows every alias.
fn walk(node: Node<'_>, depth: usize) -> usize {
    assert!(depth <= MAX_DEPTH + 1, "a walk went {depth} deep");
    let node = node.resolved();
    let mut seen = 1;
    if let Some(sequence) = node.as_sequence() {
        seen += sequence
            .items()
            .map(|item| walk(item, depth + 1))
            .sum::<usize>();
    }
    if let Some(mapping) = node.as_mapping() {
        seen += mapping
            .entries()
            .map(|entry| walk(entry.key, depth + 1) + walk(entry.value, depth + 1))
            .sum::<usize>();
    }
    seen
}

#[test]
fn fifty_megabytes_are_refused_with_their_size() {
    for piece in ["a: b\n", "[", "\n", "é"] {
        let text = piece.repeat(50_000_000 / piece.len());
        let tree = parse(&text);
        assert_eq!(primary(&tree), Some(ProblemKind::TooLarge));
        assert!(tree.problems()[0].message.contains(&text.len().to_string()));
        assert!(tree.root().is_none());
        assert_eq!(tree.text().len(), text.len());
    }
}

#[test]
fn a_hundred_thousand_open_brackets_are_too_deep_or_unclosed() {
    for piece in ["[", "{", "{a: ", "[{", "- ", "? "] {
        let tree = parse(&piece.repeat(100_000));
        assert!(
            matches!(
                primary(&tree),
                Some(ProblemKind::TooDeep | ProblemKind::Syntax)
            ),
            "{piece:?}: {:?}",
            kinds(&tree)
        );
        if let Some(root) = tree.root() {
            walk(root, 1);
        }
    }
    let closed = format!("a: {}{}\nb: c\n", "[".repeat(100_000), "]".repeat(100_000));
    let tree = parse(&closed);
    assert_eq!(primary(&tree), Some(ProblemKind::TooDeep));
}

#[test]
fn nesting_up_to_the_limit_is_read_and_beyond_it_is_not() {
    let nested = |depth: usize| format!("{}x{}", "[".repeat(depth), "]".repeat(depth));
    let tree = parse(&nested(MAX_DEPTH));
    assert_eq!(tree.problems(), []);
    invariants::check(&tree);
    let tree = parse(&nested(MAX_DEPTH + 1));
    assert_eq!(primary(&tree), Some(ProblemKind::TooDeep));
    invariants::check(&tree);
    let block = |depth: usize| -> String {
        (0..depth)
            .map(|n| format!("{}k:\n", " ".repeat(n)))
            .collect()
    };
    assert_eq!(parse(&block(MAX_DEPTH)).problems(), []);
    assert_eq!(
        primary(&parse(&block(MAX_DEPTH + 1))),
        Some(ProblemKind::TooDeep)
    );
}

#[test]
fn what_is_too_deep_costs_only_its_own_block() {
    let text = format!("a: 1\nb: {}{}\nc: 3\n", "[".repeat(500), "]".repeat(500));
    let tree = parse(&text);
    invariants::check(&tree);
    let root = tree.root().unwrap().as_mapping().unwrap();
    assert!(root.get("a").is_some());
    assert!(root.get("c").is_some());
}

#[test]
fn an_alias_bomb_does_not_go_off() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for n in 1..30 {
        let items = vec![format!("*a{}", n - 1); 9].join(", ");
        text.push_str(&format!("a{n}: &a{n} [{items}]\n"));
    }
    let tree = parse(&text);
    invariants::check(&tree);
    assert!(kinds(&tree).contains(&ProblemKind::AliasBomb));
    assert!(walk(tree.root().unwrap(), 1) <= MAX_EXPANDED_NODES + 2_000);
}

#[test]
fn an_alias_to_what_it_is_part_of_does_not_resolve() {
    for text in [
        "a: &x [*x]\n",
        "a: &x {b: {c: *x}}\n",
        "&x [*x, *x]\n",
        "&x\n? *x\n: 1\n",
    ] {
        let tree = parse(text);
        invariants::check(&tree);
        assert!(
            kinds(&tree).contains(&ProblemKind::AliasBomb),
            "{text:?}: {:?}",
            kinds(&tree)
        );
        walk(tree.root().unwrap(), 1);
    }
}

#[test]
fn a_chain_of_aliases_is_no_deeper_than_brackets_may_be() {
    let mut text = String::from("a0: &a0 [x]\n");
    for n in 1..1000 {
        text.push_str(&format!("a{n}: &a{n} [*a{}]\n", n - 1));
    }
    let tree = parse(&text);
    assert!(kinds(&tree).contains(&ProblemKind::TooDeep));
    walk(tree.root().unwrap(), 1);
}

#[test]
fn long_texts_of_many_shapes_are_read_or_refused() {
    const SIZE: usize = 256 * 1024;
    for piece in [
        "a",
        "- a\n",
        "k: v\n",
        "# c\n",
        "\n",
        "\r",
        " ",
        "\t",
        "a: \"b\n",
        "&a ",
        "*a ",
        "!t ",
        "[a, ",
        "a\n",
        "'",
        "\"",
        "\\",
        "a: [\n",
        "- - \n",
        "? a\n",
        ": \n",
        "|\n",
        "\u{1f600}",
        "a: @\n",
        "---\n",
        "%X\n",
        "]\n",
        "a: |\n  b\n",
        "\"a\": b: c\n",
    ] {
        let tree = parse(&piece.repeat(SIZE / piece.len()));
        assert!(tree.root().is_some() || tree.document_count() == 0 || !tree.problems().is_empty());
    }
}

#[test]
fn more_nodes_than_the_limit_are_too_large() {
    let text = format!("[{}]", "a,".repeat(1_100_000));
    let tree = parse(&text);
    assert_eq!(primary(&tree), Some(ProblemKind::TooLarge));
}

#[test]
fn a_hundred_thousand_problems_are_a_thousand() {
    let tree = parse(&"a: *x\n".repeat(100_000));
    assert_eq!(primary(&tree), Some(ProblemKind::UnknownAlias));
    assert!(tree.problems().len() <= MAX_PROBLEMS + 1);
}

#[test]
fn odd_endings_give_trees() {
    for text in [
        "a: \"b",
        "a: 'b",
        "a: \"b\\",
        "a: |",
        "a: >\n",
        "a:\r b\rc: d\r",
        "\r",
        "a: b\r",
        "\u{0}",
        "a: \u{0}\n",
        "\u{feff}\u{feff}a",
    ] {
        invariants::check(&parse(text));
    }
    let tree = parse("a: 1\rb: 2\r");
    assert_eq!(tree.problems(), []);
    assert_eq!(tree.root().unwrap().as_mapping().unwrap().len(), 2);
}

#[test]
fn binary_gives_a_tree() {
    let bytes: Vec<u8> = (0..=255u8).cycle().take(20_000).collect();
    let tree = parse_bytes(&bytes);
    invariants::check(&tree);
    assert_eq!(primary(&tree), Some(ProblemKind::InvalidUtf8));
    assert_eq!(tree.text().len(), bytes.len());
}
