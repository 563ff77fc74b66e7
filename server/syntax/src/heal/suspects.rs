//! What may be to blame for an error: ranges to read as blanks, the likeliest
//! first, from the offending bytes to the line and upward. Only proposes;
//! `heal` tries them.

use std::ops::Range;

use granit_parser::ErrorKind;

use crate::build::{Failure, Reason};
use crate::heal::quotes::{self, Quoted};
use crate::outline::{Line, Outline};

/// The suspects for one error. Ranges may repeat and overlap.
pub(crate) fn find(text: &str, outline: &Outline, failure: &Failure) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let Some(number) = outline.number(failure.at).and_then(|number| {
        outline
            .at_or_below(number)
            .or_else(|| outline.above(number))
    }) else {
        return found;
    };
    let around = Around {
        text,
        outline,
        failure,
    };
    if let Reason::Scan(kind) = &failure.reason {
        around.quote(&mut found);
        around.bracket(number, &mut found);
        around.offending_bytes(kind, &mut found);
        around.plain(&mut found);
        around.line(number, &mut found);
        around.siblings(number, &mut found);
        if let Some(above) = outline.above(number) {
            around.line(above, &mut found);
            around.siblings(above, &mut found);
            let column = outline.get(above).map_or(0, |line| line.indent);
            if let Some(parent) = outline.parent(above, column) {
                found.push(around.behind_dashes(parent));
                found.push(around.subtree(parent));
            }
        }
    } else {
        around.bracket(number, &mut found);
        around.outermost(number, &mut found);
    }
    found
}

struct Around<'t> {
    text: &'t str,
    outline: &'t Outline,
    failure: &'t Failure,
}

impl Around<'_> {
    fn get(&self, number: usize) -> Option<&Line> {
        self.outline.get(number)
    }

    /// A quote that is not closed, or closed by the quote of another scalar:
    /// up to the first line that is not deeper than the key it belongs to.
    fn quote(&self, found: &mut Vec<Range<usize>>) {
        let from = self
            .failure
            .bracket
            .map_or(self.failure.last_end, |at| self.failure.last_end.max(at));
        let Some(Quoted { start, close }) =
            quotes::reaching(self.text, from.min(self.failure.at), self.failure.at)
        else {
            return;
        };
        let Some(number) = self.outline.number(start) else {
            return;
        };
        let Some(line) = self.get(number) else {
            return;
        };
        let unclosed = close.is_none_or(|close| close > line.end);
        let rest = self.text[start + 1..line.end].trim_end();
        let next = self.outline.at_or_below(number + 1);
        let alone = next.is_none_or(|next| self.cut(number) <= next);
        // Nothing but a word: without its quote it still says the same.
        if unclosed && alone && is_word(rest) && self.failure.bracket.is_none() {
            found.push(start..start + 1);
        }
        // A stray quote before a key.
        if start <= line.body {
            found.push(start..start + 1);
        }
        found.push(start..line.end);
        let cut = self.outline.range(number, self.cut(number)).end;
        found.push(start..cut);
        found.push(line.body..cut);
    }

    /// The first line below that is not part of what line `number` begins.
    fn cut(&self, number: usize) -> usize {
        let Some(line) = self.get(number) else {
            return number + 1;
        };
        let cut = self.outline.dedent(number, line.owner());
        // A closing bracket on a line of its own belongs to what it closes.
        match self.get(cut) {
            Some(line)
                if matches!(
                    self.text.as_bytes().get(line.text_start()),
                    Some(b']' | b'}')
                ) =>
            {
                cut + 1
            }
            _ => cut,
        }
    }

    /// An open bracket: the line of the error, else all from the bracket to
    /// the first line that is not deeper than its key.
    fn bracket(&self, number: usize, found: &mut Vec<Range<usize>>) {
        let bytes = self.text.as_bytes();
        let here =
            matches!(bytes.get(self.failure.at), Some(b'[' | b'{')).then_some(self.failure.at);
        let Some(start) = self.failure.bracket.or(here) else {
            return;
        };
        let Some(open) = self.outline.number(start) else {
            return;
        };
        let cut = self.cut(open);
        if open < number && number < cut {
            found.push(self.outline.range(number, number + 1));
        }
        found.push(start..self.outline.range(open, cut).end.max(start));
        found.push(start..self.outline.range(open, open + 1).end.max(start));
        if let Some(line) = self.get(open) {
            found.push(line.body..self.outline.range(open, cut).end);
        }
    }

    /// Single bytes that may not be where they are.
    fn offending_bytes(&self, kind: &ErrorKind, found: &mut Vec<Range<usize>>) {
        let at = self.failure.at;
        let rest = &self.text[at..];
        match kind {
            ErrorKind::MisplacedFlowCollectionEnd | ErrorKind::UnknownAnchor => {
                found.push(at..at + rest.chars().next().map_or(0, char::len_utf8));
            }
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar => {
                if let Some(tabs) = tabs(self.text, self.outline, at) {
                    found.push(tabs);
                }
            }
            _ => {
                let c = rest.chars().next();
                if c.is_some_and(|c| {
                    !c.is_alphanumeric()
                        && !c.is_whitespace()
                        && !matches!(c, '-' | ':' | '"' | '\'')
                }) {
                    found.push(at..at + c.map_or(0, char::len_utf8));
                }
            }
        }
    }

    /// Plain text over several lines, followed by a colon: a line without its
    /// colon, or a line too deep.
    fn plain(&self, found: &mut Vec<Range<usize>>) {
        let Some(plain) = self.failure.last_plain.clone() else {
            return;
        };
        let (Some(first), Some(last)) = (
            self.outline.number(plain.start),
            self.outline.number(plain.end),
        ) else {
            return;
        };
        if plain.end < self.failure.at && self.outline.number(self.failure.at) != Some(last) {
            return;
        }
        if first == last {
            found.push(plain.start..self.outline.range(first, first + 1).end);
            return;
        }
        let complete = self.get(first).is_some_and(|line| line.key_end.is_some());
        if complete {
            found.push(self.outline.range(last, last + 1));
            found.push(self.subtree(last));
        }
        found.push(plain.start..self.outline.range(first, last).end);
        found.push(self.outline.range(last, last + 1));
        found.push(self.subtree(last));
        found.push(self.behind_dashes(first));
        found.push(self.subtree(first));
        found.push(self.item(first));
        // Text whose block header is missing: all of it.
        if let Some(line) = self.get(first) {
            let parent = self.outline.parent(first, line.indent);
            let column = parent.and_then(|parent| self.get(parent)).map(Line::column);
            if let Some(column) = column.filter(|&column| column < line.indent) {
                found.push(
                    plain.start
                        ..self
                            .outline
                            .range(first, self.outline.dedent(first, column))
                            .end,
                );
            }
        }
    }

    /// The line itself, from its value outward.
    fn line(&self, number: usize, found: &mut Vec<Range<usize>>) {
        let Some(line) = self.get(number) else {
            return;
        };
        if let Some(key_end) = line.key_end {
            found.push(key_end..line.end);
            found.push(key_end..self.outline.range(number, self.cut(number)).end);
        }
        found.push(line.body..line.end);
        found.push(line.start..line.end);
        found.push(self.behind_dashes(number));
        found.push(self.subtree(number));
        found.push(self.item(number));
    }

    /// The line behind its dashes, with the block scalar it may begin.
    fn behind_dashes(&self, number: usize) -> Range<usize> {
        let Some(line) = self.get(number) else {
            return 0..0;
        };
        line.body
            ..self
                .outline
                .range(number, self.outline.text_end(number))
                .end
    }

    /// The line and all that is deeper below it.
    fn subtree(&self, number: usize) -> Range<usize> {
        let Some(line) = self.get(number) else {
            return 0..0;
        };
        let cut = self.outline.dedent(number, line.indent);
        self.outline.range(number, cut)
    }

    /// The line and all up to the next item that begins at about its depth:
    /// an item whose dash is not quite where its siblings have theirs.
    fn item(&self, number: usize) -> Range<usize> {
        let Some(line) = self.get(number).filter(|line| line.has_dash()) else {
            return 0..0;
        };
        let about = line.indent.saturating_sub(2)..line.indent + 3;
        let next = (number + 1..self.outline.len()).find(|&below| {
            self.get(below).is_some_and(|below| {
                let item = below.has_dash() && about.contains(&below.indent);
                !below.blank && !below.text && (item || below.indent < about.start)
            })
        });
        self.outline
            .range(number, next.unwrap_or(self.outline.len()))
    }

    /// What came before this line at another depth under the same parent.
    fn siblings(&self, number: usize, found: &mut Vec<Range<usize>>) {
        let Some(line) = self.get(number) else {
            return;
        };
        let parent = self.outline.parent(number, line.indent);
        let first = self
            .outline
            .at_or_below(parent.map_or(0, |parent| parent + 1));
        let Some(first) = first.filter(|&first| first < number) else {
            return;
        };
        let Some(other) = self.get(first) else {
            return;
        };
        let end = self.outline.dedent(number, line.indent.saturating_sub(1));
        let same = self.outline.count_at(number, end, line.indent);
        let before = self.outline.count_at(first, number, other.indent);
        if other.indent != line.indent && before <= same {
            found.push(self.outline.range(first, number));
        }
        // The nearest line that is at the same depth, and all below it.
        let nearest = (first..number).rev().find(|&above| {
            self.get(above)
                .is_some_and(|above| !above.blank && above.indent <= line.indent)
        });
        if let Some(nearest) = nearest {
            found.push(self.outline.range(nearest, number));
            if let Some(next) = self
                .outline
                .at_or_below(nearest + 1)
                .filter(|&next| next < number)
            {
                found.push(self.outline.range(next, number));
            }
        }
    }

    /// The top-level block that contains the line.
    fn outermost(&self, number: usize, found: &mut Vec<Range<usize>>) {
        let top = (0..=number).rev().find(|&above| {
            self.get(above)
                .is_some_and(|line| !line.blank && line.indent == 0)
        });
        if let Some(top) = top {
            found.push(self.subtree(top));
        }
    }
}

/// The tabs that indent the line at `at`, or the next one that has any.
fn tabs(text: &str, outline: &Outline, at: usize) -> Option<Range<usize>> {
    let number = outline.number(at)?;
    for number in number..number + 3 {
        let line = outline.get(number)?;
        let indent = &text[line.start..line.text_start()];
        if let Some(tab) = indent.find('\t') {
            return Some(line.start + tab..line.text_start());
        }
        let inside = text[line.start.max(at.min(line.end))..line.end].find('\t');
        if let Some(tab) = inside {
            let tab = line.start.max(at) + tab;
            return Some(tab..tab + 1);
        }
    }
    None
}

/// A word or a few, that mean the same with and without quotes.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains("  ")
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b' ')
        })
        && text.as_bytes()[0].is_ascii_alphanumeric()
}
