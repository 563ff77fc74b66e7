//! Completion signals of loops (specs/archon.md 4.5): is one in an answer, and the answer without its tags. What the
//! dialect's own tool sees is [`detected`]; what ends a loop here is [`given`], which does not look inside words.

use std::ops::Range;

use super::js;

/// Whether an answer carries the signal: between a tag and its end tag, at the end of the answer, or alone on a line.
/// Plain forms are case-sensitive and ask for no word boundary on the left: `INCOMPLETE` ends in `COMPLETE`.
#[must_use]
pub fn detected(output: &str, signal: &str) -> bool {
    !js::trim(signal).is_empty()
        && (tagged(output, signal).is_some()
            || last_at_end(output, signal).is_some()
            || alone(output, signal))
}

/// Whether an answer gives the signal: as [`detected`], but at the end of the answer it has to be a word of its own.
#[must_use]
pub fn given(output: &str, signal: &str) -> bool {
    !js::trim(signal).is_empty()
        && (tagged(output, signal).is_some()
            || last_at_end(output, signal).is_some_and(|at| {
                // A signal that begins with a sign is apart from any word by itself.
                let inside = |c: char| c.is_alphanumeric() || c == '_';
                let before = &output[..at];
                let word = before.strip_suffix('-').unwrap_or(before);
                !output[at..].starts_with(inside) || !word.ends_with(inside)
            })
            || alone(output, signal))
}

/// Where the signal stands when nothing but punctuation follows it.
fn last_at_end(output: &str, signal: &str) -> Option<usize> {
    let (at, _) = output.rmatch_indices(signal).next()?;
    output[at + signal.len()..]
        .chars()
        .all(|c| js::is_blank(c) || ".,;:!?".contains(c))
        .then_some(at)
}

/// Whether the signal stands somewhere with nothing but blanks between it and the ends of its line.
fn alone(output: &str, signal: &str) -> bool {
    let line_end = |c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
    output.match_indices(signal).any(|(at, _)| {
        let (before, after) = (&output[..at], &output[at + signal.len()..]);
        let left = before.trim_end_matches(js::is_blank);
        let right = after.trim_start_matches(js::is_blank);
        (left.is_empty() || before[left.len()..].contains(line_end))
            && (right.is_empty() || after[..after.len() - right.len()].contains(line_end))
    })
}

/// The answer without `<promise>…</promise>` and without tags round the signal, and without blanks at its ends.
#[must_use]
pub fn strip(output: &str, signal: Option<&str>) -> String {
    let mut text = without(output, promise);
    if let Some(signal) = signal.filter(|signal| !signal.is_empty()) {
        text = without(&text, |text| tagged(text, signal));
    }
    js::trim(&text).to_owned()
}

/// A text without everything that is found in it. What comes together then is not looked at again.
fn without(text: &str, find: impl Fn(&str) -> Option<Range<usize>>) -> String {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(range) = find(rest) {
        kept.push_str(&rest[..range.start]);
        rest = &rest[range.end..];
    }
    kept + rest
}

fn promise(text: &str) -> Option<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<promise>")?;
    let end = lower[start..].find("</promise>")?;
    Some(start..start + end + "</promise>".len())
}

/// The first `<tag …> SIGNAL </tag>`, letters of any case. What stands in the first tag has to begin with what stands in
/// the second, which is a name.
fn tagged(text: &str, signal: &str) -> Option<Range<usize>> {
    text.match_indices('<').find_map(|(start, _)| {
        let rest = &text[start + 1..];
        let close = rest.find('>')?;
        let (open, body) = (&rest[..close], &rest[close + 1..]);
        let after = behind_blanks(body, signal)?.trim_start_matches(js::is_blank);
        let end = after.strip_prefix("</")?;
        let name = &end[..end.find('>')?];
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        (is_name && strip_prefix_any_case(open, name).is_some())
            .then(|| start..text.len() - (end.len() - name.len() - 1))
    })
}

/// What follows a signal that begins a text, after blanks. The signal may begin with blanks itself.
fn behind_blanks<'t>(text: &'t str, signal: &str) -> Option<&'t str> {
    let blanks = text.len() - text.trim_start_matches(js::is_blank).len();
    let places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    places
        .take_while(|at| *at <= blanks)
        .find_map(|at| strip_prefix_any_case(&text[at..], signal))
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
        assert_eq!(strip("all <x>DONE</x> good", Some("DONE")), "all  good");
        assert_eq!(strip("a <promise>anything</promise>", None), "a");
    }

    #[test]
    fn the_first_tag_begins_with_the_name_in_the_second() {
        for said in ["<p:x>DONE</p>", "<done/>DONE</DONE>", "<donex>DONE</done>"] {
            assert!(detected(said, "DONE"), "{said}");
            assert_eq!(strip(said, Some("DONE")), "", "{said}");
        }
        for said in ["<x.y>DONE</x.y>.", "<do>DONE</done>.", "<a>DONE</>."] {
            assert!(!detected(&format!("{said} no"), "DONE"), "{said}");
        }
    }

    #[test]
    fn blanks_of_the_signal_are_a_part_of_it() {
        assert!(detected("a\n DONE\n", " DONE"));
        assert!(!detected("DONE", " DONE"));
        assert!(detected("<p>\n DONE</p> x", " DONE"));
        assert!(!detected("<p>DONE</p> x", " DONE"));
    }

    #[test]
    fn what_comes_together_when_tags_are_taken_out_stays() {
        let said = "<pro<promise>x</promise>mise>y</promise>";
        assert_eq!(strip(said, None), "<promise>y</promise>");
    }
}
