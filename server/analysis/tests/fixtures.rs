//! Every rule against its fixtures. In `fires/`, a line that must be marked ends
//! in `# expect: code \`covered text\`` (or `code(severity)`), and nothing else
//! may be; in `quiet/`, nothing may be. Only diagnostics of the folder's rule count.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fermata_analysis::{OUR_RULES, RuleSettings, explain, run};
use fermata_syntax::Encoding;
use fermata_workflow::loader::{Loaded, load_as};
use fermata_workflow::{Diagnostic, Dialect, MemoryWorld, Severity};

/// Rules that say what is wrong where only the author knows what is right.
const NO_SAFE_FIX: &[&str] = &[
    "duplicate-step",
    "completion-signal-shared",
    "human-gate-in-for-each",
    "missing-template",
    "retry-storm",
    "secret-in-workflow",
    "unreachable-step",
    "unread-decision",
    "unreferenceable-id",
    "unused-input",
    "unused-output",
];

/// Loads a fixture beside the files of its rule's `files/`, with `STAGE=outer` in the environment.
fn check(rule: &str, text: &str) -> (Loaded, Vec<Diagnostic>) {
    // What a file is written in shows at its top.
    let archon = text.lines().any(|line| line.starts_with("nodes:"));
    let (path, dialect) = if archon {
        ("/fixture/.archon/workflows/workflow.yaml", Dialect::Archon)
    } else {
        ("/fixture/workflow.yaml", Dialect::Conductor)
    };
    let path = PathBuf::from(path);
    let mut world = MemoryWorld::new();
    world.add_file(&path, text).set_env("STAGE", "outer");
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(rule)
        .join("files");
    lay(&beside, Path::new("/fixture"), &mut world);
    let loaded = load_as(&world, &path, dialect);
    let diagnostics = run(&loaded, &RuleSettings::new());
    (loaded, diagnostics)
}

/// Lays a folder of files, if it is there, into the world.
fn lay(from: &Path, to: &Path, world: &mut MemoryWorld) {
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            lay(&path, &target, world);
        } else {
            world.add_file(target, fs::read(path).unwrap());
        }
    }
}

fn fixtures(rule: &str, kind: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(rule)
        .join(kind);
    let mut found: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    found.sort();
    found
}

/// What the comments of a fixture expect: (line from 0, severity, covered text).
fn expected(rule: &str, text: &str) -> BTreeSet<(u32, Option<String>, String)> {
    let mut expected = BTreeSet::new();
    for (number, line) in (0u32..).zip(text.lines()) {
        let Some((_, mark)) = line.split_once("# expect: ") else {
            continue;
        };
        let (code, covered) = mark.split_once(" `").unwrap();
        let covered = covered.strip_suffix('`').unwrap().to_owned();
        let (code, severity) = match code.split_once('(') {
            Some((code, severity)) => (code, Some(severity.trim_end_matches(')').to_owned())),
            None => (code, None),
        };
        assert_eq!(code, rule, "a fixture speaks of its own rule only");
        expected.insert((number, severity, covered));
    }
    expected
}

#[test]
fn every_rule_fires_where_its_fixtures_say_and_nowhere_else() {
    let mut wrong = Vec::new();
    for rule in OUR_RULES {
        let fires = fixtures(rule.code, "fires");
        assert!(!fires.is_empty(), "{} has no fixture that fires", rule.code);
        for (path, text) in fires {
            let (loaded, diagnostics) = check(rule.code, &text);
            let tree = &loaded.sources.iter().next().unwrap().1.tree;
            let expected = expected(rule.code, &text);
            assert!(!expected.is_empty(), "{}: expects nothing", path.display());
            let found: BTreeSet<_> = diagnostics
                .iter()
                .filter(|d| d.code == rule.code)
                .map(|d| {
                    let line = tree
                        .line_index()
                        .position(d.loc.span.start(), Encoding::Utf8)
                        .line;
                    let severity =
                        (d.severity == Severity::Information).then(|| "information".to_owned());
                    (line, severity, tree.text()[d.loc.span].to_owned())
                })
                .collect();
            if found != expected {
                wrong.push(format!(
                    "{}\n  expected {expected:?}\n  found    {found:?}",
                    path.display()
                ));
            }
            wrong.extend(rejections(&path, &diagnostics));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What keeps a fixture from loading; none may.
fn rejections(path: &Path, diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .filter(|d| d.rejects())
        .map(|d| format!("{} does not load: {}", path.display(), d.message))
        .collect()
}

#[test]
fn every_rule_is_quiet_on_its_quiet_fixtures() {
    let mut wrong = Vec::new();
    for rule in OUR_RULES {
        let quiet = fixtures(rule.code, "quiet");
        assert!(
            !quiet.is_empty(),
            "{} has no fixture that is quiet",
            rule.code
        );
        for (path, text) in quiet {
            let (_, diagnostics) = check(rule.code, &text);
            let found = diagnostics.iter().filter(|d| d.code == rule.code);
            wrong.extend(found.map(|d| format!("{}: {}", path.display(), d.message)));
            wrong.extend(rejections(&path, &diagnostics));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_fix_leaves_a_file_that_loads_and_no_longer_fires_at_that_place() {
    let mut wrong = Vec::new();
    for rule in OUR_RULES {
        let mut fixed = 0;
        for (path, text) in fixtures(rule.code, "fires") {
            let (_, diagnostics) = check(rule.code, &text);
            for fix in diagnostics
                .iter()
                .filter(|d| d.code == rule.code)
                .flat_map(|d| &d.fixes)
            {
                let mut edits = fix.edits.clone();
                edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start()));
                let mut after = text.clone();
                for edit in &edits {
                    after.replace_range(
                        usize::from(edit.span.start())..usize::from(edit.span.end()),
                        &edit.text,
                    );
                }
                let (_, again) = check(rule.code, &after);
                wrong.extend(
                    rejections(&path, &again)
                        .into_iter()
                        .map(|why| format!("{why}, after {}:\n{after}", fix.title)),
                );
                let left = |all: &[Diagnostic]| all.iter().filter(|d| d.code == rule.code).count();
                if left(&again) >= left(&diagnostics) {
                    wrong.push(format!(
                        "{} · {} does not mend it:\n{after}",
                        path.display(),
                        fix.title
                    ));
                }
                fixed += 1;
            }
        }
        let safe = !NO_SAFE_FIX.contains(&rule.code);
        if (fixed > 0) != safe {
            wrong.push(format!(
                "{} offers a fix on some fixture: {}",
                rule.code,
                fixed > 0
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_page_that_starts_with_its_code() {
    for rule in OUR_RULES {
        let page =
            explain(rule.code).unwrap_or_else(|| panic!("docs/rules/{}.md is missing", rule.code));
        assert!(page.starts_with(&format!("# {}\n", rule.code)));
    }
}

#[test]
fn codes_are_in_lower_case_sorted_and_unique() {
    let codes: Vec<_> = OUR_RULES.iter().map(|rule| rule.code).collect();
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
    assert!(codes.iter().all(|code| {
        code.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ['-', '.'].contains(&c))
    }));
}

#[test]
fn a_template_without_quotes_is_explained_beside_the_error_that_it_causes() {
    let text = "workflow: {name: t, entry_point: a}\nagents:\n  - name: a\n    prompt: {{ workflow.name }}\n";
    let (_, diagnostics) = check("unquoted-template", text);
    assert!(
        diagnostics.iter().any(Diagnostic::rejects),
        "{diagnostics:#?}"
    );
    let why = diagnostics
        .iter()
        .find(|d| d.code == "unquoted-template")
        .expect("it is explained");
    assert_eq!(&text[why.loc.span], "{{ workflow.name }}");
    assert_eq!(why.fixes[0].edits[0].text, "\"{{ workflow.name }}\"");
}

#[test]
fn rules_stay_inside_of_the_text_however_a_file_is_cut_off() {
    let mut reported = 0;
    for rule in OUR_RULES {
        for (path, text) in fixtures(rule.code, "fires") {
            for (end, _) in text.match_indices('\n') {
                let (loaded, diagnostics) = check(rule.code, &text[..end]);
                for found in diagnostics {
                    let tree = &loaded.sources.get(found.loc.file).unwrap().tree;
                    let inside =
                        |span: fermata_syntax::Span| usize::from(span.end()) <= tree.text().len();
                    assert!(inside(found.loc.span), "{}: {found:#?}", path.display());
                    assert!(
                        found
                            .fixes
                            .iter()
                            .flat_map(|f| &f.edits)
                            .all(|e| inside(e.span)),
                        "{found:#?}"
                    );
                    reported += 1;
                }
            }
        }
    }
    assert!(reported > 100, "only {reported} diagnostics on cut files");
}

#[test]
fn the_worst_case_multiplies_the_limits_of_nested_workflows() {
    let rule = "iteration-limit-unbounded";
    let (_, text) = fixtures(rule, "fires")
        .into_iter()
        .find(|(path, _)| path.ends_with("nested.yaml"))
        .unwrap();
    let (_, diagnostics) = check(rule, &text);
    let found = diagnostics.iter().find(|d| d.code == rule).unwrap();
    assert!(
        found.message.contains("420 agent calls"),
        "{}",
        found.message
    );
}

#[test]
fn a_template_that_is_missing_is_shown_in_the_prompt_file_that_names_it() {
    let mut world = MemoryWorld::new();
    let text = "workflow: {name: t, entry_point: a}\nagents:\n  - name: a\n    prompt: !file prompts/write.md\n";
    let prompt = "Write. {% include 'tone.md' %}\n{% import 'gone.md' as gone %}\n";
    world
        .add_file("/fixture/workflow.yaml", text)
        .add_file("/fixture/prompts/write.md", prompt)
        .add_file("/fixture/prompts/tone.md", "{% extends 'base.md' %}");
    let loaded = load_as(
        &world,
        Path::new("/fixture/workflow.yaml"),
        Dialect::Conductor,
    );
    let all = run(&loaded, &RuleSettings::new());
    let found: Vec<_> = all
        .iter()
        .filter(|d| d.code == "missing-template")
        .collect();
    let covered = |d: &Diagnostic| {
        let file = loaded.sources.get(d.loc.file).unwrap();
        file.tree.text()[d.loc.span].to_owned()
    };
    let covered: Vec<_> = found.iter().map(|d| covered(d)).collect();
    assert_eq!(covered, ["'tone.md'", "'gone.md'"]);
    assert!(
        found[0].message.contains("in `tone.md`"),
        "{}",
        found[0].message
    );
    assert!(found[1].message.contains("no template `gone.md`"));
}
