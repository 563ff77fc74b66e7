//! What every hand-written source file keeps: a first line that says what it is
//! for, nothing left unfinished, and no trace of the machine it was written on.

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// What must not stand in a source file. In two halves, so that this file does
/// not hold what it looks for.
const LEFTOVERS: [(&str, &str); 12] = [
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("dbg", "!("),
    ("todo", "!("),
    ("unimplemented", "!("),
    ("#[ign", "ore"),
    (".on", "ly("),
    ("/ro", "ot/"),
    ("/wo", "rk/main"),
    ("/wo", "rk/wt"),
    ("/wo", "rk/shared"),
];

/// Checks source files and lock files (relative to the root).
///
/// # Errors
/// Lists every file that breaks a rule, with the line.
pub(crate) fn check(workspace: &Workspace, files: &[String]) -> Result<()> {
    let mut broken = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(workspace.root.join(file))
            .with_context(|| format!("could not read {file}"))?;
        if file.ends_with("package-lock.json") {
            if text.contains("\"resolved\": \"http") {
                broken.push(format!(
                    "{file} names a registry's host; `npm install --package-lock-only` \
                     with omit-lockfile-registry-resolved leaves it out"
                ));
            }
            continue;
        }
        if !says_what_it_is_for(file, &text) {
            broken.push(format!("{file}:1 should say what the file is for"));
        }
        for (number, line) in text.lines().enumerate() {
            if let Some(found) = leftover(line) {
                broken.push(format!("{file}:{} has `{found}`", number + 1));
            }
        }
    }
    if !broken.is_empty() {
        bail!("\n  {}", broken.join("\n  "));
    }
    Ok(())
}

/// Names that already say what such a file is for.
const TELLING_NAMES: [&str; 4] = ["/tests.rs", ".test.ts", ".test.tsx", ".config.ts"];

/// Whether the file begins with a comment (a script: after its interpreter), or
/// its name says enough.
fn says_what_it_is_for(file: &str, text: &str) -> bool {
    if TELLING_NAMES.iter().any(|name| file.ends_with(name)) {
        return true;
    }
    let mut lines = text.lines().filter(|line| !line.starts_with("#!/"));
    let Some(first) = lines.next() else {
        return false;
    };
    if file.ends_with(".rs") {
        // A file that another one includes cannot have an inner comment.
        first.starts_with("//")
    } else {
        ["//", "/*", "--", "#", "'use strict'", "<!--"]
            .iter()
            .any(|start| first.starts_with(start))
    }
}

fn leftover(line: &str) -> Option<String> {
    LEFTOVERS.iter().find_map(|(head, tail)| {
        let word = format!("{head}{tail}");
        let at = line.find(&word)?;
        // Part of a longer word or path is something else.
        let starts = word.chars().all(|c| c.is_ascii_uppercase());
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        (!starts || !(inside(before) || inside(after))).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_leftovers() {
        let word = ["TO", "DO"].concat();
        assert_eq!(leftover(&format!("// {word}: later")), Some(word.clone()));
        assert_eq!(leftover(&format!("{word}S_PER_FILE")), None);
        assert_eq!(leftover("nothing here"), None);
    }

    #[test]
    fn a_script_says_what_it_is_for_after_its_interpreter() {
        assert!(says_what_it_is_for("a.sh", "#!/bin/sh\n# does things\n"));
        assert!(says_what_it_is_for("a.rs", "//! A crate.\n"));
        assert!(!says_what_it_is_for("a.rs", "use std::fs;\n"));
        assert!(!says_what_it_is_for("a.ts", ""));
        assert!(says_what_it_is_for("a/tests.rs", "use super::*;\n"));
    }
}
