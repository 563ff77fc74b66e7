//! `when`: an or of ands of atoms, without brackets or negation (specs/archon.md 3.7, 4.3).
//!
//! The dialect reads it as it goes: an atom behind one that decides is never looked at, an atom that cannot be read
//! skips the node, a reference that cannot be resolved fails it.

use std::ops::Range;

use serde_json::{Map, Value};

use super::atom::{self, Atom, AtomRef, Comparison};
use super::js;
use super::output::{self, FieldValue, Outputs, RefError};

/// A piece of a `when` between `&&` and `||`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Bytes in the `when`.
    pub span: Range<usize>,
    /// The atom, its spans counted from the start of the `when`; `None` when it cannot be read.
    pub atom: Option<Atom>,
}

/// Reads a `when`: alternatives, each a list of pieces that must all hold.
#[must_use]
pub fn parse(when: &str) -> Vec<Vec<Piece>> {
    let alternative = |range: Range<usize>| {
        let start = range.start;
        split(&when[range], "&&")
            .into_iter()
            .map(|part| piece(when, start + part.start..start + part.end))
            .collect()
    };
    split(when, "||").into_iter().map(alternative).collect()
}

fn piece(when: &str, span: Range<usize>) -> Piece {
    let shift = |r: Range<usize>| span.start + r.start..span.start + r.end;
    let atom = atom::parse(&when[span.clone()]).map(|a| Atom {
        reference_span: shift(a.reference_span.clone()),
        expected_span: shift(a.expected_span.clone()),
        ..a
    });
    Piece { span, atom }
}

/// The ranges between an operator that stands outside of single quotes.
fn split(text: &str, operator: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut from, mut at, mut quoted) = (0, 0, false);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        if bytes[at] == b'\'' {
            quoted = !quoted;
        } else if !quoted && text.as_bytes()[at..].starts_with(operator.as_bytes()) {
            parts.push(from..at);
            at += operator.len();
            from = at;
            continue;
        }
        at += 1;
    }
    parts.push(from..text.len());
    parts
}

/// What a `when` says about its node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The node runs.
    Run,
    /// The condition is false: skipped, `when_condition`.
    Skip,
    /// The condition cannot be read, or compares by size what is no number: skipped, `when_condition_parse_error`.
    Unreadable {
        /// Bytes of the piece that cannot be read.
        piece: Range<usize>,
    },
}

/// Why the node fails before it starts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// A reference cannot be resolved.
    #[error(transparent)]
    Reference(#[from] RefError),
    /// An input that does not exist.
    #[error("'$INPUTS.{name}' names no input of this workflow")]
    UnknownInput {
        /// The name.
        name: String,
    },
}

impl ConditionError {
    /// The class of the error as conformance data names it.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Reference(error) => error.class(),
            Self::UnknownInput { .. } => "input-ref",
        }
    }
}

/// Decides about a node.
///
/// # Errors
/// When a reference that is reached cannot be resolved; the node fails.
pub fn evaluate(
    when: &str,
    outputs: &Outputs,
    inputs: &Map<String, Value>,
) -> Result<Decision, ConditionError> {
    'alternatives: for alternative in parse(when) {
        for piece in alternative {
            let Some(atom) = piece.atom else {
                return Ok(Decision::Unreadable { piece: piece.span });
            };
            match holds(&atom, outputs, inputs)? {
                Some(true) => {}
                Some(false) => continue 'alternatives,
                None => return Ok(Decision::Unreadable { piece: piece.span }),
            }
        }
        return Ok(Decision::Run);
    }
    Ok(Decision::Skip)
}

fn holds(
    atom: &Atom,
    outputs: &Outputs,
    inputs: &Map<String, Value>,
) -> Result<Option<bool>, ConditionError> {
    let actual = match &atom.reference {
        AtomRef::Input(name) => js::canonical(
            inputs
                .get(name)
                .ok_or_else(|| ConditionError::UnknownInput { name: name.clone() })?,
        ),
        AtomRef::Node { node, field: None } => output::whole(outputs, node)?,
        AtomRef::Node {
            node,
            field: Some(field),
        } => match output::field(outputs, node, field)? {
            FieldValue::Value(value) => js::canonical(&value),
            FieldValue::Empty => String::new(),
        },
    };
    let expected = &atom.expected;
    let ordered = |compare: fn(f64, f64) -> bool| {
        Some(compare(
            js::leading_number(&actual)?,
            js::leading_number(expected)?,
        ))
    };
    Ok(match atom.comparison {
        Comparison::Equal => Some(actual == *expected),
        Comparison::NotEqual => Some(actual != *expected),
        Comparison::Less => ordered(|a, b| a < b),
        Comparison::Greater => ordered(|a, b| a > b),
        Comparison::LessOrEqual => ordered(|a, b| a <= b),
        Comparison::GreaterOrEqual => ordered(|a, b| a >= b),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_inside_quotes_do_not_split() {
        let parsed = parse("$a.output == 'x||y' && $b.k != '&&'");
        assert_eq!(parsed.len(), 1);
        assert_eq!(parsed[0].len(), 2);
        assert!(parsed[0].iter().all(|p| p.atom.is_some()));
    }

    #[test]
    fn an_unreadable_piece_says_where_it_is() {
        let when = "$a.output == 'x' || (b)";
        let outcome = evaluate(when, &Outputs::new(), &Map::new());
        assert_eq!(outcome, Ok(Decision::Unreadable { piece: 19..23 }));
    }
}
