//! Completion signals of loops (specs/archon.md 4.5): is one in an answer, and the answer without its tags. What the
//! dialect's own tool sees is [`detected`]; what ends a loop here is [`given`], which does not look inside words.

use std::ops::Range;

use super::js;

/// Whether an answer carries the signal: between a tag and its end tag, at the end of the answer, or alone on a line.
/// Plain forms are case-sensitive and ask for no word boundary on the left: `INCOMPLETE` ends in `COMPLETE`.
#[must_use]
pub fn detected(output: &str, signal: &str) -> bool {
    let bare = js::trim(signal);
    !bare.is_empty()
        && (tagged(output, bare).is_some() || at_end(output, signal) || on_its_line(output, bare))
}

/// Whether a line holds the signal and nothing else. Lines end where JavaScript ends them.
fn on_its_line(output: &str, bare: &str) -> bool {
    let mut lines = output.split(['\n', '\r', '\u{2028}', '\u{2029}']);
    lines.any(|line| js::trim(line) == bare)
}

/// Whether an answer gives the signal: as [`detected`], but at the end of the answer it has to be a word of its own.
#[must_use]
pub fn given(output: &str, signal: &str) -> bool {
    let bare = js::trim(signal);
    !bare.is_empty()
        && (tagged(output, bare).is_some()
            || last_at_end(output, signal).is_some_and(|at| {
                // A signal that begins with a sign is apart from any word by itself.
                let inside = |c: char| c.is_alphanumeric() || c == '_';
                let before = &output[..at];
                let word = before.strip_suffix('-').unwrap_or(before);
                !output[at..].starts_with(inside) || !word.ends_with(inside)
            })
            || on_its_line(output, bare))
}

fn at_end(output: &str, signal: &str) -> bool {
    last_at_end(output, signal).is_some()
}

/// Where the signal stands when nothing but punctuation follows it.
fn last_at_end(output: &str, signal: &str) -> Option<usize> {
    let (at, _) = output.rmatch_indices(signal).next()?;
    output[at + signal.len()..]
        .chars()
        .all(|c| js::is_blank(c) || ".,;:!?".contains(c))
        .then_some(at)
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

/// The first `<tag …> SIGNAL </tag>`, letters of any case. The dialect takes the end tag for the same one where the
/// first begins with its name.
fn tagged(text: &str, signal: &str) -> Option<Range<usize>> {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices('<').find_map(|(start, _)| {
        let rest = &text[start + 1..];
        let close = rest.find('>')?;
        let body = rest[close + 1..].trim_start_matches(js::is_blank);
        let after = strip_prefix_any_case(body, signal)?.trim_start_matches(js::is_blank);
        let end = after.strip_prefix("</")?;
        let (name, tail) = end.split_once('>')?;
        let is_name =
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(in_name);
        strip_prefix_any_case(&rest[..close], name).filter(|_| is_name)?;
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
        assert!(detected("first\r COMPLETE\u{2028}more", "COMPLETE"));
    }

    #[test]
    fn the_end_of_a_word_does_not_give_the_signal() {
        for said in [
            "status: INCOMPLETE",
            "INCOMPLETE.",
            "RE_COMPLETE",
            "non-COMPLETE",
        ] {
            assert!(!given(said, "COMPLETE"), "{said}");
        }
        for said in [
            "COMPLETE",
            "it is COMPLETE!",
            "so -COMPLETE",
            "IN\nCOMPLETE\nx",
            "INCOMPLETE <p>complete</p>",
        ] {
            assert!(given(said, "COMPLETE"), "{said}");
        }
        assert!(given("word[DONE]", "[DONE]"));
    }

    #[test]
    fn tags_must_match_and_leave_the_text() {
        assert!(detected("<a x=\"1\"> done </A> tail", "DONE"));
        assert!(!detected("<a>DONE</b> tail", "DONE"));
        assert!(!detected("<a>DONE</ab> tail", "DONE"));
        assert!(detected("<done.2>DONE</done> tail", "DONE"));
        assert_eq!(strip("all <x>DONE</x> good", Some("DONE")), "all  good");
        assert_eq!(strip("a <promise>anything</promise>", None), "a");
    }
}
