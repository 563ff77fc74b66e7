//! One comparison of a `when`: `$ref op literal` (specs/archon.md 3.7). Knows nothing of `&&` and `||`.

use std::ops::Range;

use super::js;
use super::reference::INPUTS;

/// What the left side of an atom reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtomRef {
    /// `$INPUTS.name`.
    Input(String),
    /// `$id.output`, `$id.output.field` or its short form `$id.field`.
    Node {
        /// The id.
        node: String,
        /// The field, if any.
        field: Option<String>,
    },
}

/// How the two sides are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    NotEqual,
    LessOrEqual,
    GreaterOrEqual,
    Less,
    Greater,
}

impl Comparison {
    const ALL: [Self; 6] = [
        Self::Equal,
        Self::NotEqual,
        Self::LessOrEqual,
        Self::GreaterOrEqual,
        Self::Less,
        Self::Greater,
    ];

    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::Greater => ">",
        }
    }

    /// Whether it compares numbers.
    #[must_use]
    pub fn is_ordering(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// A comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Atom {
    /// Left side.
    pub reference: AtomRef,
    /// Bytes of the left side in the text that was parsed.
    pub reference_span: Range<usize>,
    /// How the sides are compared.
    pub comparison: Comparison,
    /// Right side as text; quoted or not makes no difference.
    pub expected: String,
    /// Bytes of the right side, quotes included.
    pub expected_span: Range<usize>,
}

/// Reads one atom; blanks round it are allowed. `None` when it is none.
#[must_use]
pub fn parse(text: &str) -> Option<Atom> {
    let inner = js::trim(text);
    let base = inner.as_ptr() as usize - text.as_ptr() as usize;
    let mut at = Cursor { text: inner, at: 0 };
    at.eat("$")?;
    let id = at.name(true)?;
    at.eat(".")?;
    let reference = if id == INPUTS {
        AtomRef::Input(at.name(true)?.to_owned())
    } else {
        let first = at.name(false)?;
        let second = if at.eat(".").is_some() {
            Some(at.name(false)?)
        } else {
            None
        };
        let field = match second {
            // Two levels are only read under the word `output`.
            Some(second) => (first == "output").then_some(Some(second))?,
            None => (first != "output").then_some(first),
        };
        AtomRef::Node {
            node: id.to_owned(),
            field: field.map(str::to_owned),
        }
    };
    let reference_span = base..base + at.at;
    at.blanks();
    let comparison = Comparison::ALL
        .into_iter()
        .find(|c| at.eat(c.as_str()).is_some())?;
    at.blanks();
    let from = at.at;
    let expected = literal(&inner[from..])?;
    Some(Atom {
        reference,
        reference_span,
        comparison,
        expected: expected.to_owned(),
        expected_span: base + from..base + inner.len(),
    })
}

fn literal(text: &str) -> Option<&str> {
    if let Some(quoted) = text.strip_prefix('\'') {
        return quoted.strip_suffix('\'').filter(|t| !t.contains('\''));
    }
    let number = || {
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let body = text.strip_prefix('-').unwrap_or(text);
        match body.split_once('.') {
            Some((whole, fraction)) => digits(whole) && digits(fraction),
            None => digits(body),
        }
    };
    (text == "true" || text == "false" || number()).then_some(text)
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn eat(&mut self, word: &str) -> Option<()> {
        self.text[self.at..]
            .starts_with(word)
            .then(|| self.at += word.len())
    }

    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches(js::is_blank).len();
    }

    fn name(&mut self, hyphens: bool) -> Option<&'t str> {
        let rest = &self.text[self.at..];
        let end = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_' || (hyphens && *b == b'-'))
            .count();
        let name = &rest[..end];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        self.at += end;
        Some(name)
    }
}
