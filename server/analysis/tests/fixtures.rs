//! Every rule against its fixtures. In `fires/`, a line that must be marked ends
//! in `# expect: code \`covered text\`` (or `code(severity)`), and nothing else
//! may be; in `quiet/`, nothing may be. Only diagnostics of the folder's rule count.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fermata_analysis::{OUR_RULES, RuleSettings, explain, run};
use fermata_syntax::Encoding;
use fermata_workflow::loader::{Loaded, load_as};
use fermata_workflow::{Diagnostic, Dialect, MemoryWorld, Severity};

fn check(text: &str) -> (Loaded, Vec<Diagnostic>) {
    let path = PathBuf::from("/fixture/workflow.yaml");
    let mut world = MemoryWorld::new();
    world.add_file(&path, text);
    let loaded = load_as(&world, &path, Dialect::Conductor);
    let diagnostics = run(&loaded, &RuleSettings::new());
    (loaded, diagnostics)
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
    for rule in OUR_RULES {
        let fires = fixtures(rule.code, "fires");
        assert!(!fires.is_empty(), "{} has no fixture that fires", rule.code);
        for (path, text) in fires {
            let (loaded, diagnostics) = check(&text);
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
            assert_eq!(found, expected, "{}: {diagnostics:#?}", path.display());
            assert!(
                !diagnostics.iter().any(Diagnostic::rejects),
                "{}: a fixture must load: {diagnostics:#?}",
                path.display()
            );
        }
    }
}

#[test]
fn every_rule_is_quiet_on_its_quiet_fixtures() {
    for rule in OUR_RULES {
        let quiet = fixtures(rule.code, "quiet");
        assert!(
            !quiet.is_empty(),
            "{} has no fixture that is quiet",
            rule.code
        );
        for (path, text) in quiet {
            let (_, diagnostics) = check(&text);
            let found: Vec<_> = diagnostics.iter().filter(|d| d.code == rule.code).collect();
            assert!(found.is_empty(), "{}: {found:#?}", path.display());
            assert!(
                !diagnostics.iter().any(Diagnostic::rejects),
                "{}: a fixture must load: {diagnostics:#?}",
                path.display()
            );
        }
    }
}

#[test]
fn every_fix_leaves_a_file_that_loads_and_no_longer_fires_at_that_place() {
    for rule in OUR_RULES {
        let mut fixed = 0;
        for (path, text) in fixtures(rule.code, "fires") {
            let (_, diagnostics) = check(&text);
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
                let (_, again) = check(&after);
                assert!(
                    !again.iter().any(Diagnostic::rejects),
                    "{} · {}:\n{after}\n{again:#?}",
                    path.display(),
                    fix.title
                );
                assert!(
                    !again.iter().any(|d| d.code == rule.code),
                    "{} · {} does not mend it:\n{after}",
                    path.display(),
                    fix.title
                );
                fixed += 1;
            }
        }
        assert!(fixed > 0, "{} offers no fix on any fixture", rule.code);
    }
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
fn codes_are_kebab_case_sorted_and_unique() {
    let codes: Vec<_> = OUR_RULES.iter().map(|rule| rule.code).collect();
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
    assert!(
        codes
            .iter()
            .all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
    );
}
