//! Incremental edits and positions, in all three encodings, against the naive
//! truth.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use fermata_syntax::{Encoding, LineIndex, Offset, Position, edit};
use proptest::prelude::*;

const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "bc",
        " ",
        "\n",
        "\r\n",
        "\r",
        "é",
        "日",
        "\u{1f600}",
        "\u{10ffff}",
        "x: y",
        "\u{feff}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn units(text: &str, encoding: Encoding) -> u32 {
    let count = match encoding {
        Encoding::Utf8 => text.len(),
        Encoding::Utf16 => text.encode_utf16().count(),
        Encoding::Utf32 => text.chars().count(),
    };
    u32::try_from(count).unwrap()
}

/// The position of a byte, counted by hand.
fn position(text: &str, at: usize, encoding: Encoding) -> Position {
    let mut line = 0;
    let mut start = 0;
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate().take(at) {
        let ends = match byte {
            b'\n' => true,
            b'\r' => bytes.get(index + 1) != Some(&b'\n'),
            _ => false,
        };
        if ends {
            line += 1;
            start = index + 1;
        }
    }
    Position {
        line,
        character: units(&text[start..at], encoding),
    }
}

/// Character boundaries that are not inside a `\r\n`.
fn places(text: &str) -> Vec<usize> {
    (0..=text.len())
        .filter(|&at| text.is_char_boundary(at))
        .filter(|&at| !(text[..at].ends_with('\r') && text[at..].starts_with('\n')))
        .collect()
}

proptest! {
    #[test]
    fn positions_and_offsets_are_each_others_inverse(text in text()) {
        let index = LineIndex::new(&text);
        for encoding in ENCODINGS {
            for at in places(&text) {
                let offset = Offset::try_from(at).unwrap();
                let expected = position(&text, at, encoding);
                prop_assert_eq!(index.position(offset, encoding), expected);
                prop_assert_eq!(index.offset(expected, encoding), offset);
            }
        }
    }

    #[test]
    fn any_position_gives_a_character_boundary_and_any_offset_a_position(
        text in text(), line in 0u32..12, character in 0u32..30,
    ) {
        let index = LineIndex::new(&text);
        for encoding in ENCODINGS {
            let at = usize::from(index.offset(Position { line, character }, encoding));
            prop_assert!(text.is_char_boundary(at));
            for offset in 0..=u32::try_from(text.len()).unwrap() + 3 {
                let back = index.position(offset.into(), encoding);
                prop_assert!(back.line < index.line_count());
            }
        }
    }

    #[test]
    fn edits_one_after_the_other_equal_the_whole_text(
        first in text(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), text()), 0..6),
        encoding in prop::sample::select(ENCODINGS.to_vec()),
    ) {
        let mut incremental = first.clone();
        let mut whole = first;
        for (from, to, new) in edits {
            let places = places(&whole);
            let (from, to) = (*from.get(&places), *to.get(&places));
            let (from, to) = (from.min(to), from.max(to));
            let range = (position(&whole, from, encoding), position(&whole, to, encoding));
            edit::apply(&mut incremental, Some(range), encoding, &new);
            whole.replace_range(from..to, &new);
            prop_assert_eq!(&incremental, &whole);
        }
    }

    #[test]
    fn edits_at_impossible_positions_keep_the_text_whole(
        text in text(), a in (0u32..20, 0u32..50), b in (0u32..20, 0u32..50), new in text(),
        encoding in prop::sample::select(ENCODINGS.to_vec()),
    ) {
        let index = LineIndex::new(&text);
        let at = |p: (u32, u32)| Position { line: p.0, character: p.1 };
        let mut edited = text.clone();
        edit::apply(&mut edited, Some((at(a), at(b))), encoding, &new);
        let (from, to) = (index.offset(at(a), encoding), index.offset(at(b), encoding));
        let mut expected = text.clone();
        expected.replace_range(usize::from(from.min(to))..usize::from(from.max(to)), &new);
        prop_assert_eq!(edited, expected);
    }
}

#[test]
fn no_range_replaces_the_whole_text() {
    let mut text = String::from("old");
    edit::apply(&mut text, None, Encoding::Utf16, "new");
    assert_eq!(text, "new");
}

#[test]
fn line_spans_leave_out_the_line_break() {
    let index = LineIndex::new("a\r\nbc\rd\n");
    let spans: Vec<_> = (0..5)
        .map(|line| {
            index
                .line_span(line)
                .map(|s| (u32::from(s.start()), u32::from(s.end())))
        })
        .collect();
    assert_eq!(
        spans,
        [Some((0, 1)), Some((3, 5)), Some((6, 7)), Some((8, 8)), None]
    );
}

#[test]
fn a_column_inside_an_astral_character_is_its_start() {
    let index = LineIndex::new("\u{1f600}x");
    for (character, offset) in [(0, 0), (1, 0), (2, 4), (3, 5), (9, 5)] {
        let position = Position { line: 0, character };
        assert_eq!(index.offset(position, Encoding::Utf16), offset.into());
    }
}
