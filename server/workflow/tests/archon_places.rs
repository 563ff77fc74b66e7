//! Where Archon's rules put what they find: the key or value that is wrong, and never more.

use std::path::Path;

use fermata_workflow::{Dialect, Loaded, MemoryWorld, Verdict, load_as, verdict};

const PATH: &str = "/repo/.archon/workflows/main.yaml";

fn load(files: &[(&str, &str)]) -> Loaded {
    let mut world = MemoryWorld::new();
    world
        .set_home("/home/none")
        .add_program("bun", "/bin/bun")
        .add_program("uv", "/bin/uv");
    for (path, text) in files {
        world.add_file(Path::new("/repo/.archon").join(path), *text);
    }
    load_as(&world, PATH.as_ref(), Dialect::Archon)
}

/// Rule and covered text of every finding of an upstream rule.
fn found(nodes: &str) -> Vec<(&'static str, String)> {
    let text = format!("name: main\ndescription: d\nnodes:\n{nodes}");
    let loaded = load(&[("workflows/main.yaml", &text)]);
    let covered = |d: &fermata_workflow::Diagnostic| {
        text[std::ops::Range::<usize>::from(d.loc.span)].to_owned()
    };
    loaded
        .diagnostics
        .iter()
        .filter_map(|d| Some((d.upstream?, covered(d))))
        .collect()
}

fn one(nodes: &str, rule: &'static str, covered: &str) {
    assert_eq!(found(nodes), [(rule, covered.to_owned())], "{nodes}");
}

#[test]
fn a_sound_workflow_has_no_findings() {
    assert_eq!(
        found("  - {id: a, bash: echo}\n  - {id: b, depends_on: [a], prompt: Use $a.output}\n"),
        []
    );
}

#[test]
fn a_wrong_value_is_covered_and_nothing_else() {
    one("  - {id: a, prompt: x, always_run: on}\n", "R46", "on");
    one(
        "  - {id: a, prompt: x, retry: {max_attempts: 9}}\n",
        "R45",
        "9",
    );
    one("  - {id: 7, prompt: x}\n", "R18", "7");
    one("  - {id: a, script: x, runtime: node}\n", "R38", "node");
}

#[test]
fn a_dependency_that_does_not_exist_is_covered_in_its_list() {
    one(
        "  - {id: a, bash: echo}\n  - {id: b, depends_on: [a, c], bash: echo}\n",
        "R55",
        "c",
    );
}

#[test]
fn an_unknown_key_is_covered_and_a_missing_one_shows_the_node() {
    one(
        "  - {id: a, bash: echo, depend_on: []}\n",
        "R47",
        "depend_on",
    );
    one("  - {id: a}\n", "R21", "a");
}

#[test]
fn a_later_node_of_the_same_id_is_the_wrong_one() {
    let nodes = "  - {id: a, bash: one}\n  - {id: a, bash: two}\n";
    let text = format!("name: main\ndescription: d\nnodes:\n{nodes}");
    let loaded = load(&[("workflows/main.yaml", &text)]);
    let at = usize::from(loaded.diagnostics[0].loc.span.start());
    assert_eq!(loaded.diagnostics[0].upstream, Some("R53"));
    assert!(text[at..].starts_with("a, bash: two"), "{}", &text[at..]);
}

#[test]
fn nodes_inside_groups_are_found_in_their_place() {
    let nodes = "  - id: g\n    loop_group:\n      until: DONE\n      max_iterations: 2\n      nodes:\n        - {id: x, bash: echo $nope.output}\n";
    one(nodes, "R57", "$nope.output");
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let rules: Vec<_> = found("  - {id: a, bash: 3}\n  - {id: b, prompt: x, effort: ultra}\n")
        .into_iter()
        .map(|f| f.0)
        .collect();
    assert_eq!(rules, ["R46", "R46"]);
}

#[test]
fn an_include_that_fails_is_shown_at_the_include() {
    let main = "name: main\ndescription: d\nnodes:\n  - {id: i, include: blk}\n";
    let loaded = load(&[("workflows/main.yaml", main)]);
    assert_eq!(verdict(&loaded.diagnostics), Verdict::Rejected);
    let d = &loaded.diagnostics[0];
    assert_eq!(
        (
            d.upstream,
            &main[std::ops::Range::<usize>::from(d.loc.span)]
        ),
        (Some("R68"), "blk")
    );
}

#[test]
fn an_included_node_runs_under_the_includes_conditions() {
    let main = "name: main\ndescription: d\nmodel: small\nnodes:\n  - {id: s, bash: echo}\n  - {id: i, include: blk, depends_on: [s], when: \"$s.output == 'x'\", with: {q: 3}}\n  - {id: e, depends_on: [i], bash: echo $i.output}\n";
    let blk = "name: blk\ndescription: d\nnodes:\n  - {id: a, bash: \"echo $INPUTS.q\"}\n  - {id: b, depends_on: [a], command: c}\n";
    let loaded = load(&[
        ("workflows/main.yaml", main),
        ("workflows/blk.yaml", blk),
        ("commands/c.md", "Read $a.output"),
    ]);
    assert_eq!(loaded.diagnostics, []);
    let nodes = loaded
        .workflow
        .expect("a model")
        .archon
        .expect("settings")
        .nodes;
    let ids: Vec<_> = nodes
        .iter()
        .map(|n| n["id"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(ids, ["s", "i__a", "i__b", "e"]);
    assert_eq!(nodes[1]["when"], "$s.output == 'x'");
    assert_eq!(nodes[1]["script"], "echo 3");
    assert_eq!(nodes[1]["composed"][0]["id"], "i");
    assert_eq!(nodes[2]["source"]["prompt"], "Read $i__a.output");
    assert_eq!(nodes[2]["model"], serde_json::Value::Null);
    assert_eq!(
        (&nodes[3]["script"], &nodes[3]["depends_on"][0]),
        (&"echo $i__b.output".into(), &"i__b".into())
    );
}

#[test]
fn what_the_dialect_drops_in_silence_is_said() {
    one("  - {id: a, bash: echo, model: small}\n", "R50", "model");
}

#[test]
fn whatever_somebody_types_places_lie_inside_the_file() {
    let whole = "name: n\ndescription: \"é\"\ninputs: {a-b: {}, a_b: {}}\nnodes:\n  - &x {id: a, bash: \"echo \\\"$b.output\\\"\"}\n  - {<<: *x, id: b, depends_on: [a], when: \"$a.output == 'x' || y\"}\n  - id: g\n    loop_group: {until: D, max_iterations: 2, nodes: [{id: c, command: k, with: {v: {from: $a.output}}}]}\n  - {id: i, include: n, with: {q: [1]}}\n";
    for cut in (0..whole.len()).filter(|i| whole.is_char_boundary(*i)) {
        for text in [&whole[..cut], &whole[cut..]] {
            let loaded = load(&[("workflows/main.yaml", text)]);
            for d in &loaded.diagnostics {
                let file = loaded.sources.get(d.loc.file).expect("a file of the load");
                assert!(
                    file.tree
                        .text()
                        .get(std::ops::Range::<usize>::from(d.loc.span))
                        .is_some(),
                    "{d:?}"
                );
            }
        }
    }
}
