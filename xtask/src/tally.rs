//! Counts of tests, and how to read them from what each runner prints.
//! Knows runners' wording only; starts nothing.

use std::ops::AddAssign;

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Reads every summary in `output`, whichever runner wrote it: cargo-nextest,
/// `cargo test`, vitest, `node --test`, and our own `N passed, M failed, K
/// skipped`. nextest shows what each test binary printed for its one test, so
/// next to its summary those do not count. A Rust test that finds a
/// prerequisite missing prints a line that starts with `SKIPPED`; its runner
/// counts it as passed, so it is moved.
pub(crate) fn read(output: &str) -> Tally {
    let mut by_nextest: Option<Tally> = None;
    let mut by_libtest: Option<Tally> = None;
    let mut others = Tally::default();
    let mut announced = 0;
    for line in output.lines() {
        let plain = without_colour(line);
        let line = plain.trim();
        if let Some(found) = nextest(line) {
            *by_nextest.get_or_insert_default() += found;
        } else if let Some(found) = libtest(line) {
            *by_libtest.get_or_insert_default() += found;
        } else if let Some(found) = vitest(line).or_else(|| node(line)).or_else(|| own(line)) {
            others += found;
        } else if line.starts_with("SKIPPED") {
            announced += 1;
        }
    }
    if let Some(mut rust) = by_nextest.or(by_libtest) {
        let moved = announced.min(rust.passed);
        rust.passed -= moved;
        rust.skipped += moved;
        others += rust;
    }
    others
}

/// The reasons that tests gave for not running, in order, each once.
pub(crate) fn announced_skips(output: &str) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for line in output.lines() {
        if let Some(reason) = line.trim().strip_prefix("SKIPPED") {
            let reason = reason.trim_start_matches([':', ' ']).trim_end().to_owned();
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    reasons
}

/// `Summary [ 1.2s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 0 skipped`
fn nextest(line: &str) -> Option<Tally> {
    let (head, counts) = line.split_once(" run: ")?;
    (head.starts_with("Summary [") && (head.ends_with("tests") || head.ends_with("test")))
        .then(|| counted(counts.split(',')))
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; …`
fn libtest(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    Some(counted(counts.split(';')))
}

/// `Tests  1 failed | 12 passed | 2 skipped (15)`
fn vitest(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("Tests ")?;
    let counts = counts.rsplit_once('(').map_or(counts, |(counts, _)| counts);
    counts
        .contains(|c: char| c.is_ascii_digit())
        .then(|| counted(counts.split('|')))
}

/// `ℹ pass 3`, or `# pass 3` from the TAP reporter.
fn node(line: &str) -> Option<Tally> {
    let line = line
        .strip_prefix("ℹ ")
        .or_else(|| line.strip_prefix("# "))?;
    let (word, number) = line.split_once(' ')?;
    let number = number.parse().ok()?;
    let mut tally = Tally::default();
    match word {
        "pass" => tally.passed = number,
        "fail" | "cancelled" => tally.failed = number,
        "skipped" | "todo" => tally.skipped = number,
        _ => return None,
    }
    Some(tally)
}

/// Our own last line, exactly.
fn own(line: &str) -> Option<Tally> {
    let mut parts = line.split(", ");
    let mut number = |word: &str| -> Option<u64> {
        let (number, name) = parts.next()?.split_once(' ')?;
        (name == word).then(|| number.parse().ok())?
    };
    let tally = Tally {
        passed: number("passed")?,
        failed: number("failed")?,
        skipped: number("skipped")?,
    };
    parts.next().is_none().then_some(tally)
}

/// Sums phrases like `3 passed (1 slow)`, `1 timed out`, `2 ignored`.
fn counted<'a>(phrases: impl Iterator<Item = &'a str>) -> Tally {
    let mut tally = Tally::default();
    for phrase in phrases {
        let Some((number, rest)) = phrase.trim().split_once(' ') else {
            continue;
        };
        let Ok(number) = number.parse::<u64>() else {
            continue;
        };
        match rest.split(" (").next().unwrap_or(rest).trim() {
            "passed" => tally.passed += number,
            "failed" | "timed out" | "exec failed" => tally.failed += number,
            "skipped" | "ignored" | "todo" => tally.skipped += number,
            _ => {}
        }
    }
    tally
}

/// The line without terminal escapes.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            for c in chars.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn nextest_timeouts_count_as_failures() {
        let text = "     Summary [   1.234s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 2 skipped";
        assert_eq!(read(text), tally(7, 2, 2));
        assert_eq!(
            read("Summary [ 0.1s] 1 test run: 1 passed, 0 skipped"),
            tally(1, 0, 0)
        );
    }

    #[test]
    fn what_single_tests_print_under_nextest_does_not_count_twice() {
        let text = "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 4 filtered out\n\
                    Summary [ 0.1s] 2 tests run: 1 passed, 1 failed, 0 skipped";
        assert_eq!(read(text), tally(1, 1, 0));
    }

    #[test]
    fn cargo_test_summaries_of_several_binaries_are_added() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 5 filtered out; finished in 0.00s\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(read(text), tally(5, 1, 1));
    }

    #[test]
    fn a_rust_test_that_says_it_was_skipped_does_not_count_as_passed() {
        let text = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n    SKIPPED: no corpus here";
        assert_eq!(read(text), tally(2, 0, 1));
    }

    #[test]
    fn vitest_colours_do_not_hide_its_counts() {
        let text = "\u{1b}[2m Test Files \u{1b}[22m 1 failed (1)\n\u{1b}[2m      Tests \u{1b}[22m \u{1b}[31m1 failed\u{1b}[39m | \u{1b}[32m12 passed\u{1b}[39m | 2 skipped (15)";
        assert_eq!(read(text), tally(12, 1, 2));
    }

    #[test]
    fn node_cancelled_tests_count_as_failures() {
        let text = "ℹ tests 6\nℹ pass 3\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0";
        assert_eq!(read(text), tally(3, 2, 1));
    }

    #[test]
    fn our_own_line_is_read_back_exactly() {
        let line = tally(4, 2, 1).to_string();
        assert_eq!(line, "4 passed, 2 failed, 1 skipped");
        assert_eq!(read(&line), tally(4, 2, 1));
        assert_eq!(
            read("about 4 passed, 2 failed, 1 skipped or so"),
            tally(0, 0, 0)
        );
    }
}
