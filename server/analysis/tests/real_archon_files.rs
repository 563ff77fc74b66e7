//! Our rules on Archon's real workflow files, and on every mutation and project that its own tool accepts: no error of
//! ours, few warnings on real files, and exactly those that were read one by one and found right
//! (`real_archon_files.txt`: path, code and line, or a dash for a file about which nothing is said).

#[path = "../../workflow/tests/archon/corpus.rs"]
#[allow(unreachable_pub, dead_code)]
mod corpus;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use fermata_analysis::{OUR_RULES, RuleSettings, run};
use fermata_workflow::{Diagnostic, Dialect, FileId, Loaded, MemoryWorld, Severity, load_as};

/// Warnings of ours per accepted file that are still bearable.
const BEARABLE: f64 = 1.5;

/// What only Fermata says, with its line from 1: our rules, and what Archon drops without showing it.
fn ours(loaded: &Loaded) -> Vec<(Diagnostic, u32)> {
    let all = run(loaded, &RuleSettings::new());
    let line = |d: &Diagnostic| {
        let file = loaded.sources.get(d.loc.file).expect("a file of the load");
        file.tree.line_index().line_of(d.loc.span.start()) + 1
    };
    all.into_iter()
        .filter(|d| OUR_RULES.iter().any(|rule| rule.code == d.code))
        .map(|d| {
            let at = line(&d);
            (d, at)
        })
        .collect()
}

#[test]
fn on_accepted_real_files_our_warnings_are_few_and_all_of_them_were_reviewed() {
    let Some(corpus) = corpus::corpus() else {
        return;
    };
    let (mut files, mut warnings, mut list) = (0usize, 0usize, String::new());
    for row in corpus::rows(&corpus.join("files.jsonl")) {
        if row["valid"] != true {
            continue;
        }
        files += 1;
        let path = row["path"].as_str().expect("a path");
        let world = corpus::world(&corpus.join("files"));
        let loaded = load_as(&world, &Path::new("/project").join(path), Dialect::Archon);
        let found = ours(&loaded);
        for (d, line) in &found {
            assert_ne!(
                d.severity,
                Severity::Error,
                "{path}:{line} {}: {}",
                d.code,
                d.message
            );
            warnings += usize::from(d.severity == Severity::Warning);
            if std::env::var_os("FERMATA_SHOW").is_some() {
                eprintln!("{path}:{line} {:?} {}: {}", d.severity, d.code, d.message);
            }
            let file = if d.loc.file == FileId::ROOT {
                ""
            } else {
                "elsewhere "
            };
            writeln!(list, "{path} {} {file}{line}", d.code).expect("a string");
        }
        if found.is_empty() {
            writeln!(list, "{path} -").expect("a string");
        }
    }
    #[allow(clippy::cast_precision_loss)]
    let average = warnings as f64 / files.max(1) as f64;
    eprintln!("{files} accepted files, {warnings} warnings of ours, {average:.2} per file");
    assert!(average <= BEARABLE, "{average:.2} warnings per file");
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_archon_files.txt");
    if std::env::var_os("FERMATA_UPDATE").is_some() {
        std::fs::write(&snapshot, &list).expect("the snapshot can be written");
    }
    // The data here may be more or less than what was reviewed: files that both know are compared.
    let by_path = |text: &str| {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in text.lines() {
            let (path, rest) = line.split_once(' ').expect("a path and what is said");
            found
                .entry(path.to_owned())
                .or_default()
                .push(rest.to_owned());
        }
        found
    };
    let reviewed = by_path(&std::fs::read_to_string(&snapshot).unwrap_or_default());
    let mut known = 0;
    for (path, found) in by_path(&list) {
        if let Some(expected) = reviewed.get(&path) {
            known += 1;
            assert_eq!(&found, expected, "{path}: not what was reviewed");
        }
    }
    assert!(known > 0, "no file of the data is in the reviewed list");
}

#[test]
fn on_accepted_projects_no_rule_of_ours_is_an_error() {
    let Some(corpus) = corpus::corpus() else {
        return;
    };
    let mut checked = 0;
    for row in corpus::rows(&corpus.join("projects.jsonl")) {
        let mut world = MemoryWorld::new();
        let files = row["files"].as_object().expect("files");
        for (path, text) in files.iter().filter(|(path, _)| !path.ends_with('/')) {
            world.add_file(
                Path::new("/project").join(path),
                text.as_str().expect("text"),
            );
        }
        for path in files
            .keys()
            .filter(|p| p.ends_with(".yaml") && p.contains("workflows/"))
        {
            let loaded = load_as(&world, &Path::new("/project").join(path), Dialect::Archon);
            if loaded.diagnostics.iter().any(Diagnostic::rejects) {
                continue;
            }
            checked += 1;
            for (d, line) in ours(&loaded) {
                assert_ne!(
                    d.severity,
                    Severity::Error,
                    "{path}:{line} {}: {}",
                    d.code,
                    d.message
                );
            }
        }
    }
    assert!(checked > 5, "only {checked} files");
}
