//! Every code that can be reported has a page, every page has a code, and the
//! list of upstream codes is what the sources of lowering really say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fermata_analysis::{OUR_RULES, explain, pages};

/// Words in lowering that look like codes: the name of a provider.
const NO_CODES: &[&str] = &["claude-agent-sdk"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the sources are readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Quoted words of lower-case letters joined by dashes, outside of tests.
fn words_like_codes(source: &str) -> Vec<&str> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let quoted = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    let like = |word: &str| {
        word.contains('-')
            && word
                .split('-')
                .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase()))
    };
    quoted.filter(|word| like(word)).collect()
}

#[test]
fn every_code_in_the_sources_of_lowering_is_listed() {
    let lowering = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflow/src");
    let mut files = vec![lowering.join("loader.rs")];
    sources(&lowering.join("dialects/conductor"), &mut files);
    files.push(lowering.join("dialects/conductor.rs"));
    sources(&lowering.join("dialects/archon"), &mut files);
    sources(&lowering.join("../../expr/src/archon/schema"), &mut files);
    let listed = fermata_workflow::codes();
    let mut seen = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        for word in words_like_codes(&source)
            .into_iter()
            .filter(|w| !NO_CODES.contains(w))
        {
            assert!(
                listed.contains(&word),
                "`{word}` in {} is not in fermata_workflow::codes",
                file.display()
            );
            seen.insert(word.to_owned());
        }
    }
    assert!(
        seen.len() > 60,
        "only {} codes were found; the sources are written in another way now",
        seen.len()
    );
}

#[test]
fn every_upstream_code_has_a_page_that_starts_with_it_and_names_its_rule() {
    let missing: Vec<_> = fermata_workflow::codes()
        .into_iter()
        .filter(|code| {
            !explain(code).is_some_and(|page| {
                page.starts_with(&format!("# {code}\n")) && page.contains("Upstream: ")
            })
        })
        .collect();
    assert!(missing.is_empty(), "no page in docs/rules for {missing:?}");
}

#[test]
fn every_page_of_an_archon_code_names_its_rules() {
    for code in fermata_workflow::dialects::archon::codes::CODES {
        let page = explain(code.code).expect("a page");
        let upstream = page
            .lines()
            .find(|l| l.starts_with("Severity: "))
            .expect("a line");
        assert!(
            upstream.contains("Archon"),
            "docs/rules/{}.md: {upstream}",
            code.code
        );
        for rule in code.rules {
            let words = upstream.replace([',', '.', ';'], " ");
            assert!(
                words.split(' ').any(|word| word == *rule),
                "docs/rules/{}.md does not name {rule}",
                code.code
            );
        }
    }
}

#[test]
fn every_page_is_of_a_code_and_has_its_four_parts() {
    let upstream = fermata_workflow::codes();
    for (code, page) in pages() {
        let known = upstream.contains(code) || OUR_RULES.iter().any(|rule| rule.code == *code);
        assert!(known, "docs/rules/{code}.md is of no rule");
        for part in [
            "**",
            "Severity: ",
            "## What it means",
            "## Example",
            "## How to fix it",
        ] {
            assert!(page.contains(part), "docs/rules/{code}.md has no `{part}`");
        }
    }
}

#[test]
fn no_rule_of_ours_takes_the_code_of_an_upstream_rule() {
    let upstream = fermata_workflow::codes();
    assert!(
        upstream.windows(2).all(|pair| pair[0] < pair[1]),
        "sorted and unique"
    );
    for rule in OUR_RULES {
        assert!(!upstream.contains(&rule.code), "{}", rule.code);
    }
}
