//! Completion signals of loops (specs/archon.md 4.5): is one in an answer, and the answer without its tags.

use std::ops::Range;

use super::js;

/// Whether an answer carries the signal: between a tag and its end tag, at the end of the answer, or alone on a line.
/// Plain forms are case-sensitive and ask for no word boundary on the left: `INCOMPLETE` ends in `COMPLETE`.
#[must_use]
pub fn detected(output: &str, signal: &str) -> bool {
    let bare = js::trim(signal);
    !bare.is_empty()
        && (tagged(output, bare).is_some()
            || at_end(output, signal)
            || output.split('\n').any(|line| js::trim(line) == bare))
}

fn at_end(output: &str, signal: &str) -> bool {
    output.rmatch_indices(signal).next().is_some_and(|(at, _)| {
        output[at + signal.len()..]
            .chars()
            .all(|c| js::is_blank(c) || ".,;:!?".contains(c))
    })
}

/// The answer without `<promise>…</promise>` and without tags round the signal, and without blanks at its ends.
#[must_use]
pub fn strip(output: &str, signal: Option<&str>) -> String {
    let mut text = output.to_owned();
    while let Some(range) = promise(&text) {
        text.replace_range(range, "");
    }
    if let Some(signal) = signal.map(js::trim).filter(|s| !s.is_empty()) {
        while let Some(range) = tagged(&text, signal) {
            text.replace_range(range, "");
        }
    }
    js::trim(&text).to_owned()
}

fn promise(text: &str) -> Option<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<promise>")?;
    let end = lower[start..].find("</promise>")?;
    Some(start..start + end + "</promise>".len())
}

/// The first `<tag …> SIGNAL </tag>`, the same tag on both sides, letters of any case.
fn tagged(text: &str, signal: &str) -> Option<Range<usize>> {
    text.match_indices('<').find_map(|(start, _)| {
        let rest = &text[start + 1..];
        let name_end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))?;
        let name = &rest[..name_end];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let close = rest.find('>')?;
        let attributes = &rest[name_end..close];
        if !(attributes.is_empty() || attributes.starts_with(js::is_blank)) {
            return None;
        }
        let body = rest[close + 1..].trim_start_matches(js::is_blank);
        let after = strip_prefix_any_case(body, signal)?.trim_start_matches(js::is_blank);
        let tail = strip_prefix_any_case(after.strip_prefix("</")?, name)?.strip_prefix('>')?;
        Some(start..text.len() - tail.len())
    })
}

fn strip_prefix_any_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let mut rest = text.chars();
    for wanted in prefix.chars() {
        let found = rest.next()?;
        if found != wanted && !found.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_ends_in_the_signal_counts_as_the_signal() {
        assert!(detected("INCOMPLETE", "COMPLETE"));
        assert!(!detected("not COMPLETE yet", "COMPLETE"));
        assert!(detected("first\n  COMPLETE\nmore", "COMPLETE"));
    }

    #[test]
    fn tags_must_match_and_leave_the_text() {
        assert!(detected("<a x=\"1\"> done </A> tail", "DONE"));
        assert!(!detected("<a>DONE</b> tail", "DONE"));
        assert_eq!(strip("all <x>DONE</x> good", Some("DONE")), "all  good");
        assert_eq!(strip("a <promise>anything</promise>", None), "a");
    }
}
