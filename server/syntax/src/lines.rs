//! Offsets to lines and columns and back, in the three encodings editors
//! count in. Knows text only: no tree, no YAML.

use crate::{Offset, Span};

/// The unit in which an editor counts columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units.
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

impl Encoding {
    /// Units that `c` takes in this encoding.
    pub(crate) fn units(self, c: char) -> usize {
        match self {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16 => c.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }
}

/// A place as editors name it. Both counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line; lines end at `\n`, `\r\n` or a lone `\r`.
    pub line: u32,
    /// Column, in units of an [`Encoding`].
    pub character: u32,
}

/// One character that is not ASCII, with what the characters before it save
/// when counted in another unit than bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wide {
    offset: u32,
    saved_utf16: u32,
    saved_utf32: u32,
    len: u8,
}

impl Wide {
    fn end(&self) -> u32 {
        self.offset + u32::from(self.len)
    }

    fn saved_before(&self, encoding: Encoding) -> u32 {
        match encoding {
            Encoding::Utf8 => 0,
            Encoding::Utf16 => self.saved_utf16,
            Encoding::Utf32 => self.saved_utf32,
        }
    }

    fn saved_after(&self, encoding: Encoding) -> u32 {
        let own = match encoding {
            Encoding::Utf8 => 0,
            Encoding::Utf16 if self.len == 4 => 2,
            Encoding::Utf16 | Encoding::Utf32 => u32::from(self.len) - 1,
        };
        self.saved_before(encoding) + own
    }
}

/// Where the lines of a text are. Look-ups are logarithmic, also on a single
/// line of many megabytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineIndex {
    /// Start and end (before the line break) of every line; never empty.
    lines: Vec<(u32, u32)>,
    wide: Vec<Wide>,
    len: u32,
}

impl LineIndex {
    /// Indexes `text`, of which at most 4 GiB count.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut lines = Vec::new();
        let mut wide = Vec::new();
        let (mut saved_utf16, mut saved_utf32) = (0u32, 0u32);
        let mut start = 0;
        let mut at = 0;
        while at < bytes.len() && at < u32::MAX as usize {
            let byte = bytes[at];
            match byte {
                b'\n' | b'\r' => {
                    lines.push((start as u32, at as u32));
                    at += if byte == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                        2
                    } else {
                        1
                    };
                    start = at;
                }
                0..=0x7f => at += 1,
                _ => {
                    let len = match byte {
                        0xf0.. => 4,
                        0xe0.. => 3,
                        _ => 2,
                    };
                    let one = Wide {
                        offset: at as u32,
                        saved_utf16,
                        saved_utf32,
                        len,
                    };
                    saved_utf16 = one.saved_after(Encoding::Utf16);
                    saved_utf32 = one.saved_after(Encoding::Utf32);
                    wide.push(one);
                    at += usize::from(len);
                }
            }
        }
        lines.push((start as u32, at as u32));
        LineIndex {
            lines,
            wide,
            len: at as u32,
        }
    }

    /// How many lines there are; at least 1. A text that ends with a line
    /// break has an empty last line.
    #[must_use]
    pub fn line_count(&self) -> u32 {
        self.lines.len() as u32
    }

    /// The line that contains `offset`, from 0. An offset behind the text is
    /// on the last line.
    #[must_use]
    pub fn line_of(&self, offset: Offset) -> u32 {
        let offset = u32::from(offset);
        self.lines.partition_point(|line| line.0 <= offset) as u32 - 1
    }

    /// The span of a line without its line break; `None` behind the last.
    #[must_use]
    pub fn line_span(&self, line: u32) -> Option<Span> {
        let &(start, end) = self.lines.get(line as usize)?;
        Some(Span::new(start.into(), end.into()))
    }

    /// The position of `offset`. An offset behind the text, or inside a
    /// `\r\n`, is taken as the end of its line; one inside a character as the
    /// character's start.
    #[must_use]
    pub fn position(&self, offset: Offset, encoding: Encoding) -> Position {
        let line = self.line_of(offset);
        let (start, end) = self.lines[line as usize];
        let mut offset = u32::from(offset).min(end);
        let first = self.wide.partition_point(|w| w.offset < start);
        let behind = self.wide.partition_point(|w| w.offset < offset);
        let mut saved = 0;
        if behind > first {
            let base = self.wide[first].saved_before(encoding);
            let last = &self.wide[behind - 1];
            if last.end() > offset {
                offset = last.offset;
                saved = last.saved_before(encoding) - base;
            } else {
                saved = last.saved_after(encoding) - base;
            }
        }
        Position {
            line,
            character: offset - start - saved,
        }
    }

    /// The offset of `position`. A column behind its line is the line's end,
    /// a line behind the text is the text's end, and a column inside a
    /// character is the character's start.
    #[must_use]
    pub fn offset(&self, position: Position, encoding: Encoding) -> Offset {
        let Some(&(start, end)) = self.lines.get(position.line as usize) else {
            return self.len.into();
        };
        let first = self.wide.partition_point(|w| w.offset < start);
        let limit = self.wide.partition_point(|w| w.offset < end);
        let here = &self.wide[first..limit];
        let Some(base) = here.first().map(|w| w.saved_before(encoding)) else {
            return start.saturating_add(position.character).min(end).into();
        };
        let column = |w: &Wide| w.offset - start - (w.saved_before(encoding) - base);
        let passed = here.partition_point(|w| column(w) < position.character);
        let mut offset = start.saturating_add(position.character);
        if let Some(last) = passed.checked_sub(1).map(|at| &here[at]) {
            offset = offset.saturating_add(last.saved_after(encoding) - base);
            if offset < last.end() {
                offset = last.offset;
            }
        }
        offset.min(end).into()
    }
}
