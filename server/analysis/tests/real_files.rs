//! Our rules on the real workflow files of the conformance data: no error of
//! ours on what the dialect's own tool accepts, few warnings, and exactly those
//! that were read one by one and found right (`real_files.txt`: path, code and
//! line, or a dash for a file about which nothing is said).

#[path = "../../workflow/tests/conductor/corpus.rs"]
#[allow(unreachable_pub, dead_code)]
mod corpus;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use fermata_analysis::{OUR_RULES, RuleSettings, run};
use fermata_workflow::loader::load_as;
use fermata_workflow::{Diagnostic, Dialect, Severity};

/// Warnings of ours per accepted file that are still bearable.
const BEARABLE: f64 = 1.5;

fn ours(diagnostic: &Diagnostic) -> bool {
    OUR_RULES.iter().any(|rule| rule.code == diagnostic.code)
}

#[test]
fn on_accepted_real_files_our_warnings_are_few_and_all_of_them_were_reviewed() {
    let Some(corpus) = corpus::corpus() else {
        return;
    };
    let world = corpus::Overlay::new(&corpus);
    let (mut files, mut warnings, mut list) = (0usize, 0usize, String::new());
    for row in corpus::rows(&corpus.join("files.jsonl")) {
        if row["valid"] != true {
            continue;
        }
        files += 1;
        let path = row["path"].as_str().expect("a path");
        let loaded = load_as(&world, &corpus.join(path), Dialect::Conductor);
        let before = list.len();
        let all = run(&loaded, &RuleSettings::new());
        let nameless = all
            .iter()
            .find(|d| !ours(d) && !fermata_workflow::codes().contains(&d.code));
        assert!(
            nameless.is_none(),
            "{path}: a code that is in no list: {nameless:?}"
        );
        for found in all.iter().filter(|d| ours(d)) {
            let file = loaded
                .sources
                .get(found.loc.file)
                .expect("a file of the load");
            let line = file.tree.line_index().line_of(found.loc.span.start()) + 1;
            assert_ne!(
                found.severity,
                Severity::Error,
                "{path}:{line} {}: {}",
                found.code,
                found.message
            );
            warnings += usize::from(found.severity == Severity::Warning);
            if std::env::var_os("FERMATA_SHOW").is_some() {
                eprintln!(
                    "{path}:{line} {:?} {}: {}",
                    found.severity, found.code, found.message
                );
            }
            writeln!(list, "{path} {} {line}", found.code).expect("a string");
        }
        if list.len() == before {
            writeln!(list, "{path} -").expect("a string");
        }
    }
    #[allow(clippy::cast_precision_loss)]
    let average = warnings as f64 / files.max(1) as f64;
    eprintln!("{files} accepted files, {warnings} warnings of ours, {average:.2} per file");
    assert!(average <= BEARABLE, "{average:.2} warnings per file");
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_files.txt");
    if std::env::var_os("FERMATA_UPDATE").is_some() {
        std::fs::write(&snapshot, &list).expect("the snapshot can be written");
    }
    let reviewed = std::fs::read_to_string(&snapshot).unwrap_or_default();
    // The data here may be more or less than what was reviewed: files that both know are compared.
    let of = |text: &str, path: &str| -> Vec<String> {
        let own = text
            .lines()
            .filter(|line| line.split(' ').next() == Some(path));
        own.map(str::to_owned).collect()
    };
    let paths: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let known: Vec<&str> = paths
        .into_iter()
        .filter(|path| !of(&reviewed, path).is_empty())
        .collect();
    assert!(
        !known.is_empty(),
        "no file of the data is in the reviewed list"
    );
    for path in known {
        assert_eq!(
            of(&list, path),
            of(&reviewed, path),
            "{path}: not what was reviewed"
        );
    }
}
