//! Agreement with Archon's own validator on recorded verdicts: verdicts, rules, includes and projects.

#[path = "archon/corpus.rs"]
mod corpus;

use std::collections::BTreeSet;
use std::path::Path;

use corpus::{corpus, rows, world};
use fermata_workflow::dialects::archon::{Project, eval_rows};
use fermata_workflow::{Dialect, Loaded, MemoryWorld, Verdict, agreed_rules, load_as, verdict};
use serde_json::Value;

#[derive(Default)]
struct Tally {
    rows: usize,
    verdicts: usize,
    rules: usize,
    covered: usize,
    named: usize,
    differences: Vec<String>,
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

impl Tally {
    fn row(&mut self, id: &str, row: &Value, loaded: &Loaded) {
        self.rows += 1;
        let valid = row["valid"].as_bool().unwrap_or_default();
        let ours = verdict(&loaded.diagnostics);
        let agrees = valid == (ours == Verdict::Accepted);
        self.verdicts += usize::from(agrees);
        let expected: BTreeSet<&str> = list(&row["errors"])
            .chain(list(&row["warnings"]))
            .filter_map(|e| e["rule"].as_str())
            .collect();
        let agreed: BTreeSet<&str> = agreed_rules(loaded).into_iter().collect();
        let all: BTreeSet<&str> = loaded
            .diagnostics
            .iter()
            .filter_map(|d| d.upstream)
            .collect();
        self.rules += usize::from(agreed == expected);
        let mut wanted = expected.clone();
        wanted.extend(list(&row["notes"]).filter_map(|e| e["rule"].as_str()));
        let covered = wanted.is_subset(&all);
        self.covered += usize::from(covered);
        let node = list(&row["errors"]).next().and_then(|e| e["node"].as_str());
        let rule = row["errors"][0]["rule"].as_str();
        let named = node.is_none_or(|n| {
            loaded.diagnostics.iter().any(|d| {
                d.upstream == rule
                    && d.step
                        .as_deref()
                        .is_some_and(|s| s == n || n.starts_with(s))
            })
        });
        self.named += usize::from(named);
        if !agrees || agreed != expected || !covered || !named {
            let errors: Vec<String> = loaded
                .diagnostics
                .iter()
                .filter(|d| d.rejects())
                .map(|d| format!("{} {:?} {}", d.code, d.step, d.message))
                .collect();
            let verdict = if agrees { "" } else { "VERDICT " };
            let theirs: Vec<String> = list(&row["errors"])
                .map(|e| format!("{} {}", e["name"], e["loc"]))
                .collect();
            self.differences.push(format!(
                "{id} {} {}: {verdict}agreed {agreed:?} expected {expected:?} wanted {wanted:?} theirs {theirs:?} ours {errors:?} named {named}",
                row["operator"].as_str().unwrap_or("file"),
                row["base"].as_str().unwrap_or_default(),
            ));
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn percent(part: usize, of: usize) -> f64 {
    100.0 * part as f64 / of.max(1) as f64
}

fn report(name: &str, lines: &[String]) {
    if let Some(folder) = std::env::var_os("FERMATA_CONFORMANCE_REPORT") {
        let path = Path::new(&folder).with_extension(name);
        std::fs::write(path, lines.join("\n")).expect("report");
    }
}

#[test]
fn verdicts_and_rules_agree_with_the_dialects_own_validator() {
    let Some(corpus) = corpus() else { return };
    let mut tally = Tally::default();
    for row in rows(&corpus.join("files.jsonl")) {
        let path = row["path"].as_str().expect("path");
        let mut files = world(&corpus.join("files"));
        if row["standalone"].as_bool().unwrap_or_default() {
            let text = std::fs::read(corpus.join("files").join(path)).expect("file");
            files = MemoryWorld::new();
            for part in ["commands", "scripts"] {
                let from = corpus.join("files/.archon").join(part);
                files = lay_part(files, &from, &Path::new("/project/.archon").join(part));
            }
            files.add_program("bun", "/bin/bun");
            files.add_program("uv", "/bin/uv");
            files.set_home("/home/none");
            files.add_file(Path::new("/project").join(path), text);
        }
        let loaded = load_as(&files, &Path::new("/project").join(path), Dialect::Archon);
        tally.row(path, &row, &loaded);
    }
    let mut files = world(&corpus.join("mutations_project"));
    let subject = Path::new("/project/.archon/workflows/subject.yaml");
    for row in rows(&corpus.join("mutations.jsonl")) {
        files.add_file(subject, row["yaml"].as_str().expect("yaml"));
        let loaded = load_as(&files, subject, Dialect::Archon);
        tally.row(row["id"].as_str().expect("id"), &row, &loaded);
    }
    let summary = format!(
        "verdicts {:.2}%, rules exactly {:.2}%, rules covered {:.2}%, node named {:.2}% of {}",
        percent(tally.verdicts, tally.rows),
        percent(tally.rules, tally.rows),
        percent(tally.covered, tally.rows),
        percent(tally.named, tally.rows),
        tally.rows
    );
    eprintln!("{summary}");
    let mut lines = vec![summary.clone()];
    lines.extend(tally.differences);
    report("mutations", &lines);
    assert!(percent(tally.verdicts, tally.rows) >= 99.5, "{summary}");
    assert!(percent(tally.rules, tally.rows) >= 97.0, "{summary}");
    assert!(percent(tally.covered, tally.rows) >= 97.0, "{summary}");
}

fn lay_part(mut files: MemoryWorld, from: &Path, to: &Path) -> MemoryWorld {
    for entry in std::fs::read_dir(from).expect("folder").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            files = lay_part(files, &path, &target);
        } else {
            files.add_file(target, std::fs::read(&path).expect("file"));
        }
    }
    files
}

/// Names in messages are compared as sets, wording is not.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(x), Value::Number(y)) => x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            let keys: BTreeSet<&String> = x
                .keys()
                .chain(y.keys())
                .filter(|k| *k != "mentions")
                .collect();
            keys.into_iter().all(|k| match (x.get(k), y.get(k)) {
                (Some(x), Some(y)) => same(x, y),
                _ => false,
            })
        }
        _ => ours == theirs,
    }
}

#[test]
fn includes_expand_as_recorded() {
    let Some(corpus) = corpus() else { return };
    let all = rows(&corpus.join("includes.jsonl"));
    let mut lines = Vec::new();
    for row in &all {
        let answer = eval_rows::includes(row);
        if !same(&answer, &row["expect"]) {
            lines.push(format!(
                "{}\n  ours   {answer}\n  theirs {}\n  {}",
                row["id"], row["expect"], row["files"]
            ));
        }
    }
    report("includes", &lines);
    let mut unnamed = Vec::new();
    for row in &all {
        let names = |v: &Value| -> Vec<BTreeSet<String>> {
            let of = |e: &Value| {
                list(&e["mentions"])
                    .filter_map(|m| m.as_str().map(str::to_owned))
                    .collect()
            };
            list(&v["errors"]).map(of).collect()
        };
        let (ours, theirs) = (names(&eval_rows::includes(row)), names(&row["expect"]));
        if ours != theirs {
            unnamed.push(format!("{} {ours:?} {theirs:?}", row["id"]));
        }
    }
    eprintln!(
        "includes: {} rows differ in the names they mention",
        unnamed.len()
    );
    report("mentions", &unnamed);
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
    eprintln!(
        "includes: {} of {} rows agree",
        all.len() - lines.len(),
        all.len()
    );
    assert!(
        lines.len() * 100 <= all.len(),
        "{} of {} rows of includes differ",
        lines.len(),
        all.len()
    );
}

#[test]
fn projects_are_discovered_as_recorded() {
    let Some(corpus) = corpus() else { return };
    let mut lines = Vec::new();
    let all = rows(&corpus.join("projects.jsonl"));
    for row in &all {
        let mut files = MemoryWorld::new();
        for (path, text) in row["files"].as_object().expect("files") {
            if path.ends_with('/') {
                files.add_folder(Path::new("/project").join(path));
            } else {
                files.add_file(
                    Path::new("/project").join(path),
                    text.as_str().expect("text"),
                );
            }
        }
        let found = Project::at(&files, Some(Path::new("/project"))).discover();
        let names: Vec<&str> = list(&row["expect"]["workflows"])
            .filter_map(Value::as_str)
            .collect();
        let errors: Vec<(&str, &str)> = list(&row["expect"]["errors"])
            .filter_map(|e| Some((e["file"].as_str()?, e["rule"].as_str()?)))
            .collect();
        let ours: Vec<(&str, &str)> = found
            .errors
            .iter()
            .map(|e| (e.file.as_str(), e.rule))
            .collect();
        let ordered = row["order_dependent"].as_bool().unwrap_or_default();
        if !ordered && (found.workflows != names || ours != errors) {
            lines.push(format!(
                "{}: {:?} {ours:?} expected {names:?} {errors:?}",
                row["id"], found.workflows
            ));
        }
    }
    eprintln!(
        "projects: {} of {} agree\n{}",
        all.len() - lines.len(),
        all.len(),
        lines.join("\n")
    );
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
