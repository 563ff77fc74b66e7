//! Checking every Conductor file of the conformance data in one process, against reading and parsing the same texts.

use std::path::{Path, PathBuf};
use std::time::Instant;

use fermata_analysis::RuleSettings;
use fermata_store::OsWorld;
use fermata_workflow::{Dialect, loader};
use serde_json::Value;

use crate::figures::{line, ms};

pub(crate) fn run() {
    let Some(conductor) =
        std::env::var_os("FERMATA_CORPUS").map(|at| PathBuf::from(at).join("conductor"))
    else {
        println!("  SKIPPED: set FERMATA_CORPUS to the conformance data");
        return;
    };
    let texts = tempfile::tempdir().unwrap();
    let files = lay_out(&conductor, texts.path());
    let began = Instant::now();
    let mut nodes = 0;
    for (_, file) in &files {
        let text = std::fs::read_to_string(file).unwrap();
        nodes += fermata_syntax::parse(&text).text().len();
    }
    let floor = began.elapsed();
    let rules = RuleSettings::default();
    let began = Instant::now();
    let mut found = 0;
    for (place, file) in &files {
        let text = std::fs::read(file).unwrap();
        let world = OsWorld::with_overlay(vec![(place.clone(), text)]);
        let loaded = loader::load_as(&world, place, Dialect::Conductor);
        found += fermata_analysis::run(&loaded, &rules).len();
    }
    let own = began.elapsed();
    let ratio = own.as_secs_f64() / floor.as_secs_f64();
    line(
        &format!(
            "reading and parsing {} files, {} KiB",
            files.len(),
            nodes / 1024
        ),
        &ms(floor),
        None,
    );
    line(
        &format!("checking them: {found} findings"),
        &format!("{} = {ratio:.2} ×", ms(own)),
        Some(("≤ 5 ×", ratio <= 5.0)),
    );
}

/// Every text in a file of its own, with the place at which it is meant to stand.
fn lay_out(conductor: &Path, texts: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut files = Vec::new();
    let mut add = |place: PathBuf, text: &str| {
        let file = texts.join(format!("{}.yaml", files.len()));
        std::fs::write(&file, text).unwrap();
        files.push((place, file));
    };
    for row in rows(&conductor.join("files.jsonl")) {
        let place = conductor.join(row["path"].as_str().unwrap());
        if let Ok(text) = std::fs::read_to_string(&place) {
            add(place, &text);
        }
    }
    for row in rows(&conductor.join("mutations.jsonl")) {
        let base = conductor.join(row["base"].as_str().unwrap());
        add(
            base.with_file_name("_m.yaml"),
            row["yaml"].as_str().unwrap(),
        );
    }
    files
}

fn rows(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
