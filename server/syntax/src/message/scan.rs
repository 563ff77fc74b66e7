//! Errors of syntax: the parser names the place where it noticed; here is
//! found the place a person would put a finger on, and the words for it.

use granit_parser::ErrorKind;

use crate::build::Failure;
use crate::heal::quotes::{self, Quoted};
use crate::outline::{Line, Outline};
use crate::tree::span;
use crate::{ProblemKind, Span};

/// A place, what to say about it, and a second place that explains it.
pub(crate) struct Finding {
    pub(crate) kind: ProblemKind,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) related: Option<Span>,
}

/// What to say about `kind`.
pub(crate) fn explain(text: &str, failure: &Failure, kind: &ErrorKind) -> Finding {
    let scene = Scene {
        text,
        failure,
        outline: Outline::new(text),
    };
    let found = match kind {
        ErrorKind::UnclosedQuotedScalar
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::DocumentIndicatorInQuotedScalar => scene.unclosed_quote(),
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => scene.text_behind_quote(),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => scene.escape(),
        ErrorKind::UnclosedFlowCollection { open } => scene.unclosed_bracket(*open),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => Some(scene.mismatch(*open, *close)),
        ErrorKind::MisplacedFlowCollectionEnd => Some(scene.here(format!(
            "expected an opening bracket before `{}`, found none; remove it, or quote the text",
            scene.character()
        ))),
        ErrorKind::MappingValueNotAllowed => scene.second_colon(),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => Some(scene.no_colon(failure.at)),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation => Some(scene.indentation()),
        ErrorKind::BlockSequenceEntryNotAllowed => Some(scene.here(
            "expected the list on lines of its own, found its dash behind a key; begin a new line before the dash".to_owned(),
        )),
        ErrorKind::UnexpectedCharacter { character } => Some(scene.here(if character.is_control() {
            format!("expected text, found the control character U+{:04X}; remove it", u32::from(*character))
        } else {
            format!("expected a value, found `{character}`, with which YAML lets no plain text begin; put the text in quotes")
        })),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => Some(scene.tab()),
        ErrorKind::InvalidBlockScalarHeader => Some(scene.here(
            "expected the end of the line after `|` or `>` (or `-`, `+`, a digit), found text; begin the text on the next line".to_owned(),
        )),
        ErrorKind::InvalidBlockScalarIndent => Some(scene.line_at(
            "expected block text at least as deep as its first line, found less; indent it, or make the lines above less deep",
        )),
        ErrorKind::UndeclaredTagHandle => Some(scene.here(
            "expected a tag whose handle is declared by a `%TAG` line, found none; write `!name` with one `!`".to_owned(),
        )),
        _ => None,
    };
    found
        .or_else(|| scene.bracket_on_an_earlier_line())
        .unwrap_or_else(|| scene.here(format!("expected YAML, found an error: {kind}")))
}

struct Scene<'t> {
    text: &'t str,
    failure: &'t Failure,
    outline: Outline,
}

impl Scene<'_> {
    fn finding(&self, span: Span, message: String, related: Option<Span>) -> Finding {
        Finding {
            kind: ProblemKind::Syntax,
            span,
            message,
            related,
        }
    }

    fn here(&self, message: String) -> Finding {
        self.finding(super::char_span(self.text, self.failure.at), message, None)
    }

    /// The first character at the error, for a message.
    fn character(&self) -> char {
        self.text[self.failure.at..].chars().next().unwrap_or(' ')
    }

    fn line(&self, at: usize) -> Option<&Line> {
        self.outline.get(self.outline.number(at)?)
    }

    /// From `at` to the end of its line, without comment and blanks.
    fn rest_of_line(&self, at: usize) -> Span {
        let end = self.line(at).map_or(at, |line| line.end).max(at);
        let rest = &self.text[at..end];
        let rest = rest.find(" #").map_or(rest, |comment| &rest[..comment]);
        span(at, at + rest.trim_end().len())
    }

    fn line_at(&self, message: &str) -> Finding {
        let start = self.line(self.failure.at).map_or(self.failure.at, |line| {
            line.text_start().max(self.failure.at)
        });
        self.finding(self.rest_of_line(start), message.to_owned(), None)
    }

    fn quoted(&self) -> Option<Quoted> {
        let bracket = self.failure.bracket.unwrap_or(0);
        let from = self.failure.last_end.max(bracket).min(self.failure.at);
        quotes::reaching(self.text, from, self.failure.at)
    }

    fn unclosed_quote(&self) -> Option<Finding> {
        let Quoted { start, .. } = self.quoted()?;
        let quote = self.text[start..].chars().next()?;
        let noticed = super::char_span(self.text, self.failure.at);
        Some(self.finding(
            self.rest_of_line(start),
            format!("expected a closing `{quote}`, found none before the text goes on less deep; close the quote"),
            (usize::from(noticed.start()) != start).then_some(noticed),
        ))
    }

    fn text_behind_quote(&self) -> Option<Finding> {
        let Quoted { start, close } = self.quoted()?;
        let close = close?;
        if self.line(start)? != self.line(close)? {
            return self.unclosed_quote();
        }
        let quote = self.text[start..].chars().next()?;
        let inside = if quote == '"' { "\\\"" } else { "''" };
        Some(self.finding(
            self.rest_of_line(self.failure.at.max(close + 1)),
            format!("expected the value to end at its closing `{quote}`, found more text; write a quote inside of the text as `{inside}`"),
            Some(span(start, close + 1)),
        ))
    }

    fn escape(&self) -> Option<Finding> {
        let start = self.quoted().map_or(self.failure.at, |quoted| quoted.start);
        let mut at = start + 1;
        loop {
            at += self.text.get(at..)?.find('\\')?;
            let c = self.text[at + 1..].chars().next()?;
            let known = match c {
                'x' | 'u' | 'U' => {
                    let digits = match c {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let hex = self.text.get(at + 2..at + 2 + digits);
                    let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
                    code.is_some_and(|code| char::from_u32(code).is_some())
                }
                _ => "0abt\tnvfre \"/\\N_LP\n\r".contains(c),
            };
            if !known {
                let end = at + 1 + c.len_utf8();
                return Some(self.finding(
                    span(at, end),
                    format!("expected an escape that YAML knows, found `\\{c}`; write `\\\\{c}`, or use single quotes, in which nothing is escaped"),
                    None,
                ));
            }
            at += 1 + c.len_utf8();
        }
    }

    fn unclosed_bracket(&self, open: char) -> Option<Finding> {
        let start = self.failure.bracket.unwrap_or(self.failure.at);
        let open = self.text[start..]
            .chars()
            .next()
            .filter(|c| matches!(c, '[' | '{'))
            .unwrap_or(open);
        let close = if open == '[' { ']' } else { '}' };
        Some(self.finding(
            span(start, start + 1),
            format!("expected a closing `{close}` for this `{open}`, found none; close it"),
            None,
        ))
    }

    fn mismatch(&self, open: char, close: char) -> Finding {
        let right = if open == '[' { ']' } else { '}' };
        self.here(format!("expected `{right}` to close this `{open}`, found `{close}`; use a pair of the same kind"))
    }

    /// Inside brackets, but on a line that is not deeper than what they
    /// belong to: they were to end before.
    fn bracket_on_an_earlier_line(&self) -> Option<Finding> {
        let start = self.failure.bracket?;
        let open = self.text[start..].chars().next()?;
        let first = self.line(start)?;
        let last = self.line(self.failure.at)?;
        let close = if open == '[' { ']' } else { '}' };
        if first.start < last.start && last.indent <= first.owner() {
            let mut finding = self.unclosed_bracket(open)?;
            finding.related = Some(super::char_span(self.text, self.failure.at));
            return Some(finding);
        }
        Some(self.finding(
            super::char_span(self.text, self.failure.at),
            format!("expected `,` or `{close}` inside of these brackets, found something else; add a comma, or quote the text"),
            Some(span(start, start + 1)),
        ))
    }

    /// A colon where no key may be.
    fn second_colon(&self) -> Option<Finding> {
        if self.failure.bracket.is_some() {
            return None;
        }
        let plain = self.failure.last_plain.clone();
        let plain =
            plain.filter(|plain| plain.start < self.failure.at && plain.end <= self.failure.at);
        let first = plain.as_ref().and_then(|plain| self.line(plain.start));
        let here = self.line(self.failure.at)?;
        match (plain, first) {
            (Some(plain), Some(first)) if first.start < here.start => {
                if first.key_end.is_none() {
                    return Some(self.no_colon(plain.start));
                }
                Some(self.finding(
                    span(here.text_start(), self.failure.at.max(here.text_start())),
                    format!(
                        "expected this key at column {}, where the key above begins, found it deeper; a key with a value on its line can have nothing below it",
                        first.column() + 1
                    ),
                    Some(self.rest_of_line(first.body)),
                ))
            }
            _ => Some(self.here(
                "expected one value, found another `:`; put the text in quotes if the colon belongs to it, else begin a new line".to_owned(),
            )),
        }
    }

    /// A line that should be a key and its value.
    fn no_colon(&self, at: usize) -> Finding {
        let place = self.rest_of_line(at);
        let line = &self.text[std::ops::Range::from(place)];
        let tight = line.split_once(':').is_some_and(|(key, value)| {
            !key.contains([' ', '"', '\'']) && !value.is_empty() && !value.starts_with('/')
        });
        let message = if tight {
            "expected a space after the colon, found none; add one"
        } else {
            "expected a key with `:` and its value, found text without a colon; add the colon, or indent the text if it belongs to the line above"
        };
        self.finding(place, message.to_owned(), None)
    }

    fn indentation(&self) -> Finding {
        let number = self.outline.number(self.failure.at);
        let column = number.and_then(|number| {
            let line = self.outline.get(number)?;
            let siblings = self.outline.parent(number, line.indent)?;
            let first = self
                .outline
                .at_or_below(siblings + 1)
                .filter(|&first| first < number);
            Some((self.outline.get(first.unwrap_or(siblings))?, line))
        });
        let mut finding = self.line_at("");
        match column {
            Some((sibling, line)) if sibling.indent != line.indent => {
                finding.message = format!(
                    "expected this line at column {}, like the one it belongs with, found it at column {}; align the two",
                    sibling.indent + 1,
                    line.indent + 1
                );
                finding.related = Some(self.rest_of_line(sibling.text_start()));
            }
            _ => {
                "expected a key or an item at the depth of those above, found something else; align it, or add what is missing".clone_into(&mut finding.message);
            }
        }
        finding
    }

    /// The tab itself: the parser stops before the value it interrupts.
    fn tab(&self) -> Finding {
        let at = self.failure.at;
        let line = self.line(at).map_or(at, |line| line.start);
        let indent = self.text[line..]
            .find(|c: char| !matches!(c, ' ' | '\t'))
            .map_or(0, |length| line + length);
        let before = self.text[line..indent.max(line)]
            .find('\t')
            .map(|tab| line + tab);
        let tab = before
            .or_else(|| self.text[at..].find('\t').map(|tab| at + tab))
            .unwrap_or(at);
        let tabs = self.text[tab..].len() - self.text[tab..].trim_start_matches('\t').len();
        Finding {
            kind: ProblemKind::Tab,
            span: span(tab, tab + tabs),
            message: "expected spaces, found a tab; YAML is indented with spaces only".to_owned(),
            related: None,
        }
    }
}
