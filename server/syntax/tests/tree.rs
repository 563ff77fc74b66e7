//! Valid texts: what the tree says about them.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod invariants;

use fermata_syntax::{Kind, Node, NodeId, Offset, ScalarStyle, Tree, parse};

fn tree(text: &str) -> Tree {
    let tree = parse(text);
    invariants::check(&tree);
    tree
}

/// A tree that must be free of problems.
fn valid(text: &str) -> Tree {
    let tree = tree(text);
    assert_eq!(tree.problems(), [], "{text:?}");
    assert_eq!(tree.broken_regions(), [], "{text:?}");
    tree
}

/// Follows keys and item numbers, separated by dots.
fn at<'t>(tree: &'t Tree, path: &str) -> Node<'t> {
    let mut node = tree.root().unwrap();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        node = match node.resolved().kind() {
            Kind::Mapping(mapping) => mapping.get(part).unwrap().value,
            Kind::Sequence(sequence) => sequence.get(part.parse().unwrap()).unwrap(),
            Kind::Scalar(_) | Kind::Alias(_) => panic!("nothing below {node:?}"),
        };
    }
    node
}

fn value<'t>(tree: &'t Tree, path: &str) -> &'t str {
    at(tree, path).as_scalar().unwrap().value()
}

fn own<'t>(tree: &'t Tree, path: &str) -> &'t str {
    tree.slice(at(tree, path).span())
}

#[test]
fn an_empty_text_and_one_of_comments_have_no_root_and_no_problem() {
    for text in [
        "",
        "\n",
        "   \n\n",
        "# only\n# comments\n",
        "\u{feff}",
        "\u{feff}# x",
    ] {
        let tree = valid(text);
        assert!(tree.root().is_none(), "{text:?}");
        assert_eq!(tree.document_count(), 0, "{text:?}");
    }
}

#[test]
fn spans_are_the_nodes_own_text() {
    let tree = valid(
        "name: demo  # why\nsteps:\n  - id: a\n    tags: [x, 'y z', \"q\"]\n\n  - id: b\n\nend: {k: v}\n",
    );
    assert_eq!(own(&tree, "name"), "demo");
    assert_eq!(own(&tree, "steps.0"), "id: a\n    tags: [x, 'y z', \"q\"]");
    assert_eq!(own(&tree, "steps.0.tags"), "[x, 'y z', \"q\"]");
    assert_eq!(own(&tree, "steps.0.tags.1"), "'y z'");
    assert_eq!(own(&tree, "steps.1"), "id: b");
    assert!(own(&tree, "steps").starts_with("- id: a"));
    assert!(own(&tree, "steps").ends_with("- id: b"));
    assert_eq!(own(&tree, "end"), "{k: v}");
    assert!(own(&tree, "").starts_with("name: demo"));
    assert!(own(&tree, "").ends_with("{k: v}"));
}

#[test]
fn an_empty_value_is_an_empty_span_behind_its_colon() {
    let text = "a:\nb : # later\n\"c\":\nd:\n  - \n  -\n  - x\ne: {f, g: , 'h': }\ni:";
    let tree = valid(text);
    for (path, before) in [
        ("a", "a:"),
        ("b", "b :"),
        ("c", "\"c\":"),
        ("d.0", "  -"),
        ("d.1", " \n  -"),
        ("e.f", "{f"),
        ("e.g", "g:"),
        ("e.h", "'h':"),
        ("i", "i:"),
    ] {
        let node = at(&tree, path);
        assert!(node.span().is_empty(), "{path}");
        assert!(
            text[..usize::from(node.span().start())].ends_with(before),
            "{path}: {node:?}"
        );
        let scalar = node.as_scalar().unwrap();
        assert_eq!(
            (scalar.value(), scalar.style()),
            ("", ScalarStyle::Plain),
            "{path}"
        );
    }
}

#[test]
fn tags_are_resolved_and_keep_their_place() {
    let text = "a: !file x.md\nb: !!str 5\nc: !m\n  k: v\nd: !n\n- 1\ne: !!null\nf: ! y\n";
    let tree = valid(text);
    for (path, tag, written) in [
        ("a", "!file", "!file"),
        ("b", "tag:yaml.org,2002:str", "!!str"),
        ("c", "!m", "!m"),
        ("d", "!n", "!n"),
        ("e", "tag:yaml.org,2002:null", "!!null"),
        ("f", "!", "!"),
    ] {
        let node = at(&tree, path);
        assert_eq!(node.tag(), Some(tag), "{path}");
        assert_eq!(tree.slice(node.tag_span().unwrap()), written, "{path}");
    }
    assert_eq!(own(&tree, "a"), "x.md");
    assert_eq!(tree.slice(at(&tree, "a").full_span()), "!file x.md");
    assert_eq!(own(&tree, "c"), "k: v");
    assert!(at(&tree, "e").span().is_empty());
    assert_eq!(
        at(&tree, "e").span().start(),
        at(&tree, "e").tag_span().unwrap().end()
    );
}

#[test]
fn a_tag_directive_resolves_its_handle() {
    let tree = valid("%TAG !e! tag:example.com,2000:\n---\na: !e!thing x\n");
    assert_eq!(at(&tree, "a").tag(), Some("tag:example.com,2000:thing"));
}

#[test]
fn aliases_resolve_and_keep_their_own_place() {
    let tree = valid("base: &b {k: v}\nuse: *b\nname: &n text\nagain: [*n]\nempty: &e\nx: *e\n");
    assert_eq!(own(&tree, "use"), "*b");
    assert_eq!(value(&tree, "use.k"), "v");
    assert_eq!(value(&tree, "again.0"), "text");
    assert_eq!(value(&tree, "x"), "");
    let Kind::Alias(alias) = at(&tree, "use").kind() else {
        panic!("expected an alias");
    };
    assert_eq!(alias.name(), "b");
    assert_eq!(alias.target(), Some(at(&tree, "base")));
    assert_eq!(at(&tree, "base").anchor(), Some("b"));
    assert_eq!(tree.slice(at(&tree, "base").anchor_span().unwrap()), "&b");
}

#[test]
fn a_version_directive_is_told_and_only_then() {
    assert_eq!(
        valid("%YAML 1.1\n---\na: yes\n").yaml_version(),
        Some((1, 1))
    );
    assert_eq!(valid("a: yes\n").yaml_version(), None);
}

#[test]
fn comments_come_in_order_with_their_text() {
    let text = "# one\na: 'x # no' # two\nb:   #three \n  # four\n  - | # five\n    # no\n\n#six";
    let tree = valid(text);
    let texts: Vec<_> = tree.comments().iter().map(|c| c.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three", "four", "five", "six"]);
    assert_eq!(tree.slice(tree.comments()[1].span), "# two");
}

#[test]
fn two_hundred_comment_lines_are_not_too_many() {
    let text = format!("a:\n{}  b: c\n", "  # line\n".repeat(200));
    assert_eq!(valid(&text).comments().len(), 200);
}

#[test]
fn block_scalars_span_from_header_to_last_line() {
    let text = "a: |\n  one\n    two\n\nb: >-  # note\n  x\n  y\n\n\nc: |+\n  z\n\nd: !t &q |2\n    deep\ne: |\nf: |-\n\n\ng: 1\n";
    let tree = valid(text);
    assert_eq!(own(&tree, "a"), "|\n  one\n    two");
    assert_eq!(own(&tree, "b"), ">-  # note\n  x\n  y");
    assert_eq!(own(&tree, "c"), "|+\n  z\n\n");
    assert_eq!(own(&tree, "d"), "|2\n    deep");
    assert_eq!(own(&tree, "e"), "|");
    assert_eq!(own(&tree, "f"), "|-");
    assert_eq!(value(&tree, "a"), "one\n  two\n");
    assert_eq!(value(&tree, "d"), "  deep\n");
    let content = at(&tree, "a").as_scalar().unwrap().content_span();
    assert_eq!(tree.slice(content), "  one\n    two");
    assert_eq!(at(&tree, "d").tag(), Some("!t"));
}

#[test]
fn crlf_keeps_spans_true() {
    let tree = valid("a: 1\r\nb: |\r\n  x\r\n  y\r\nc: \"p\r\n  q\"\r\n");
    assert_eq!(own(&tree, "a"), "1");
    assert_eq!(own(&tree, "b"), "|\r\n  x\r\n  y");
    assert_eq!(value(&tree, "b"), "x\ny\n");
    assert_eq!(value(&tree, "c"), "p q");
    let scalar = at(&tree, "b").as_scalar().unwrap();
    assert_eq!(tree.slice(scalar.source_span(2..3)), "y");
}

#[test]
fn parents_lead_from_every_node_to_the_root() {
    let tree = valid("a:\n  - {b: [c]}\n");
    let deepest = at(&tree, "a.0.b.0");
    let mut chain = vec![deepest.id()];
    let mut node = deepest;
    while let Some(parent) = node.parent() {
        chain.push(parent.id());
        node = parent;
    }
    assert_eq!(chain.len(), 5);
    assert_eq!(chain.last().copied(), tree.root().map(Node::id));
    assert_eq!(tree.node(NodeId::clone(&chain[0])), deepest);
}

#[test]
fn the_path_at_an_offset_goes_from_root_to_leaf() {
    let text = "steps:\n  - id: one\n    with: !t {k: val}\n";
    let tree = valid(text);
    let path = |needle: &str, plus: usize| -> Vec<String> {
        let offset = Offset::try_from(text.find(needle).unwrap() + plus).unwrap();
        let path = tree.path_at(offset);
        path.iter()
            .map(|n| {
                tree.slice(n.full_span())
                    .lines()
                    .next()
                    .unwrap_or("")
                    .to_owned()
            })
            .collect()
    };
    assert_eq!(path("one", 1), ["steps:", "- id: one", "id: one", "one"]);
    assert_eq!(path("one", 3), ["steps:", "- id: one", "id: one", "one"]);
    assert_eq!(path("id", 0), ["steps:", "- id: one", "id: one", "id"]);
    assert_eq!(
        path("!t", 1),
        ["steps:", "- id: one", "id: one", "!t {k: val}"]
    );
    assert_eq!(path("val", 0).last().unwrap(), "val");
    assert_eq!(path("- id", 0), ["steps:", "- id: one"]);
}

#[test]
fn the_last_of_equal_keys_is_found_and_all_are_kept() {
    let tree = tree("a: 1\nb: 2\na: 3\n");
    let root = tree.root().unwrap().as_mapping().unwrap();
    assert_eq!(root.len(), 3);
    assert_eq!(value(&tree, "a"), "3");
    let last = root.entries().next_back().unwrap();
    assert_eq!(last.key_text(), Some("a"));
    assert_eq!(tree.slice(last.span()), "a: 3");
}

#[test]
fn a_tree_can_be_sent_and_is_cheap_to_clone() {
    fn sendable<T: Send + Sync + Clone + 'static>(_: &T) {}
    let tree = valid("a: b\n");
    sendable(&tree);
    let clone = tree.clone();
    assert!(std::ptr::eq(tree.text(), clone.text()));
}
