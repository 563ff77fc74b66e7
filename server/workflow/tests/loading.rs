//! What loading does with included files, variables, aliases and detection.

use fermata_workflow::model::{SetValue, StepKind};
use fermata_workflow::{
    Dialect, Loaded, MemoryWorld, Verdict, agreed_rules, load, load_as, verdict,
};

fn world(files: &[(&str, &str)]) -> MemoryWorld {
    let mut world = MemoryWorld::new();
    for (path, text) in files {
        world.add_file(path, *text);
    }
    world
}

fn conductor(files: &[(&str, &str)]) -> Loaded {
    load_as(&world(files), "/w/main.yaml".as_ref(), Dialect::Conductor)
}

fn text_at(loaded: &Loaded, at: usize) -> String {
    let diagnostic = &loaded.diagnostics[at];
    let file = loaded.sources.get(diagnostic.loc.file).expect("file");
    file.tree.text()[diagnostic.loc.span].to_owned()
}

const HEAD: &str = "workflow: {name: n, entry_point: a}\n";

#[test]
fn an_included_prompt_is_raw_text_of_its_own_file_and_an_included_map_is_data() {
    let main =
        format!("{HEAD}agents:\n  - {{name: a, prompt: !file p.md, output: !file o.yaml}}\n");
    let loaded = conductor(&[
        ("/w/main.yaml", &main),
        ("/w/p.md", "Say: hi\n- now {{ x }}\n"),
        ("/w/o.yaml", "x: {type: string}\n"),
    ]);
    assert_eq!(verdict(&loaded.diagnostics), Verdict::Accepted);
    let workflow = loaded.workflow.as_ref().expect("model");
    let StepKind::Agent(agent) = &workflow.steps[0].kind else {
        panic!("an agent")
    };
    let prompt = agent.prompt.as_ref().expect("prompt");
    assert_eq!(prompt.as_str(), "Say: hi\n- now {{ x }}\n");
    assert!(loaded.sources.get(prompt.loc.file).expect("file").raw);
    assert_eq!(workflow.steps[0].output.as_ref().map(|o| o.len()), Some(1));
    assert_eq!(loaded.sources.iter().count(), 3);
}

#[test]
fn files_that_include_each_other_are_told_with_the_whole_chain() {
    let loaded = conductor(&[
        ("/w/main.yaml", "a: !file b.yaml\n"),
        ("/w/b.yaml", "b: !file main.yaml\n"),
    ]);
    assert_eq!(agreed_rules(&loaded), ["L14"]);
    assert!(
        loaded
            .diagnostics
            .iter()
            .any(|d| d.message.contains("main.yaml → b.yaml → main.yaml"))
    );
}

#[test]
fn a_variable_that_is_not_set_is_marked_where_it_stands() {
    let loaded = conductor(&[(
        "/w/main.yaml",
        &format!("{HEAD}agents: [{{name: a, prompt: \"x ${{NOPE}} y\"}}]\n"),
    )]);
    assert_eq!(agreed_rules(&loaded), ["L10"]);
    assert_eq!(text_at(&loaded, 0), "${NOPE}");
}

#[test]
fn substituted_values_may_hold_variables_themselves_up_to_a_limit() {
    let main = format!(
        "{HEAD}agents: [{{name: a, type: set, value: \"${{A}} ${{B:-${{A:-z}}}} ${{EMPTY:-d}}!\"}}]\n"
    );
    let mut world = world(&[("/w/main.yaml", &main)]);
    world
        .set_env("A", "${C}")
        .set_env("C", "deep")
        .set_env("EMPTY", "");
    let loaded = load_as(&world, "/w/main.yaml".as_ref(), Dialect::Conductor);
    let StepKind::Set(set) = &loaded.workflow.as_ref().expect("model").steps[0].kind else {
        panic!("a set step")
    };
    let SetValue::One(value) = &set.value else {
        panic!("one value")
    };
    assert_eq!(value.as_str(), "deep deep !");
    world.set_env("C", "${A}");
    assert_eq!(
        agreed_rules(&load_as(
            &world,
            "/w/main.yaml".as_ref(),
            Dialect::Conductor
        )),
        ["L11"]
    );
}

#[test]
fn merge_keys_fill_what_is_not_written_and_never_override() {
    let main = "workflow:\n  name: n\n  entry_point: b\n  metadata:\n    base: &base {type: set, value: one}\nagents:\n  - <<: *base\n    name: b\n    value: two\n";
    let loaded = conductor(&[("/w/main.yaml", main)]);
    assert_eq!(loaded.diagnostics, []);
    let StepKind::Set(set) = &loaded.workflow.as_ref().expect("model").steps[0].kind else {
        panic!("a set step")
    };
    assert!(matches!(&set.value, SetValue::One(v) if v.as_str() == "two"));
}

#[test]
fn a_merge_sign_is_no_text_where_a_text_is_wanted() {
    for (value, agreed) in [("<<", vec!["S3"]), ("=", vec!["S3"]), ("'<<'", vec![])] {
        let main = format!("{HEAD}agents:\n  - name: a\n    description: {value}\n");
        let loaded = conductor(&[("/w/main.yaml", &main)]);
        assert_eq!(agreed_rules(&loaded), agreed, "{value}");
    }
}

#[test]
fn aliases_of_aliases_do_not_fill_memory() {
    let mut text = String::from(
        "workflow:\n  name: n\n  entry_point: a\n  metadata:\n    x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n",
    );
    for level in 1..12 {
        let before = format!("*x{}", level - 1);
        text.push_str(&format!(
            "    x{level}: &x{level} [{}]\n",
            vec![before; 10].join(", ")
        ));
    }
    text.push_str("agents: []\n");
    assert!(conductor(&[("/w/main.yaml", &text)]).workflow.is_some());
}

#[test]
fn a_key_written_twice_is_marked_and_the_first_is_shown() {
    let loaded = conductor(&[(
        "/w/main.yaml",
        &format!("{HEAD}agents: [{{name: a, name: b}}]\n"),
    )]);
    assert_eq!(agreed_rules(&loaded), ["L5"]);
    let duplicate = loaded
        .diagnostics
        .iter()
        .find(|d| d.code == "duplicate-key")
        .expect("told");
    assert_eq!(duplicate.related.len(), 1);
    assert!(duplicate.loc.span.start() > duplicate.related[0].loc.span.start());
}

#[test]
fn the_first_failing_stage_is_what_agrees_and_everything_is_shown() {
    let main = "workflow: {name: n, entry_point: nobody}\nagents: [{name: a, promt: x, routes: [{to: ghost}]}]\n";
    let loaded = conductor(&[("/w/main.yaml", main)]);
    assert_eq!(agreed_rules(&loaded), ["S1"]);
    let rules: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter_map(|d| d.upstream)
        .collect();
    assert_eq!(rules, ["S30", "S1", "S31"]);
    let typo = loaded
        .diagnostics
        .iter()
        .find(|d| d.upstream == Some("S1"))
        .expect("told");
    assert_eq!(typo.fixes[0].edits[0].text, "prompt");
    assert_eq!(typo.path.as_deref(), Some("agents.0.promt"));
}

#[test]
fn problems_of_a_sub_workflow_are_shown_at_the_step_that_runs_it() {
    let main = format!("{HEAD}agents:\n  - {{name: a, type: workflow, workflow: ./child.yaml}}\n");
    let child = "workflow: {name: c, entry_point: nobody}\nagents: []\n";
    let loaded = conductor(&[("/w/main.yaml", &main), ("/w/child.yaml", child)]);
    assert_eq!(agreed_rules(&loaded), ["V23"]);
    assert_eq!(text_at(&loaded, 0), "./child.yaml");
    assert!(loaded.diagnostics[0].message.contains("line 1"));
    assert_eq!(loaded.children.len(), 1);
    assert_eq!(loaded.children[0].step, "a");
}

#[test]
fn workflows_that_all_run_each_other_are_checked_in_bounded_time() {
    let steps: String = (0..8)
        .map(|i| format!("  - {{name: s{i}, type: workflow, workflow: ./w{i}.yaml}}\n"))
        .collect();
    let text = format!("workflow: {{name: n, entry_point: s0}}\nagents:\n{steps}");
    let names: Vec<String> = (0..8).map(|i| format!("/w/w{i}.yaml")).collect();
    let files: Vec<(&str, &str)> = names
        .iter()
        .map(|n| (n.as_str(), text.as_str()))
        .chain([("/w/main.yaml", text.as_str())])
        .collect();
    assert_eq!(verdict(&conductor(&files).diagnostics), Verdict::Rejected);
}

#[test]
fn a_registry_reference_is_not_checked_and_rejects_nothing() {
    let loaded = conductor(&[(
        "/w/main.yaml",
        &format!("{HEAD}agents: [{{name: a, type: workflow, workflow: qa@owner/repo#v1}}]\n"),
    )]);
    assert_eq!(verdict(&loaded.diagnostics), Verdict::Accepted);
    assert_eq!(loaded.diagnostics[0].code, "not-checked");
}

#[test]
fn a_missing_file_and_a_folder_are_told_apart() {
    let mut world = MemoryWorld::new();
    world.add_folder("/w/folder.yaml");
    assert_eq!(agreed_rules(&load(&world, "/w/none.yaml".as_ref())), ["L1"]);
    assert_eq!(
        agreed_rules(&load(&world, "/w/folder.yaml".as_ref())),
        ["L2"]
    );
}

#[test]
fn workflows_are_known_by_modeline_place_and_keys_and_nothing_else() {
    let dialect = |path: &str, text: &str| load(&world(&[(path, text)]), path.as_ref()).dialect;
    assert_eq!(
        dialect("/w/a.yaml", "workflow: {}\nagents: []\n"),
        Some(Dialect::Conductor)
    );
    assert_eq!(
        dialect("/w/a.yaml", "workflow: {}\nfor_each: []\n"),
        Some(Dialect::Conductor)
    );
    assert_eq!(dialect("/w/a.yaml", "workflow: text\nagents: []\n"), None);
    assert_eq!(
        dialect("/w/a.yaml", "# fermata: conductor\nx: 1\n"),
        Some(Dialect::Conductor)
    );
    assert_eq!(
        dialect("/w/a.yaml", "# fermata: archon\nworkflow: {}\nagents: []\n"),
        Some(Dialect::Archon)
    );
    assert_eq!(
        dialect("/w/.archon/workflows/deep/a.yaml", "x: 1\n"),
        Some(Dialect::Archon)
    );
    assert_eq!(
        dialect("/w/a.yaml", "nodes:\n  - {id: a, bash: ls}\n"),
        Some(Dialect::Archon)
    );
    assert_eq!(dialect("/w/a.yaml", "nodes:\n  - {id: a}\n"), None);
    assert_eq!(dialect("/w/a.yaml", "services: {web: {image: x}}\n"), None);
}

#[test]
fn a_workflow_of_many_thousand_steps_is_checked_without_comparing_all_with_all() {
    let steps: String = (0..30_000)
        .map(|i| format!("  - {{name: s{i}, type: set, value: '{{{{ gone{i}.output }}}}', routes: [{{to: s{}}}]}}\n", i + 1))
        .collect();
    let loaded = conductor(&[(
        "/w/main.yaml",
        &format!("workflow: {{name: n, entry_point: s0}}\nagents:\n{steps}"),
    )]);
    assert_eq!(agreed_rules(&loaded), ["S31"]);
    assert!(
        loaded
            .diagnostics
            .iter()
            .filter(|d| d.upstream == Some("V27"))
            .count()
            == 30_000
    );
}

#[test]
fn long_chains_of_aliases_and_of_steps_do_not_exhaust_the_stack() {
    let mut text =
        String::from("workflow:\n  name: n\n  entry_point: s0\n  metadata:\n    x0: &x0 [a]\n");
    for i in 1..3_000 {
        text.push_str(&format!("    x{i}: &x{i} [*x{}]\n", i - 1));
    }
    text.push_str("agents:\n");
    for i in 0..20_000 {
        text.push_str(&format!(
            "  - {{name: s{i}, type: set, value: x, routes: [{{to: s{}}}]}}\n",
            i + 1
        ));
    }
    text.push_str("  - {name: s20000, type: set, value: x, routes: [{to: s0}, {to: $end}]}\noutput: {x: '{{ s5.output }}'}\n");
    let loaded = conductor(&[("/w/main.yaml", &text)]);
    assert_eq!(verdict(&loaded.diagnostics), Verdict::Accepted);
    let workflow = loaded.workflow.as_ref().expect("model");
    let flow = fermata_workflow::flow::Flow::new(workflow);
    assert_eq!(flow.loops(workflow)[0].steps.len(), 20_001);
}
