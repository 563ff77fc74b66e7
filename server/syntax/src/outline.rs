//! Lines of a broken text as a person sees them: how deep they are, whether
//! they begin an item or a key. Read from the text alone, since where this is
//! needed there is no tree; so it may be wrong, and nothing but healing may
//! rely on it.

use std::ops::Range;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) start: usize,
    /// Before the line break.
    pub(crate) end: usize,
    /// Behind the line break.
    pub(crate) next: usize,
    /// Column of the first character that is no space or tab.
    pub(crate) indent: usize,
    /// Behind indentation and all `- `.
    pub(crate) body: usize,
    /// Behind the colon of a key, if the body begins with one.
    pub(crate) key_end: Option<usize>,
    /// Whether it has only blanks, or a comment.
    pub(crate) blank: bool,
    /// Whether it looks like a line of a block scalar's text.
    pub(crate) text: bool,
}

impl Line {
    /// Where the first character is.
    pub(crate) fn text_start(&self) -> usize {
        self.start + self.indent
    }

    /// Column of what follows the dashes; siblings of this line's key are
    /// there.
    pub(crate) fn column(&self) -> usize {
        self.body - self.start
    }

    /// Column of what this line begins: its key, else its dash.
    pub(crate) fn owner(&self) -> usize {
        if self.key_end.is_some() {
            self.column()
        } else {
            self.indent
        }
    }

    pub(crate) fn has_dash(&self) -> bool {
        self.body > self.text_start()
    }
}

/// The lines of a text.
pub(crate) struct Outline {
    lines: Vec<Line>,
}

impl Outline {
    pub(crate) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut lines = Vec::new();
        let mut start = 0;
        while start < bytes.len() {
            let end = bytes[start..]
                .iter()
                .position(|byte| matches!(byte, b'\n' | b'\r'))
                .map_or(bytes.len(), |length| start + length);
            let crlf = bytes[end..].starts_with(b"\r\n");
            let next = (end + 1 + usize::from(crlf)).min(bytes.len());
            lines.push(line(text, start, end, next));
            start = next;
        }
        mark_block_text(text, &mut lines);
        Outline { lines }
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Line> {
        self.lines.get(number)
    }

    /// The number of the line that contains `at`; the last line for the end
    /// of the text. `None` only in an empty text.
    pub(crate) fn number(&self, at: usize) -> Option<usize> {
        self.lines
            .partition_point(|line| line.start <= at)
            .checked_sub(1)
    }

    /// The nearest line above that is not blank.
    pub(crate) fn above(&self, number: usize) -> Option<usize> {
        self.lines[..number.min(self.lines.len())]
            .iter()
            .rposition(|line| !line.blank)
    }

    /// The next line at or below `number` that is not blank.
    pub(crate) fn at_or_below(&self, number: usize) -> Option<usize> {
        let rest = self.lines.get(number..)?;
        Some(number + rest.iter().position(|line| !line.blank)?)
    }

    /// The first line below `number` that is not deeper than `column`; the
    /// count of lines if there is none.
    pub(crate) fn dedent(&self, number: usize, column: usize) -> usize {
        self.lines
            .iter()
            .enumerate()
            .skip(number + 1)
            .find(|(_, line)| !line.blank && line.indent <= column)
            .map_or(self.lines.len(), |(number, _)| number)
    }

    /// Behind the text of the block scalar that line `number` begins, if it
    /// begins one, else the next line.
    pub(crate) fn text_end(&self, number: usize) -> usize {
        let below = self.lines.iter().skip(number + 1);
        number + 1 + below.take_while(|line| line.text).count()
    }

    /// The nearest line above that is less deep than `column`.
    pub(crate) fn parent(&self, number: usize, column: usize) -> Option<usize> {
        self.lines[..number.min(self.lines.len())]
            .iter()
            .rposition(|line| !line.blank && line.indent < column)
    }

    /// The bytes of lines `from..to`, without the last line break.
    pub(crate) fn range(&self, from: usize, to: usize) -> Range<usize> {
        let Some(first) = self.lines.get(from) else {
            return 0..0;
        };
        let last = to.min(self.lines.len()).saturating_sub(1).max(from);
        first.start..self.lines[last].end
    }

    /// How many lines of `from..to` have their first character at `column`.
    pub(crate) fn count_at(&self, from: usize, to: usize, column: usize) -> usize {
        let to = to.min(self.lines.len());
        self.lines[from.min(to)..to]
            .iter()
            .filter(|line| !line.blank && line.indent == column)
            .count()
    }
}

fn line(text: &str, start: usize, end: usize, next: usize) -> Line {
    let content = &text[start..end];
    let indent = content.len() - content.trim_start_matches([' ', '\t']).len();
    let mut body = start + indent;
    while let Some(rest) = text[body..end].strip_prefix('-') {
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if blanks == 0 && !rest.is_empty() {
            break;
        }
        body += 1 + blanks;
    }
    Line {
        start,
        end,
        next,
        indent,
        body,
        key_end: key_end(&text[body..end]).map(|length| body + length),
        blank: content[indent..].is_empty() || content[indent..].starts_with('#'),
        text: false,
    }
}

/// Marks the text of block scalars: what stands below a header at least as
/// deep as the first line there, which must be deeper than the header's key.
fn mark_block_text(text: &str, lines: &mut [Line]) {
    /// Where the text begins, or only how deep it must at least be.
    enum Block {
        At(usize),
        Below(usize),
    }
    let mut block = None;
    for line in lines {
        let empty = line.text_start() == line.end;
        line.text = match block {
            None => false,
            Some(_) if empty => true,
            Some(Block::At(indent)) => line.indent >= indent,
            Some(Block::Below(column)) => line.indent > column,
        };
        if !line.text {
            block = ends_with_header(&text[line.body..line.end])
                .then(|| Block::Below(line.owner().min(line.indent)));
        } else if !empty && matches!(block, Some(Block::Below(_))) {
            block = Some(Block::At(line.indent));
        }
    }
}

/// The length of the key that `body` begins with, colon included: one plain or
/// quoted word or a few, as people name things.
fn key_end(body: &str) -> Option<usize> {
    let quote = body.chars().next().filter(|c| matches!(c, '"' | '\''));
    let length = match quote {
        Some(quote) => 2 + body[1..].find(quote)?,
        None => body.find([
            ':', '"', '\'', '{', '}', '[', ']', ',', '#', '&', '*', '!', '|', '>', '%', '@', '`',
        ])?,
    };
    let key = &body[..length];
    let rest = &body[length..];
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let behind = rest[blanks..].strip_prefix(':')?;
    let known = !key.trim().is_empty()
        && key.len() <= 128
        && (behind.is_empty() || behind.starts_with([' ', '\t']));
    known.then_some(length + blanks + 1)
}

/// Whether a line ends with a block scalar's header: `|` or `>` with its
/// indicators behind a colon, a dash or a tag.
pub(crate) fn ends_with_header(line: &str) -> bool {
    let line = line
        .rfind(" #")
        .map_or(line, |comment| &line[..comment])
        .trim_end();
    let line = line.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    line.strip_suffix(['|', '>'])
        .is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
}
