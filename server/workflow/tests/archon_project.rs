//! Rules of Archon about a file among others, which no recorded data reach: shared workflows, packs, empty commands,
//! and diagnostics in the file of an included workflow.

use std::path::{Path, PathBuf};

use fermata_workflow::{Diagnostic, Dialect, Loaded, MemoryWorld, load_as};

fn load(files: &[(&str, &str)], path: &str) -> Loaded {
    let mut world = MemoryWorld::new();
    world.set_home("/home/ada").add_program("bun", "/bin/bun");
    for (file, text) in files {
        world.add_file(file, *text);
    }
    load_as(&world, Path::new(path), Dialect::Archon)
}

fn rules(loaded: &Loaded) -> Vec<&'static str> {
    loaded
        .diagnostics
        .iter()
        .filter_map(|d| d.upstream)
        .collect()
}

fn covered<'l>(loaded: &'l Loaded, found: &Diagnostic) -> (&'l Path, &'l str) {
    let file = loaded.sources.get(found.loc.file).expect("a file");
    let range = std::ops::Range::<usize>::from(found.loc.span);
    (&file.path, &file.tree.text()[range])
}

const ONE: &str = "name: one\ndescription: d\nnodes:\n  - {id: a, prompt: x, model: \"@fast\"}\n";

#[test]
fn a_workflow_for_every_project_cannot_use_an_alias_of_one() {
    let home = "/home/ada/.archon/workflows/one.yaml";
    assert_eq!(rules(&load(&[(home, ONE)], home)), ["R71"]);
    let own = "/repo/.archon/workflows/one.yaml";
    assert_eq!(rules(&load(&[(own, ONE)], own)), ["R70"]);
}

#[test]
fn a_bundled_workflow_starts_bundled_ones_only() {
    let text = "name: one\ndescription: d\nnodes:\n  - {id: a, workflow: two}\n";
    let two = "name: two\ndescription: d\nnodes:\n  - {id: a, bash: x}\n";
    let path = "/repo/.archon/workflows/defaults/one.yaml";
    let beside = load(
        &[
            (path, text),
            ("/repo/.archon/workflows/defaults/two.yaml", two),
        ],
        path,
    );
    assert_eq!(rules(&beside), Vec::<&str>::new());
    let elsewhere = load(
        &[(path, text), ("/repo/.archon/workflows/two.yaml", two)],
        path,
    );
    assert_eq!(rules(&elsewhere), ["R72"]);
    assert_eq!(covered(&elsewhere, &elsewhere.diagnostics[0]).1, "two");
}

#[test]
fn a_pack_with_two_workflow_files_is_none_and_both_say_so() {
    let text = "name: one\ndescription: d\nnodes:\n  - {id: a, bash: x}\n";
    let path = "/repo/.archon/workflows/team/review/one.yaml";
    let loaded = load(
        &[
            (path, text),
            ("/repo/.archon/workflows/team/review/two.yaml", text),
        ],
        path,
    );
    assert_eq!(rules(&loaded), ["R66"]);
    assert_eq!(rules(&load(&[(path, text)], path)), Vec::<&str>::new());
}

#[test]
fn an_empty_command_file_is_said_and_rejects_nothing() {
    let text = "name: one\ndescription: d\nnodes:\n  - {id: a, command: plan}\n";
    let path = "/repo/.archon/workflows/one.yaml";
    let loaded = load(
        &[(path, text), ("/repo/.archon/commands/plan.md", " \n")],
        path,
    );
    assert_eq!(rules(&loaded), ["R79"]);
    assert!(!loaded.diagnostics[0].rejects());
}

#[test]
fn a_file_that_cannot_be_read_is_refused_by_its_own_dialects_rule() {
    struct Locked(MemoryWorld);
    impl fermata_workflow::World for Locked {
        fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
            Err(std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                path.display().to_string(),
            ))
        }
        fn kind(&self, path: &Path) -> std::io::Result<fermata_workflow::world::PathKind> {
            self.0.kind(path)
        }
        fn list(&self, folder: &Path) -> std::io::Result<Vec<String>> {
            self.0.list(folder)
        }
        fn canonical(&self, path: &Path) -> std::io::Result<PathBuf> {
            self.0.canonical(path)
        }
        fn env(&self, _: &str) -> Option<String> {
            None
        }
        fn home(&self) -> Option<PathBuf> {
            None
        }
        fn program(&self, _: &str) -> Option<PathBuf> {
            None
        }
    }
    let path = "/repo/.archon/workflows/one.yaml";
    let mut world = MemoryWorld::new();
    world.add_file(path, "");
    let loaded = load_as(&Locked(world), Path::new(path), Dialect::Archon);
    assert_eq!(rules(&loaded), ["R67"]);
}

#[test]
fn what_is_wrong_in_an_included_workflow_stands_in_its_file_and_names_the_include() {
    let main = "name: main\ndescription: d\nnodes:\n  - {id: i, include: part, with: {who: $nobody.output}}\n  - id: g\n    loop_group:\n      until: D\n      max_iterations: 2\n      nodes:\n        - {id: j, include: part, with: {who: me}}\n";
    let part = "name: part\ndescription: d\ninputs: {who: {}}\nnodes:\n  - {id: a, bash: \"echo \\\"$b.output\\\"\", depends_on: [b]}\n  - {id: b, prompt: x $INPUTS.who, model: \"@gone\"}\n";
    let (path, other) = (
        "/repo/.archon/workflows/main.yaml",
        "/repo/.archon/workflows/part.yaml",
    );
    let sound = main.replace("$nobody.output", "you");
    let loaded = load(&[(path, &sound), (other, part)], path);
    let alias: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.upstream == Some("R70"))
        .collect();
    assert_eq!(alias.len(), 2, "once for each include: {alias:#?}");
    for found in alias {
        assert_eq!(
            covered(&loaded, found),
            (Path::new(other), "\"@gone\""),
            "{found:#?}"
        );
        assert_eq!(found.related[0].message, "it is included here");
        assert_eq!(found.related[0].loc.file, fermata_workflow::FileId::ROOT);
    }
    let far = load(&[(path, main), (other, part)], path);
    let found = far
        .diagnostics
        .iter()
        .find(|d| d.upstream == Some("R57"))
        .expect("the value arrives where it names nobody");
    assert_eq!(covered(&far, found).0, Path::new(other));
    assert_eq!(found.step.as_deref(), Some("i__b"));
}

/// What a finding covers, with its file's name, and the same of the places it points to.
fn shown(loaded: &Loaded, code: &str) -> (String, Vec<String>) {
    let found = loaded
        .diagnostics
        .iter()
        .find(|d| d.code == code)
        .unwrap_or_else(|| panic!("no {code} among {:#?}", loaded.diagnostics));
    let word = |loc: fermata_workflow::Loc| {
        let file = loaded.sources.get(loc.file).expect("a file");
        let name = file.path.file_stem().expect("a name").to_string_lossy();
        let text = &file.tree.text()[std::ops::Range::<usize>::from(loc.span)];
        format!("{name}: {text}")
    };
    let related = found.related.iter().map(|r| word(r.loc)).collect();
    (word(found.loc), related)
}

#[test]
fn an_include_that_fails_deep_inside_stands_where_it_is_written_and_names_every_include_on_the_way()
{
    let file = |name: &str| format!("/repo/.archon/workflows/{name}.yaml");
    let main = "name: main\ndescription: d\nnodes:\n  - id: g\n    loop_group:\n      until: D\n      max_iterations: 2\n      nodes:\n        - {id: i, include: mid}\n";
    let mid = "name: mid\ndescription: d\nnodes:\n  - {id: m, include: low, with: {q: 1, zz: 2}}\n";
    let low = "name: low\ndescription: d\ninputs: {q: {}}\nnodes:\n  - {id: l, bash: echo}\n";
    let (main_at, mid_at, low_at) = (file("main"), file("mid"), file("low"));
    let files = [
        (main_at.as_str(), main),
        (mid_at.as_str(), mid),
        (low_at.as_str(), low),
    ];
    let loaded = load(&files, &main_at);
    assert_eq!(
        shown(&loaded, "include-input-undeclared"),
        ("mid: zz".to_owned(), vec!["main: mid".to_owned()])
    );
    assert_eq!(
        shown(&loaded, "include-broken"),
        ("main: mid".to_owned(), vec!["mid: zz".to_owned()])
    );
    let own = load(&files, &mid_at);
    assert_eq!(
        shown(&own, "include-input-undeclared"),
        ("mid: zz".to_owned(), Vec::new())
    );
    assert_eq!(rules(&own), ["R68"]);
}

#[test]
fn a_finding_two_includes_deep_names_both_of_them() {
    let file = |name: &str| format!("/repo/.archon/workflows/{name}.yaml");
    let main = "name: main\ndescription: d\nnodes:\n  - {id: i, include: mid}\n";
    let mid = "name: mid\ndescription: d\nnodes:\n  - {id: m, include: low}\n";
    let low = "name: low\ndescription: d\nmodel: \"@gone\"\nnodes:\n  - {id: l, prompt: x}\n";
    let (main_at, mid_at, low_at) = (file("main"), file("mid"), file("low"));
    let files = [
        (main_at.as_str(), main),
        (mid_at.as_str(), mid),
        (low_at.as_str(), low),
    ];
    let loaded = load(&files, &main_at);
    // The alias is a setting of the innermost workflow: its author mends it there.
    assert_eq!(
        shown(&loaded, "unknown-model-alias"),
        (
            "low: \"@gone\"".to_owned(),
            vec!["main: mid".to_owned(), "mid: low".to_owned()]
        )
    );
}
