//! The map between the bytes of a scalar's value and the bytes of the file.
//! Only the data and its look-ups; `cooked` fills it.

use std::ops::Range;

/// A piece of a value and the piece of file it came from. Where both have the
/// same length they are the same bytes; else (an escape, a fold) they belong
/// together as wholes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) cooked: u32,
    pub(crate) cooked_len: u32,
    pub(crate) source: u32,
    pub(crate) source_len: u32,
}

impl Segment {
    fn same_bytes(&self) -> bool {
        self.cooked_len == self.source_len
    }
}

/// Segments in order, without holes on the side of the value. The file may
/// have holes: indentation, trailing blanks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segments {
    list: Vec<Segment>,
}

impl Segments {
    /// Adds the next piece; joins it to the last one if both are verbatim.
    pub(crate) fn push(&mut self, cooked_len: usize, source: Range<usize>) {
        let source_len = source.len() as u32;
        let cooked_len = cooked_len as u32;
        if cooked_len == 0 {
            return;
        }
        let cooked = self.cooked_len();
        if let Some(last) = self.list.last_mut()
            && last.same_bytes()
            && cooked_len == source_len
            && last.source + last.source_len == source.start as u32
        {
            last.cooked_len += cooked_len;
            last.source_len += source_len;
            return;
        }
        self.list.push(Segment {
            cooked,
            cooked_len,
            source: source.start as u32,
            source_len,
        });
    }

    /// Bytes of the value covered so far.
    pub(crate) fn cooked_len(&self) -> u32 {
        self.list.last().map_or(0, |s| s.cooked + s.cooked_len)
    }

    /// Where byte `cooked` of the value begins in the file; `end` for the
    /// value's end and beyond.
    pub(crate) fn source_start(&self, cooked: usize, end: u32) -> u32 {
        let behind = self.list.partition_point(|s| (s.cooked as usize) <= cooked);
        match self.list[..behind].last() {
            Some(s) if cooked < (s.cooked + s.cooked_len) as usize => {
                if s.same_bytes() {
                    s.source + (cooked as u32 - s.cooked)
                } else {
                    s.source
                }
            }
            _ => end,
        }
    }

    /// Where byte `cooked` of the value ends in the file.
    pub(crate) fn source_end(&self, cooked: usize, end: u32) -> u32 {
        let behind = self.list.partition_point(|s| (s.cooked as usize) <= cooked);
        match self.list[..behind].last() {
            Some(s) if cooked < (s.cooked + s.cooked_len) as usize => {
                if s.same_bytes() {
                    s.source + (cooked as u32 - s.cooked) + 1
                } else {
                    s.source + s.source_len
                }
            }
            _ => end,
        }
    }

    /// The byte of the value at `source`, or the next one where the file has
    /// something that is not part of the value.
    pub(crate) fn cooked(&self, source: u32) -> usize {
        let next = self
            .list
            .partition_point(|s| s.source + s.source_len <= source);
        match self.list.get(next) {
            Some(s) if source <= s.source => s.cooked as usize,
            Some(s) if s.same_bytes() => (s.cooked + (source - s.source)) as usize,
            Some(s) => s.cooked as usize,
            None => self.cooked_len() as usize,
        }
    }
}
