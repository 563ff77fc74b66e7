//! The dialect's own tool tells one problem of a file: the first. Which that is, and what it does not look at, on small
//! files of our own.

use std::path::Path;

use fermata_workflow::{Dialect, Loaded, MemoryWorld, Verdict, agreed_rules, load_as, verdict};

fn load(text: &str) -> Loaded {
    let path = Path::new("/project/.archon/workflows/subject.yaml");
    let mut world = MemoryWorld::new();
    world.set_home("/home/none");
    world.add_program("bun", "/bin/bun");
    world.add_file("/project/.archon/commands/go.md", "go");
    world.add_file(path, text);
    load_as(&world, path, Dialect::Archon)
}

/// Rules that the dialect's tool would name, for a file with these lines below its name.
#[track_caller]
fn told(lines: &str, wanted: &[&str]) {
    let loaded = load(&format!("name: n\ndescription: d\n{lines}"));
    let mut rules: Vec<&str> = agreed_rules(&loaded).into_iter().collect();
    rules.dedup();
    assert_eq!(rules, wanted, "{lines}");
}

#[track_caller]
fn taken(lines: &str) {
    let loaded = load(&format!("name: n\ndescription: d\n{lines}"));
    let faults: Vec<_> = loaded.diagnostics.iter().filter(|d| d.rejects()).collect();
    assert_eq!(
        verdict(&loaded.diagnostics),
        Verdict::Accepted,
        "{lines} {faults:?}"
    );
}

/// Rules of everything that was found, ours included.
fn found(lines: &str) -> Vec<&'static str> {
    let loaded = load(&format!("name: n\ndescription: d\n{lines}"));
    loaded
        .diagnostics
        .iter()
        .filter_map(|d| d.upstream)
        .collect()
}

#[test]
fn references_and_conditions_are_read_node_by_node() {
    told(
        "nodes:\n- {id: a, prompt: p, when: $ghost.output == 'x'}\n- {id: b, prompt: $ghost.output}\n",
        &["R58"],
    );
    told(
        "nodes:\n- {id: a, prompt: p}\n- {id: b, prompt: p, depends_on: [a], when: $a.output == 'x'}\n- {id: c, prompt: $ghost.output}\n",
        &["R59"],
    );
}

#[test]
fn a_shadowed_id_before_a_repeated_one_is_told_first() {
    told(
        "nodes:\n- {id: a, bash: x}\n- id: g\n  loop_group:\n    until_bash: x\n    max_iterations: 2\n    nodes:\n    - {id: a, bash: x}\n    - {id: b, bash: x}\n    - {id: b, bash: x}\n",
        &["R54"],
    );
}

#[test]
fn of_a_fan_outs_items_the_first_reference_counts() {
    let items = |items: &str| {
        format!(
            "nodes:\n- {{id: a, bash: x}}\n- {{id: b, bash: x}}\n- {{id: w, workflow: n, depends_on: [a], fan_out: {{items: '{items}'}}}}\n"
        )
    };
    taken(&items("$a.output $b.output"));
    told(&items("$b.output $a.output"), &["R61"]);
}

#[test]
fn bindings_in_a_body_may_read_what_stands_around_the_group() {
    taken(
        "nodes:\n- {id: far, bash: x}\n- id: g\n  loop_group:\n    until_bash: x\n    max_iterations: 2\n    nodes:\n    - {id: c, command: go, with: {v: $far.output}}\n",
    );
}

#[test]
fn a_session_cannot_go_on_from_an_include() {
    told(
        "nodes:\n- {id: i, include: other}\n- {id: a, prompt: p, depends_on: [i], context: {resume: i}}\n",
        &["R60"],
    );
}

#[test]
fn providers_are_compared_where_the_file_names_them() {
    let pair = |top: &str, source: &str| {
        format!(
            "{top}nodes:\n- {{id: a, prompt: p{source}}}\n- {{id: b, prompt: p, depends_on: [a], context: {{resume: a}}}}\n"
        )
    };
    taken(&pair("", ", provider: pi"));
    told(&pair("", ", provider: codex"), &["R9"]);
    told(&pair("provider: claude\n", ", provider: pi"), &["R9"]);
    taken(&pair("provider: ''\n", ""));
    told(
        "nodes:\n- {id: a, prompt: p}\n- {id: b, prompt: p, depends_on: [a], provider: codex, context: {resume: a}}\n- {id: c, prompt: p, provider: ghost}\n",
        &["R8"],
    );
}

#[test]
fn a_declaration_that_is_dropped_collides_with_nothing() {
    let inputs = |one: &str, other: &str| {
        format!("inputs:\n  a-b: {one}\n  a_b: {other}\nnodes:\n- {{id: a, bash: x}}\n")
    };
    told(&inputs("{}", "{}"), &["R12"]);
    taken(&inputs("{required: yes}", "{}"));
    taken(&inputs("{required: true, default: 1}", "{}"));
    taken(&inputs("{description: 1}", "{}"));
    assert!(found(&inputs("{description: 1}", "{}")).contains(&"R17"));
}

#[test]
fn selectors_are_read_without_spaces_around() {
    let lines = |returns: &str, field: &str| {
        format!(
            "returns: '{returns}'\noutcome_field: '{field}'\nnodes:\n- id: a\n  prompt: p\n  output_format: {{type: object, properties: {{ok: {{type: boolean}}}}, required: [ok]}}\n"
        )
    };
    taken(&lines(" a ", " ok "));
    told(&lines(" a ", "no"), &["R14"]);
}

#[test]
fn a_workflow_that_says_it_never_pauses_is_warned_of_its_gate_too() {
    let gate = "nodes:\n- {id: a, approval: {message: m}}\n";
    told(&format!("interactive: false\n{gate}"), &["R15"]);
    told(&format!("interactive: true\n{gate}"), &[]);
}

#[test]
fn an_include_of_the_workflow_cannot_say_whether_it_changes_the_checkout() {
    told(
        "nodes:\n- {id: i, include: other, mutates_checkout: false}\n",
        &["R32"],
    );
}

#[test]
fn optional_settings_keep_what_is_usable() {
    let log = |setting: &str| {
        found(&format!("{setting}\nnodes:\n- {{id: a, bash: x}}\n")).contains(&"R17")
    };
    assert!(!log("betas: [one, '', 2]"));
    assert!(log("betas: ['', 2]"));
    assert!(log("fallbackModel: ' '"));
    assert!(!log("worktree: {}"));
    assert!(log("worktree: {enabled: yes}"));
}
