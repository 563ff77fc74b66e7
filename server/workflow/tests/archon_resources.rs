//! What a workflow of Archon needs around it, where no recorded data reach: skills by scope and provider, tools with
//! blanks, the provider of an alias, packs with names that others have.

use std::path::Path;

use fermata_workflow::dialects::archon::Project;
use fermata_workflow::{Dialect, Loaded, MemoryWorld, Severity, load_as};

const FILE: &str = "/repo/.archon/workflows/one.yaml";

fn load(node: &str, files: &[(&str, &str)]) -> Loaded {
    let mut world = MemoryWorld::new();
    world.set_home("/home/ada");
    for (file, text) in files {
        world.add_file(file, *text);
    }
    let text = format!("name: one\ndescription: d\nnodes:\n  - {{id: a, prompt: x, {node}}}\n");
    world.add_file(FILE, text);
    load_as(&world, Path::new(FILE), Dialect::Archon)
}

fn found(node: &str, files: &[(&str, &str)]) -> Vec<(&'static str, Severity)> {
    let loaded = load(node, files);
    let all = loaded.diagnostics.iter();
    all.filter_map(|d| Some((d.upstream?, d.severity)))
        .collect()
}

#[test]
fn claude_finds_a_skill_only_in_the_scopes_it_takes_settings_from() {
    let own = [("/repo/.claude/skills/look/SKILL.md", "x")];
    let users = [("/home/ada/.claude/skills/look/SKILL.md", "x")];
    let everybodys = [("/repo/.agents/skills/look/SKILL.md", "x")];
    assert_eq!(found("skills: [look]", &own), []);
    assert_eq!(found("skills: [look]", &users), []);
    assert_eq!(found("skills: [look], settingSources: [project]", &own), []);
    let error = [("R75", Severity::Error)];
    assert_eq!(
        found("skills: [look], settingSources: [project]", &users),
        error
    );
    assert_eq!(found("skills: [look], settingSources: [user]", &own), error);
    assert_eq!(found("skills: [look]", &everybodys), error);
    assert_eq!(
        found("skills: [look]", &[]),
        [("R75", Severity::Warning)],
        "it may be one of the provider's own"
    );
}

#[test]
fn other_providers_find_skills_in_the_folder_for_all_agents() {
    let everybodys = [("/home/ada/.agents/skills/look/SKILL.md", "x")];
    assert_eq!(found("skills: [look], provider: pi", &everybodys), []);
    assert_eq!(
        found("skills: [look], provider: pi", &[]),
        [("R75", Severity::Warning)]
    );
}

#[test]
fn the_provider_of_an_alias_is_the_one_that_must_be_able() {
    let config = [(
        "/repo/.archon/config.yaml",
        "aliases: {'@quick': {provider: pi, model: m}}\n",
    )];
    let hooks = "hooks: {Stop: [{response: {}}]}";
    let node = format!("provider: claude, model: '@quick', {hooks}");
    assert_eq!(found(&node, &config), [("R76", Severity::Warning)]);
    let tier = format!("provider: codex, model: small, {hooks}");
    assert_eq!(
        found(&tier, &config),
        [],
        "a tier is one of the usual provider"
    );
}

#[test]
fn an_unknown_alias_of_the_workflow_does_not_reach_a_node_on_another_provider() {
    let text = "name: one\ndescription: d\nprovider: claude\nmodel: '@gone'\nnodes:\n  - {id: a, prompt: x, provider: codex}\n";
    let mut world = MemoryWorld::new();
    world.add_file(FILE, text);
    let loaded = load_as(&world, Path::new(FILE), Dialect::Archon);
    assert!(!loaded.diagnostics.iter().any(|d| d.upstream == Some("R70")));
}

#[test]
fn blanks_around_a_tools_name_do_not_make_it_unknown() {
    assert_eq!(
        found("allowed_tools: [' Read ', 'Bash (git:*)', '', '(x)']", &[]),
        []
    );
    assert_eq!(
        found("allowed_tools: [' Task ']", &[]),
        [("R76", Severity::Warning)]
    );
}

/// The workflows of a repository and what is left out.
fn discovered(files: &[&str]) -> (Vec<String>, Vec<(String, &'static str)>) {
    let mut world = MemoryWorld::new();
    for (at, file) in files.iter().enumerate() {
        let text = format!("name: w{at}\ndescription: d\nnodes: [{{id: a, bash: x}}]\n");
        world.add_file(format!("/repo/.archon/workflows/{file}"), text);
    }
    let found = Project::at(&world, Some(Path::new("/repo"))).discover();
    let errors = found.errors.into_iter().map(|e| (e.file, e.name));
    (found.workflows, errors.collect())
}

#[test]
fn a_packaged_workflow_and_another_file_of_its_name_are_both_left_out() {
    let collision = ("flow.yaml".to_owned(), "pack-filename-collision");
    assert_eq!(
        discovered(&["flow.yaml", "kit/ship/flow.yaml", "other.yaml"]),
        (vec!["w2".to_owned()], vec![collision.clone()])
    );
    assert_eq!(
        discovered(&["kit/ship/flow.yaml", "kit/send/flow.yaml"]),
        (Vec::new(), vec![collision.clone()])
    );
    assert_eq!(
        discovered(&["flow.yaml", "kit/ship/flow.yaml", "kit/send/flow.yaml"]),
        (vec!["w0".to_owned()], vec![collision])
    );
}

#[test]
fn a_file_whose_name_a_packaged_workflow_has_says_so() {
    let text = "description: d\nnodes: [{id: a, bash: x}]\n";
    let mut world = MemoryWorld::new();
    world.add_file(FILE, format!("name: one\n{text}"));
    let packed = "/repo/.archon/workflows/kit/ship/one.yaml";
    world.add_file(packed, format!("name: two\n{text}"));
    for path in [FILE, packed] {
        let loaded = load_as(&world, Path::new(path), Dialect::Archon);
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, ["pack-filename-collision"], "{path}");
    }
}

#[test]
fn a_folder_that_can_be_no_pack_is_told_and_its_own_files_load() {
    let bad = |file: &str| (file.to_owned(), "pack-bad-dir");
    assert_eq!(
        discovered(&[".kit/flow.yaml", ".kit/ship/flow.yaml"]),
        (vec!["w0".to_owned()], vec![bad(".kit")])
    );
    assert_eq!(
        discovered(&["kit/a:b/flow.yaml", "kit/a..b/flow.yaml"]),
        (Vec::new(), vec![bad("kit/a..b"), bad("kit/a:b")])
    );
}
